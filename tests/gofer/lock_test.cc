// LockRanges against a map of bytes, and locks at budgets that a test can reach.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <random>
#include <string>

#include "gofer/lock_table.h"
#include "tests/gofer/served.h"

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

class Locks : public Served {
 protected:
  Locks() { support::make_file(on_host("f"), "text"); }
  std::string lock(p9::Fid fid, uint8_t type, uint64_t start, uint64_t length, uint32_t process) {
    auto reply = call(p9::Tlock{fid, type, 0, start, length, process, "guest"});
    return reply ? std::to_string(reply->status) : outcome(reply);
  }
  void serve_tight(std::size_t owners, std::size_t ranges) {
    AttachPoint options = none();
    options.limits.lock_owners = owners;
    options.limits.lock_ranges = ranges;
    serve(options);
  }
};

TEST_F(Locks, EndAtTheBudgetOfOwnersExactly) {
  serve_tight(2, 10);
  p9::Fid fid = open({"f"}, p9::kOpenRdwr);
  EXPECT_EQ(lock(fid, p9::kLockRead, 0, 1, 1), "0");
  EXPECT_EQ(lock(fid, p9::kLockRead, 0, 1, 2), "0");
  EXPECT_EQ(lock(fid, p9::kLockRead, 0, 1, 3), "ENOLCK");
  EXPECT_EQ(session().locks().entries(), 2U);
  EXPECT_EQ(lock(fid, p9::kLockUnlock, 0, 0, 1), "0");
  EXPECT_EQ(session().locks().entries(), 1U);
  EXPECT_EQ(lock(fid, p9::kLockRead, 0, 1, 3), "0");
}

TEST_F(Locks, AreCountedThroughEveryChange) {
  serve_tight(2, 3);
  p9::Fid fid = open({"f"}, p9::kOpenRdwr);
  EXPECT_EQ(lock(fid, p9::kLockWrite, 0, 10, 1), "0");
  EXPECT_EQ(lock(fid, p9::kLockUnlock, 4, 2, 1), "0");
  EXPECT_EQ(session().locks().ranges(), 2U);
  EXPECT_EQ(lock(fid, p9::kLockRead, 20, 1, 2), "0");
  EXPECT_EQ(session().locks().ranges(), 3U);
  EXPECT_EQ(lock(fid, p9::kLockRead, 30, 1, 2), "ENOLCK");
  EXPECT_EQ(lock(fid, p9::kLockRead, 1, 1, 1), "ENOLCK");
  EXPECT_EQ(lock(fid, p9::kLockWrite, 2, 30, 2), "1");  // blocked: nothing has changed
  EXPECT_EQ(session().locks().ranges(), 3U);
  EXPECT_EQ(lock(fid, p9::kLockWrite, 0, 10, 1), "0");
  EXPECT_EQ(session().locks().ranges(), 2U);
  EXPECT_EQ(lock(fid, p9::kLockUnlock, 0, 0, 2), "0");
  EXPECT_EQ(session().locks().ranges(), 1U);
  session().fids().erase(fid);
  EXPECT_EQ(session().locks().ranges(), 0U);
  EXPECT_EQ(session().locks().entries(), 0U);
}

TEST_F(Locks, AFidThatComesAgainHoldsNothingOfTheOneBefore) {
  serve_tight(4, 10);
  p9::Fid first = open({"f"}, p9::kOpenRdwr);
  p9::Fid second = open({"f"}, p9::kOpenRdwr);
  EXPECT_EQ(lock(first, p9::kLockWrite, 0, 1, 1), "0");
  EXPECT_EQ(lock(second, p9::kLockWrite, 5, 1, 1), "0");
  session().fids().erase(first);
  ASSERT_EQ(outcome(walk_to(first, {"f"})), "ok");
  ASSERT_EQ(outcome(call(p9::Tlopen{first, p9::kOpenRdwr})), "ok");
  session().fids().erase(second);
  EXPECT_EQ(session().locks().entries(), 0U);
  EXPECT_EQ(lock(first, p9::kLockWrite, 0, 0, 2), "0");
}

}  // namespace
}  // namespace gofer
