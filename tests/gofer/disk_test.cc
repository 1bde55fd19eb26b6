// Disk: what is made at once.
#include "gofer/disk.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "gofer/budget.h"
#include "gofer/host_file.h"
#include "tests/support/outcome.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tree.h"

namespace gofer {
namespace {

using namespace std::chrono_literals;
using Kind = DiskCall::Kind;
using support::outcome;

TEST(Pace, IsSlowAfterACallThatWaitedUntilManyHaveNot) {
  Pace pace;
  EXPECT_FALSE(pace.slow());
  pace.note(10ms);
  EXPECT_FALSE(pace.slow());
  pace.note(11ms);
  for (int i = 0; i < 64; ++i) {
    EXPECT_TRUE(pace.slow()) << i;
    pace.note(0ms);
  }
  EXPECT_FALSE(pace.slow());
}

TEST(Pace, CountsAnewWithEachThatWaits) {
  Pace pace;
  pace.note(1s);
  for (int i = 0; i < 63; ++i) pace.note(0ms);
  pace.note(1s);
  for (int i = 0; i < 63; ++i) pace.note(0ms);
  EXPECT_TRUE(pace.slow());
}

class DiskTest : public testing::Test {
 protected:
  static constexpr std::size_t kSize = 300'000;

  explicit DiskTest(const char* where = "/var/tmp") : directory_(where) {
    support::make_file(directory_ / "file", std::string(kSize, 'x'));
    file_.fd = base::UniqueFd(::open((directory_ / "file").c_str(), O_RDWR | O_CLOEXEC));
  }
  DiskCall read(std::size_t count, uint64_t offset = 0) {
    return {.kind = Kind::kRead,
            .file = file_.fd,
            .offset = offset,
            .room = std::span(room_).first(count)};
  }
  bool tells() {
    auto count = host::preadv2_nowait(file_.fd, std::span(room_).first(1), 0);
    return count || count.error().code() != EOPNOTSUPP;
  }
  void drop_from_memory() {
    ::fsync(file_.fd.raw());
    ::posix_fadvise(file_.fd.raw(), 0, 0, POSIX_FADV_DONTNEED);
  }

  support::TempDir directory_;
  Budget budget_{1};
  OpenFile file_{.share = *budget_.take(1, EMFILE), .fd = {}};
  std::vector<std::byte> room_ = std::vector<std::byte>(2 * kSize);
  Disk disk_;
};

TEST_F(DiskTest, LeavesAReadOfWhatIsNotInMemory) {
  if (!tells()) GTEST_SKIP() << "the file system of /var/tmp cannot tell";
  drop_from_memory();
  EXPECT_FALSE(disk_.make_at_once(read(4096), file_));
  EXPECT_EQ(Disk::make(read(4096)).result, 4096U);
  auto again = disk_.make_at_once(read(4096), file_);
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, 4096U);
}

TEST_F(DiskTest, LeavesAReadOfWhichAPartIsNotInMemory) {
  if (!tells()) GTEST_SKIP() << "the file system of /var/tmp cannot tell";
  drop_from_memory();
  // What lies before it is read, and the kernel reads no further ahead than asked for.
  ::posix_fadvise(file_.fd.raw(), 0, 0, POSIX_FADV_RANDOM);
  EXPECT_EQ(Disk::make(read(4096)).result, 4096U);
  EXPECT_FALSE(disk_.make_at_once(read(kSize), file_));
}

TEST_F(DiskTest, ReadsToTheEndAndBehindIt) {
  EXPECT_EQ(Disk::make(read(kSize)).result, std::size_t{kSize});
  for (auto [offset, count] : {std::pair{uint64_t{0}, kSize}, {kSize - 10, 10}, {kSize, 0}}) {
    auto made = disk_.make_at_once(read(2 * kSize - 1, offset), file_);
    ASSERT_TRUE(made);
    EXPECT_EQ(*made, count) << offset;
  }
}

TEST_F(DiskTest, LeavesEverySync) {
  EXPECT_FALSE(disk_.make_at_once({.kind = Kind::kSync, .file = file_.fd}, file_));
  EXPECT_FALSE(disk_.make_at_once({.kind = Kind::kDataSync, .file = file_.fd}, file_));
  EXPECT_EQ(Disk::make({.kind = Kind::kSync, .file = file_.fd}).result, 0U);
}

TEST_F(DiskTest, ReadsAndWritesHaveAPaceEach) {
  DiskCall write{.kind = Kind::kWrite, .file = file_.fd, .data = std::span(room_).first(10)};
  disk_.note(write, {.result = std::size_t{10}, .took = 1s});
  EXPECT_FALSE(disk_.make_at_once(write, file_));
  file_.says_what_is_there = false;
  EXPECT_TRUE(disk_.make_at_once(read(10), file_));
  disk_.note(read(10), {.result = std::size_t{10}, .took = 1s});
  EXPECT_FALSE(disk_.make_at_once(read(10), file_));
}

TEST_F(DiskTest, ErrorsAreThoseOfTheCall) {
  DiskCall call = read(10);
  call.file = base::Fd(-1);
  EXPECT_EQ(outcome(*disk_.make_at_once(call, file_)), "EBADF");
  EXPECT_EQ(outcome(Disk::make(call).result), "EBADF");
}

class DiskOfMemory : public DiskTest {
 protected:
  DiskOfMemory() : DiskTest("/dev/shm") {}
};

TEST_F(DiskOfMemory, IsAskedOnceWhetherItTells) {
  if (tells()) GTEST_SKIP() << "this kernel's tmpfs tells";
  auto made = disk_.make_at_once(read(10), file_);
  ASSERT_TRUE(made);
  EXPECT_EQ(*made, 10U);
  EXPECT_FALSE(file_.says_what_is_there);
}

}  // namespace
}  // namespace gofer
