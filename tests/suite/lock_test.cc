// Tlock and Tgetlock: who excludes whom, and over which bytes.
#include <filesystem>
#include <string>
#include <string_view>

#include "tests/suite/lock_world.h"

namespace suite {
namespace {

class Lock : public LockWorld {};
class LockRange : public LockWorld {};
class GetLock : public LockWorld {};

TEST_F(Lock, ExcludesTheHost) {
  serve();
  UniqueFid fid = open("file", p9::kOpenRdwr);
  EXPECT_EQ(write_lock(fid, 2, 3), "success");
  EXPECT_FALSE(host_can_read(0, 3));
  EXPECT_FALSE(host_can_write(4, 1));
  EXPECT_TRUE(host_can_write(0, 2));
  EXPECT_TRUE(host_can_write(5, 0));
  EXPECT_THROW(HostProcess(file(), F_RDLCK, 4, 1), std::runtime_error);
  EXPECT_THROW(HostDescription(file(), F_WRLCK, 2, 1), std::system_error);
  EXPECT_EQ(unlock(fid, 0, 0), "success");
  EXPECT_EQ(read_lock(fid, 2, 3), "success");
  EXPECT_TRUE(host_can_read());
  EXPECT_FALSE(host_can_write());
  EXPECT_THROW(HostProcess(file(), F_WRLCK, 4, 1), std::runtime_error);
  HostProcess reader(file(), F_RDLCK, 4, 1);
}

TEST_F(Lock, IsExcludedByTheHost) {
  serve();
  UniqueFid fid = open("file", p9::kOpenRdwr);
  {
    HostProcess writer(file(), F_WRLCK, 2, 3);
    EXPECT_EQ(write_lock(fid, 0, 0), "blocked");
    EXPECT_EQ(read_lock(fid, 4, 1), "blocked");
    EXPECT_EQ(lock(client(), fid, p9::kLockWrite, 0, 0, {}, p9::kLockBlock), "blocked");
    EXPECT_EQ(write_lock(fid, 0, 2), "success");
  }
  EXPECT_EQ(write_lock(fid, 0, 0), "success");
  EXPECT_EQ(unlock(fid, 0, 0), "success");
  {
    HostDescription reader(file(), F_RDLCK, 2, 3);
    EXPECT_EQ(write_lock(fid, 4, 1), "blocked");
    EXPECT_EQ(read_lock(fid, 4, 1), "success");
  }
  EXPECT_EQ(write_lock(fid, 4, 1), "success");
}

TEST_F(Lock, OfOneOwnerExcludesEveryOtherOnOneConnection) {
  serve();
  UniqueFid fid = open("file", p9::kOpenRdwr);
  const Owner first{1, "a"};
  EXPECT_EQ(write_lock(fid, 0, 0, first), "success");
  EXPECT_EQ(write_lock(fid, 0, 0, first), "success");
  using namespace std::string_view_literals;
  for (const Owner& other : {Owner{2, "a"}, Owner{1, "b"}, Owner{1, ""}, Owner{0, "a"},
                             Owner{1, "aa"}, Owner{1, "a\0"sv}, Owner{UINT32_MAX, "a"}}) {
    EXPECT_EQ(read_lock(fid, 3, 1, other), "blocked") << other.proc_id << other.client_id;
    EXPECT_EQ(write_lock(fid, 3, 1, other), "blocked") << other.proc_id << other.client_id;
    // What another owner holds is not theirs to unlock.
    EXPECT_EQ(unlock(fid, 0, 0, other), "success") << other.proc_id << other.client_id;
  }
  EXPECT_FALSE(host_can_read());
}

TEST_F(Lock, ForReadingIsShared) {
  serve();
  UniqueFid fid = open("file", p9::kOpenRdwr);
  EXPECT_EQ(read_lock(fid, 0, 10, {1}), "success");
  EXPECT_EQ(read_lock(fid, 5, 10, {2}), "success");
  EXPECT_EQ(write_lock(fid, 0, 0, {1}), "blocked");
  EXPECT_EQ(write_lock(fid, 0, 5, {1}), "success");
  EXPECT_EQ(unlock(fid, 0, 0, {2}), "success");
  EXPECT_EQ(write_lock(fid, 0, 0, {1}), "success");
}

TEST_F(Lock, ExcludesASecondConnection) {
  serve();
  Served other_served(exported(), {});
  Client other = *Client::connect(other_served.take_client());
  UniqueFid mine = open("file", p9::kOpenRdwr);
  UniqueFid theirs = *other.open("file", p9::kOpenRdwr);
  const Owner same{1, "same"};
  EXPECT_EQ(lock(client(), mine, p9::kLockWrite, 0, 5, same), "success");
  EXPECT_EQ(lock(other, theirs, p9::kLockWrite, 5, 5, same), "success");
  EXPECT_EQ(lock(other, theirs, p9::kLockRead, 4, 1, same), "blocked");
  EXPECT_EQ(lock(client(), mine, p9::kLockRead, 5, 1, same), "blocked");
  EXPECT_EQ(get_lock(mine, p9::kLockWrite, 0, 0, same), "write 5+5 0 ");
  EXPECT_EQ(lock(client(), mine, p9::kLockUnlock, 0, 0, same), "success");
  EXPECT_EQ(lock(other, theirs, p9::kLockRead, 4, 1, same), "success");
}

TEST_F(Lock, ThroughAnyFidAndAnyNameOfTheFileIsOne) {
  std::filesystem::create_hard_link(file(), exported() / "other name");
  serve();
  UniqueFid first = open("file", p9::kOpenRdwr);
  UniqueFid second = open("other name", p9::kOpenRdonly);
  EXPECT_EQ(write_lock(first, 0, 4, {1}), "success");
  EXPECT_EQ(read_lock(second, 0, 4, {2}), "blocked");
  EXPECT_EQ(write_lock(second, 4, 4, {1}), "success");
  EXPECT_EQ(unlock(second, 0, 0, {1}), "success");
  EXPECT_TRUE(host_can_write());
}

TEST_F(Lock, OfTwoFilesAreTwo) {
  support::make_file(exported() / "second", "0123456789");
  serve();
  UniqueFid first = open("file", p9::kOpenRdwr);
  UniqueFid second = open("second", p9::kOpenRdwr);
  EXPECT_EQ(write_lock(first, 0, 0, {1}), "success");
  EXPECT_EQ(write_lock(second, 0, 0, {2}), "success");
  EXPECT_EQ(unlock(first, 0, 0, {1}), "success");
  EXPECT_FALSE(host_can(F_RDLCK, exported() / "second", 0, 0));
}

TEST_F(Lock, WorksOnAnUnlinkedFile) {
  serve();
  UniqueFid fid = open("file", p9::kOpenRdwr);
  std::filesystem::remove(file());
  EXPECT_EQ(write_lock(fid, 0, 0, {1}), "success");
  EXPECT_EQ(read_lock(fid, 0, 0, {2}), "blocked");
  EXPECT_EQ(get_lock(fid, p9::kLockRead, 0, 0, {2}), "write 0+0 1 guest");
}

// The range is held by one description or the other at every moment, so nobody gets in between.
TEST_F(Lock, BecomesOneForWritingWithoutBeingLetGo) {
  serve();
  UniqueFid reading = open("file", p9::kOpenRdonly);
  UniqueFid writing = open("file", p9::kOpenRdwr);
  EXPECT_EQ(read_lock(reading, 0, 10), "success");
  EXPECT_EQ(read_lock(reading, 20, 10), "success");
  {
    HostProcess reader(file(), F_RDLCK, 5, 1);
    EXPECT_EQ(write_lock(writing, 0, 10), "blocked");
    EXPECT_FALSE(host_can_write(0, 10));
    EXPECT_FALSE(host_can_write(20, 10));
  }
  EXPECT_EQ(write_lock(writing, 0, 10), "success");
  EXPECT_FALSE(host_can_read(0, 10));
  EXPECT_FALSE(host_can_write(20, 10));
  EXPECT_TRUE(host_can_read(20, 10));
  EXPECT_TRUE(host_can_write(10, 10));
  EXPECT_EQ(read_lock(reading, 0, 10), "success");
  EXPECT_TRUE(host_can_read());
  EXPECT_FALSE(host_can_write(0, 10));
}

TEST_F(Lock, NeedsAnOpenFile) {
  support::make_directory(exported() / "directory");
  support::make_symlink(exported() / "link", "file");
  serve();
  for (const char* where : {"file", "directory", "link", ""}) {
    UniqueFid fid = walk(where);
    EXPECT_EQ(write_lock(fid, 0, 0), "EBADF") << where;
    EXPECT_EQ(unlock(fid, 0, 0), "EBADF") << where;
    EXPECT_EQ(get_lock(fid, p9::kLockWrite, 0, 0), "EBADF") << where;
  }
  UniqueFid directory = open("directory", p9::kOpenRdonly);
  EXPECT_EQ(read_lock(directory, 0, 0), "EBADF");
  EXPECT_EQ(get_lock(directory, p9::kLockRead, 0, 0), "EBADF");
}

TEST_F(Lock, OfATypeOrWithAFlagThatNobodyDefinedIsRefused) {
  serve();
  UniqueFid fid = open("file", p9::kOpenRdwr);
  for (unsigned type = 3; type < 256; ++type) {
    EXPECT_EQ(lock(fid, static_cast<uint8_t>(type), 0, 0), "EINVAL") << type;
    EXPECT_EQ(get_lock(fid, static_cast<uint8_t>(type), 0, 0), "EINVAL") << type;
  }
  for (uint32_t flag = 4; flag != 0; flag <<= 1)
    EXPECT_EQ(lock(client(), fid, p9::kLockRead, 0, 0, {}, flag), "EINVAL") << flag;
  std::string longest(255, 'c');
  EXPECT_EQ(write_lock(fid, 0, 0, {1, longest + "c"}), "EINVAL");
  EXPECT_EQ(write_lock(fid, 0, 0, {1, std::string(60'000, 'c')}), "EINVAL");
  EXPECT_TRUE(host_can_write());
  EXPECT_EQ(write_lock(fid, 0, 0, {1, longest}), "success");
  EXPECT_EQ(
      lock(client(), fid, p9::kLockUnlock, 0, 0, {1, longest}, p9::kLockBlock | p9::kLockReclaim),
      "success");
}

TEST_F(Lock, AnswersThatItIsNotServedWhenItIsOff) {
  serve({.locks = false});
  UniqueFid fid = open("file", p9::kOpenRdwr);
  EXPECT_EQ(write_lock(fid, 0, 0), "EOPNOTSUPP");
  EXPECT_EQ(unlock(fid, 0, 0), "EOPNOTSUPP");
  EXPECT_EQ(get_lock(fid, p9::kLockRead, 0, 0), "EOPNOTSUPP");
  EXPECT_TRUE(host_can_write());
}

TEST_F(Lock, T4_IsNeverWaitedFor) {
  HostProcess writer(file(), F_WRLCK, 0, 0);
  serve();
  UniqueFid fid = open("file", p9::kOpenRdwr);
  for (uint32_t flags : {0U, p9::kLockBlock, p9::kLockReclaim, p9::kLockBlock | p9::kLockReclaim})
    EXPECT_EQ(lock(client(), fid, p9::kLockWrite, 0, 0, {}, flags), "blocked") << flags;
  expect_alive();
}

TEST_F(LockRange, ReachesToTheLastOffsetAndNoFurther) {
  serve();
  UniqueFid fid = open("file", p9::kOpenRdwr);
  struct Row {
    uint64_t start, length;
    const char* answer;
  };
  for (auto [start, length, answer] : {Row{0, 0, "success"},
                                       {0, kMax, "success"},
                                       {0, kMax + 1, "success"},
                                       {0, kMax + 2, "EINVAL"},
                                       {0, UINT64_MAX, "EINVAL"},
                                       {1, kMax, "success"},
                                       {1, kMax + 1, "EINVAL"},
                                       {kMax, 0, "success"},
                                       {kMax, 1, "success"},
                                       {kMax, 2, "EINVAL"},
                                       {kMax - 1, 2, "success"},
                                       {kMax - 1, 3, "EINVAL"},
                                       {kMax + 1, 0, "EINVAL"},
                                       {kMax + 1, 1, "EINVAL"},
                                       {UINT64_MAX, 0, "EINVAL"},
                                       {UINT64_MAX, 1, "EINVAL"},
                                       {UINT64_MAX, 2, "EINVAL"},
                                       {UINT64_MAX, UINT64_MAX, "EINVAL"}}) {
    EXPECT_EQ(write_lock(fid, start, length), answer) << start << "+" << length;
    EXPECT_EQ(unlock(fid, start, length), answer) << start << "+" << length;
    EXPECT_TRUE(host_can_write()) << start << "+" << length;
    std::string said = get_lock(fid, p9::kLockWrite, start, length);
    EXPECT_EQ(said, std::string_view(answer) == "success" ? "none" : answer);
  }
}

TEST_F(LockRange, IsCutAndJoined) {
  serve();
  UniqueFid fid = open("file", p9::kOpenRdwr);
  EXPECT_EQ(write_lock(fid, 0, 100), "success");
  EXPECT_EQ(unlock(fid, 40, 20), "success");
  EXPECT_TRUE(host_can_write(40, 20));
  EXPECT_FALSE(host_can_write(39, 1));
  EXPECT_FALSE(host_can_write(60, 1));
  EXPECT_EQ(read_lock(fid, 30, 40), "success");
  EXPECT_EQ(get_lock(fid, p9::kLockWrite, 0, 0, {2}), "write 0+30 1 guest");
  EXPECT_EQ(get_lock(fid, p9::kLockWrite, 30, 0, {2}), "read 30+40 1 guest");
  EXPECT_EQ(write_lock(fid, 20, 0), "success");
  EXPECT_EQ(get_lock(fid, p9::kLockRead, 50, 1, {2}), "write 0+0 1 guest");
  EXPECT_EQ(unlock(fid, 0, 0), "success");
  EXPECT_TRUE(host_can_write());
}

TEST_F(GetLock, SaysWhatIsInTheWay) {
  serve();
  UniqueFid fid = open("file", p9::kOpenRdwr);
  const Owner me{1, "me"};
  EXPECT_EQ(get_lock(fid, p9::kLockWrite, 0, 0, me), "none");
  EXPECT_EQ(read_lock(fid, 10, 5, {7, "another"}), "success");
  EXPECT_EQ(get_lock(fid, p9::kLockRead, 0, 0, me), "none");
  EXPECT_EQ(get_lock(fid, p9::kLockWrite, 0, 10, me), "none");
  EXPECT_EQ(get_lock(fid, p9::kLockWrite, 15, 0, me), "none");
  EXPECT_EQ(get_lock(fid, p9::kLockWrite, 0, 0, me), "read 10+5 7 another");
  EXPECT_EQ(get_lock(fid, p9::kLockUnlock, 0, 0, me), "read 10+5 7 another");
  EXPECT_EQ(get_lock(fid, p9::kLockWrite, 0, 0, {7, "another"}), "none");
  HostProcess writer(file(), F_WRLCK, 100, 0);
  EXPECT_EQ(get_lock(fid, p9::kLockRead, 50, 0, me), "write 100+0 0 ");
  EXPECT_EQ(get_lock(fid, p9::kLockUnlock, 100, 1, me), "write 100+0 0 ");
  EXPECT_EQ(get_lock(fid, p9::kLockRead, 50, 50, me), "none");
}

TEST_F(GetLock, RepeatsTheQuestionWhenNothingIsInTheWay) {
  serve();
  UniqueFid fid = open("file", p9::kOpenRdonly);
  auto reply = client().call(p9::Tgetlock{fid, p9::kLockWrite, 5, 6, 7, "client"});
  ASSERT_EQ(outcome(reply), "ok");
  EXPECT_EQ(reply->type, p9::kLockUnlock);
  EXPECT_EQ(reply->start, 5U);
  EXPECT_EQ(reply->length, 6U);
  EXPECT_EQ(reply->proc_id, 7U);
  EXPECT_EQ(reply->client_id, "client");
}

TEST_F(GetLock, DoesNotTakeAnything) {
  serve();
  UniqueFid fid = open("file", p9::kOpenRdwr);
  std::size_t before = served().descriptors();
  for (uint32_t i = 0; i < 1000; ++i) EXPECT_EQ(get_lock(fid, p9::kLockWrite, 0, 0, {i}), "none");
  EXPECT_EQ(served().descriptors(), before);
  EXPECT_TRUE(host_can_write());
}

}  // namespace
}  // namespace suite
