// LockRanges against a map of bytes.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <random>
#include <string>

#include "gofer/lock_table.h"

namespace gofer {
namespace {

using host::LockKind;
using host::LockRange;

constexpr uint64_t kLast = INT64_MAX;

std::string text(const LockRanges& ranges) {
  std::string all;
  for (const LockRanges::Held& held : ranges.all()) {
    all += held.kind == LockKind::kRead ? "r" : "w";
    all += std::to_string(held.range.start) + "-";
    if (held.range.end != kLast) all += std::to_string(held.range.end);
    all += " ";
  }
  return all;
}

TEST(LockRanges, AreCutJoinedAndReplaced) {
  LockRanges none;
  EXPECT_EQ(text(none), "");
  EXPECT_EQ(text(none.with({3, 5}, LockKind::kNone)), "");
  LockRanges one = none.with({10, 19}, LockKind::kWrite);
  EXPECT_EQ(text(one), "w10-19 ");
  struct Row {
    LockRange range;
    LockKind kind;
    const char* after;
  };
  for (auto [range, kind, after] :
       {Row{{20, 29}, LockKind::kWrite, "w10-29 "}, Row{{0, 9}, LockKind::kWrite, "w0-19 "},
        Row{{20, 29}, LockKind::kRead, "w10-19 r20-29 "},
        Row{{21, 29}, LockKind::kWrite, "w10-19 w21-29 "},
        Row{{12, 14}, LockKind::kNone, "w10-11 w15-19 "},
        Row{{12, 14}, LockKind::kRead, "w10-11 r12-14 w15-19 "},
        Row{{12, 14}, LockKind::kWrite, "w10-19 "}, Row{{10, 19}, LockKind::kRead, "r10-19 "},
        Row{{0, kLast}, LockKind::kRead, "r0- "}, Row{{0, kLast}, LockKind::kNone, ""},
        Row{{15, kLast}, LockKind::kWrite, "w10- "}, Row{{15, kLast}, LockKind::kNone, "w10-14 "},
        Row{{5, 10}, LockKind::kRead, "r5-10 w11-19 "}, Row{{5, 10}, LockKind::kNone, "w11-19 "},
        Row{{kLast, kLast}, LockKind::kRead, "w10-19 r9223372036854775807- "}})
    EXPECT_EQ(text(one.with(range, kind)), after);
  EXPECT_EQ(text(one), "w10-19 ");
}

TEST(LockRanges, JoinAllThatLiesBetween) {
  LockRanges ranges;
  for (uint64_t at : {40U, 0U, 20U, 10U, 30U})
    ranges = ranges.with({at, at + 4}, at == 20 ? LockKind::kRead : LockKind::kWrite);
  EXPECT_EQ(text(ranges), "w0-4 w10-14 r20-24 w30-34 w40-44 ");
  EXPECT_EQ(text(ranges.with({5, 39}, LockKind::kWrite)), "w0-44 ");
  EXPECT_EQ(text(ranges.with({3, 41}, LockKind::kRead)), "w0-2 r3-41 w42-44 ");
  EXPECT_EQ(text(ranges.with({3, 41}, LockKind::kNone)), "w0-2 w42-44 ");
}

constexpr std::size_t kBytes = 24;
using Map = std::array<LockKind, kBytes>;

// The last byte of the map stands for all that follow it.
LockRange wire_range(std::size_t first, std::size_t last) {
  return {first, last == kBytes - 1 ? kLast : last};
}

// What a list of ranges must be, and how it compares with the bytes.
void expect_same(const LockRanges& ranges, const Map& map, int step) {
  Map found;
  found.fill(LockKind::kNone);
  const LockRanges::Held* before = nullptr;
  for (const LockRanges::Held& held : ranges.all()) {
    ASSERT_LE(held.range.start, held.range.end) << step;
    ASSERT_NE(held.kind, LockKind::kNone) << step;
    if (before != nullptr) {
      ASSERT_LT(before->range.end, held.range.start) << step << ": " << text(ranges);
      ASSERT_FALSE(before->kind == held.kind && before->range.end + 1 == held.range.start)
          << step << ": " << text(ranges);
    }
    before = &held;
    std::size_t last = held.range.end == kLast ? kBytes - 1 : held.range.end;
    std::fill(found.begin() + static_cast<std::ptrdiff_t>(held.range.start),
              found.begin() + static_cast<std::ptrdiff_t>(last) + 1, held.kind);
  }
  ASSERT_EQ(found, map) << step << ": " << text(ranges);
}

TEST(LockRanges, AreWhatAMapOfBytesIsAfterAnyChanges) {
  std::mt19937 random(4711);
  constexpr std::array kKinds{LockKind::kRead, LockKind::kWrite, LockKind::kNone};
  LockRanges ranges;
  Map map;
  map.fill(LockKind::kNone);
  for (int step = 0; step < 100'000 && !testing::Test::HasFatalFailure(); ++step) {
    std::size_t first = random() % kBytes;
    std::size_t last = first + random() % (kBytes - first);
    LockKind kind = kKinds[random() % kKinds.size()];
    ranges = ranges.with(wire_range(first, last), kind);
    std::fill(map.begin() + static_cast<std::ptrdiff_t>(first),
              map.begin() + static_cast<std::ptrdiff_t>(last) + 1, kind);
    expect_same(ranges, map, step);

    first = random() % kBytes;
    last = first + random() % (kBytes - first);
    bool any = std::any_of(map.begin() + static_cast<std::ptrdiff_t>(first),
                           map.begin() + static_cast<std::ptrdiff_t>(last) + 1,
                           [](LockKind held) { return held != LockKind::kNone; });
    const LockRanges::Held* found = ranges.first_in(wire_range(first, last));
    ASSERT_EQ(found != nullptr, any) << step;
    if (found != nullptr) {
      ASSERT_LE(found->range.start, last) << step;
      ASSERT_GE(found->range.end, first) << step;
    }
  }
}

}  // namespace
}  // namespace gofer
