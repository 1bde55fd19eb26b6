// When locks end: by an unlock, with a fid, with a session.
#include <fcntl.h>

#include <optional>
#include <string>

#include "tests/suite/lock_world.h"

namespace suite {
namespace {

class LockEnd : public LockWorld {};

TEST_F(LockEnd, ComesWithTheClunkOfItsFid) {
  serve();
  {
    UniqueFid fid = open("file", p9::kOpenRdwr);
    EXPECT_EQ(write_lock(fid, 0, 3, {1}), "success");
    EXPECT_EQ(write_lock(fid, 5, 3, {2}), "success");
  }
  EXPECT_TRUE(host_can_write());
}

TEST_F(LockEnd, ComesWithTheClunkOfTheLastFidThatTheOwnerUsed) {
  serve();
  std::optional<UniqueFid> first(open("file", p9::kOpenRdwr));
  std::optional<UniqueFid> second(open("file", p9::kOpenRdonly));
  std::optional<UniqueFid> unused(open("file", p9::kOpenRdwr));
  EXPECT_EQ(write_lock(*first, 0, 3, {1}), "success");
  EXPECT_EQ(read_lock(*second, 5, 3, {1}), "success");
  EXPECT_EQ(write_lock(*second, 10, 3, {2}), "success");
  unused.reset();
  EXPECT_FALSE(host_can_write(0, 3));
  first.reset();
  EXPECT_FALSE(host_can_write(0, 3));
  EXPECT_FALSE(host_can_write(5, 3));
  second.reset();
  EXPECT_TRUE(host_can_write());
}

TEST_F(LockEnd, ComesWithAnUnlockThroughAnyFid) {
  serve();
  UniqueFid first = open("file", p9::kOpenRdwr);
  UniqueFid second = open("file", p9::kOpenRdonly);
  EXPECT_EQ(write_lock(first, 0, 0), "success");
  EXPECT_EQ(unlock(second, 0, 0), "success");
  EXPECT_TRUE(host_can_write());
}

TEST_F(LockEnd, ComesWhenTheFidIsRemovedAndNotWhenItIsWalkedInPlace) {
  serve();
  p9::Fid removed = open("file", p9::kOpenRdwr).release();
  base::UniqueFd unlinked(::open(file().c_str(), O_RDWR | O_CLOEXEC));
  EXPECT_EQ(write_lock(removed, 0, 0), "success");
  EXPECT_EQ(outcome(client().call(p9::Tremove{removed})), "ok");
  struct flock range = host_range(F_WRLCK, 0, 0);
  EXPECT_EQ(::fcntl(unlinked.raw(), F_OFD_SETLK, &range), 0);
  // A file has no way on, so the fid stays, and the lock with it.
  support::make_file(file(), "again");
  p9::Fid walked = open("file", p9::kOpenRdwr).release();
  EXPECT_EQ(write_lock(walked, 0, 0), "success");
  EXPECT_EQ(outcome(client().call(p9::Twalk{walked, walked, {name("x")}})), "ENOTDIR");
  EXPECT_EQ(outcome(client().call(p9::Twalk{walked, walked, {}})), "ok");
  EXPECT_FALSE(host_can_write());
  EXPECT_EQ(outcome(client().call(p9::Tclunk{walked})), "ok");
  EXPECT_TRUE(host_can_write());
}

TEST_F(LockEnd, ComesWithANewVersion) {
  serve();
  p9::Fid fid = open("file", p9::kOpenRdwr).release();
  EXPECT_EQ(write_lock(fid, 0, 0), "success");
  ASSERT_EQ(outcome(client().version()), "ok");
  EXPECT_TRUE(host_can_write());
  ASSERT_EQ(outcome(client().attach(Client::root())), "ok");
}

TEST_F(LockEnd, ComesWhenTheClientHangsUp) {
  serve();
  p9::Fid fid = open("file", p9::kOpenRdwr).release();
  EXPECT_EQ(write_lock(fid, 0, 0), "success");
  EXPECT_EQ(hang_up(), "hangup");
  EXPECT_TRUE(host_can_write_soon());
}

TEST_F(LockEnd, GivesEveryDescriptorBack) {
  serve();
  UniqueFid fid = open("file", p9::kOpenRdwr);
  std::size_t before = served().descriptors();
  ASSERT_EQ(read_lock(fid, 1000, 1, {999}), "success");
  for (uint32_t i = 0; i < 300; ++i) {
    ASSERT_EQ(read_lock(fid, i, 1, {i % 50}), "success");
    if (i % 3 == 0) {
      ASSERT_EQ(unlock(fid, 0, 0, {i % 50}), "success");
    }
    ASSERT_EQ(write_lock(fid, 0, 0, {5000 + i}), "blocked");
  }
  EXPECT_LE(served().descriptors(), before + 51);
  for (uint32_t i = 0; i < 50; ++i) EXPECT_EQ(unlock(fid, 0, 0, {i}), "success");
  EXPECT_EQ(served().descriptors(), before + 1);
  EXPECT_EQ(unlock(fid, 0, 0, {999}), "success");
  EXPECT_EQ(served().descriptors(), before);
  EXPECT_EQ(write_lock(fid, 0, 0), "success");
}

}  // namespace
}  // namespace suite
