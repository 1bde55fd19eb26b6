// Locks at their budgets, and against a model of what they should be.
#include <array>
#include <random>
#include <string>
#include <vector>

#include "tests/suite/lock_world.h"

namespace suite {
namespace {

class LockBudget : public LockWorld {};
class LockModel : public LockWorld {
 protected:
  static constexpr std::size_t kBytes = 40;  // of the file, and one more that stands for the rest
  static constexpr std::size_t kOwners = 3;
  static constexpr std::array<Owner, kOwners> kNames{Owner{1, "a"}, Owner{2, "a"}, Owner{1, "b"}};

  struct Range {
    std::size_t start;
    std::size_t length;  // 0: to the end
    std::size_t end() const { return length == 0 ? kBytes : start + length; }
  };

  bool conflicts(std::size_t asker, uint8_t type, Range range) const {
    for (std::size_t owner = 0; owner < kOwners; ++owner)
      for (std::size_t at = range.start; owner != asker && at < range.end(); ++at)
        if (held_[owner][at] == p9::kLockWrite ||
            (held_[owner][at] == p9::kLockRead && type == p9::kLockWrite))
          return true;
    return false;
  }
  void set(std::size_t owner, uint8_t type, Range range) {
    for (std::size_t at = range.start; at < range.end(); ++at) held_[owner][at] = type;
  }
  Range random_range() {
    std::size_t start = random_() % kBytes;
    return {start, random_() % (kBytes - start)};
  }
  std::size_t random(std::size_t below) { return random_() % below; }

  LockModel() {
    for (auto& held : held_) held.fill(p9::kLockUnlock);
  }

 private:
  std::mt19937 random_{20261125};
  std::array<std::array<uint8_t, kBytes>, kOwners> held_;
};

TEST_F(LockModel, AgreesWithTheServerAndWithTheHost) {
  serve();
  UniqueFid first = open("file", p9::kOpenRdwr);
  UniqueFid second = open("file", p9::kOpenRdonly);
  int refused = 0;
  for (int step = 0; step < 3000; ++step) {
    std::size_t owner = random(kOwners);
    auto type = static_cast<uint8_t>(random(3));
    Range range = random_range();
    p9::Fid fid = random(2) == 0 ? p9::Fid(first) : p9::Fid(second);
    bool blocked = type != p9::kLockUnlock && conflicts(owner, type, range);
    ASSERT_EQ(get_lock(fid, type, range.start, range.length, kNames[owner]) != "none",
              conflicts(owner, type == p9::kLockRead ? type : p9::kLockWrite, range))
        << step;
    ASSERT_EQ(lock(fid, type, range.start, range.length, kNames[owner]),
              blocked ? "blocked" : "success")
        << step;
    if (blocked)
      ++refused;
    else
      set(owner, type, range);
    Range looked = random_range();
    ASSERT_EQ(host_can_write(looked.start, looked.length),
              !conflicts(kOwners, p9::kLockWrite, looked))
        << step;
    ASSERT_EQ(host_can_read(looked.start, looked.length),
              !conflicts(kOwners, p9::kLockRead, looked))
        << step;
  }
  EXPECT_GT(refused, 300);
}

TEST_F(LockBudget, R3_OwnersEndAtANumberAndAreGivenBack) {
  serve();
  constexpr uint32_t kMany = 4096;
  std::size_t before = served().descriptors();
  {
    UniqueFid fid = open("file", p9::kOpenRdwr);
    uint32_t held = 0;
    while (held < kMany && read_lock(fid, 0, 0, {held}) == "success") ++held;
    EXPECT_GE(held, 256U);
    ASSERT_LT(held, kMany);
    EXPECT_EQ(read_lock(fid, 0, 0, {held}), "ENOLCK");
    EXPECT_EQ(write_lock(fid, 0, 0, {held}), "ENOLCK");
    EXPECT_EQ(unlock(fid, 0, 0, {held}), "success");
    EXPECT_LE(served().descriptors(), before + held + 2);  // and the open file's
    // Those that are in stay in, and who opens or looks is not disturbed.
    EXPECT_EQ(read_lock(fid, 5, 5, {0}), "success");
    EXPECT_EQ(get_lock(fid, p9::kLockRead, 0, 0, {held}), "none");
    EXPECT_EQ(client().read_file("file"), "0123456789");
    EXPECT_EQ(unlock(fid, 0, 0, {7}), "success");
    EXPECT_EQ(read_lock(fid, 0, 0, {held}), "success");
    EXPECT_EQ(read_lock(fid, 0, 0, {7}), "ENOLCK");
  }
  EXPECT_EQ(served().descriptors(), before);
  EXPECT_TRUE(host_can_write());
  UniqueFid fid = open("file", p9::kOpenRdwr);
  EXPECT_EQ(write_lock(fid, 0, 0, {7}), "success");
}

TEST_F(LockBudget, R1_AttemptsThatAreBlockedUseUpNothing) {
  HostDescription writer(file(), F_WRLCK, 0, 0);
  serve();
  UniqueFid fid = open("file", p9::kOpenRdwr);
  std::size_t before = served().descriptors();
  for (uint32_t i = 0; i < 2000; ++i) ASSERT_EQ(write_lock(fid, i, 1, {i}), "blocked");
  EXPECT_EQ(served().descriptors(), before);
}

TEST_F(LockBudget, R3_RangesEndAtAKnownNumberAndAreGivenBack) {
  serve();
  constexpr uint64_t kRanges = 4096;
  UniqueFid fid = open("file", p9::kOpenRdwr);
  for (uint64_t i = 0; i < kRanges; ++i)
    ASSERT_EQ(write_lock(fid, 10 * i, 5, {i < 100 ? 1U : 2U}), "success");
  // Neither one more, nor one that a hole makes of one; for no owner.
  EXPECT_EQ(write_lock(fid, 10 * kRanges, 5, {1}), "ENOLCK");
  EXPECT_EQ(write_lock(fid, 10 * kRanges, 5, {3}), "ENOLCK");
  EXPECT_EQ(unlock(fid, 2, 1, {1}), "ENOLCK");
  EXPECT_FALSE(host_can_write(2, 1));
  EXPECT_TRUE(host_can_write(10 * kRanges, 0));
  // What makes no more of them works, also when that is none at all.
  EXPECT_EQ(write_lock(fid, 4, 1, {1}), "success");
  EXPECT_EQ(unlock(fid, 0, 2, {1}), "success");
  EXPECT_EQ(write_lock(fid, 5, 5, {1}), "success");
  EXPECT_EQ(write_lock(fid, 10 * kRanges, 5, {3}), "success");
  EXPECT_EQ(write_lock(fid, 10 * kRanges + 10, 5, {3}), "ENOLCK");
  EXPECT_EQ(unlock(fid, 0, 0, {2}), "success");
  EXPECT_EQ(write_lock(fid, 10 * kRanges + 10, 5, {3}), "success");
}

}  // namespace
}  // namespace suite
