// What can be done through a descriptor that a worker donated, by a process that has all the
// privileges of the host's root: on a read-only attach point nothing that the tree would remember.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/support/serving.h"
#include "tests/support/temp_dir.h"

namespace suite {
namespace {

using p9client::Client;
using support::outcome;
using support::path;

constexpr std::size_t kReadOnly = 1;
constexpr std::size_t kReadWrite = 2;

class Donated : public testing::Test {
 protected:
  Donated() {
    support::make_file(library() / "book", kText, 0644);
    support::set_xattr(library() / "book", "user.kept", "value");
    support::make_file(data() / "notes", kText);
    bundle_.mount("/library", library(), {"rbind", "ro"}).mount("/data", data(), {"rbind", "rw"});
    serving_.emplace(bundle_, support::Gofer::Options{.binary = GOFER_BINARY});
  }
  static constexpr std::string_view kText = "what the library has";
  path library() const { return bundle_.beside("library"); }
  path data() const { return bundle_.beside("data"); }

  base::UniqueFd donated(std::size_t attach_point, std::string_view file, uint32_t flags) {
    Client client = serving_->client(attach_point);
    auto fid = client.open(file, flags);
    EXPECT_EQ(outcome(fid), "ok");
    base::UniqueFd fd = client.take_descriptor();
    if (fid) fid->release();
    return fd;
  }

 private:
  support::Bundle bundle_;
  std::optional<support::Serving> serving_;
};

struct Trick {
  const char* what;
  std::function<long(int fd, const char* link)> perform;  // -1 and errno, as a system call
};

long reopened(const char* link, int flags) {
  base::UniqueFd fd(::open(link, flags | O_CLOEXEC, 0644));
  return fd.valid() ? 0 : -1;
}

long mapped(int fd, int protection, int later) {
  void* at = ::mmap(nullptr, 4096, protection, MAP_SHARED, fd, 0);
  if (at == MAP_FAILED) return -1;
  int done = ::mprotect(at, 4096, later);
  int error = errno;
  ::munmap(at, 4096);
  errno = error;
  return done;
}

long set_flags(int fd) {
  int flags = 0;
  if (::ioctl(fd, FS_IOC_GETFLAGS, &flags) != 0) return -1;
  flags |= FS_NODUMP_FL;
  return ::ioctl(fd, FS_IOC_SETFLAGS, &flags);
}

long copied_into(int fd) {
  base::UniqueFd zero(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
  return ::sendfile64(fd, zero.raw(), nullptr, 10);
}

const std::vector<Trick>& tricks() {
  static const std::array<timespec, 2> kTimes{timespec{1, 0}, timespec{1, 0}};
  static const std::vector<Trick> kTricks{
      {"write", [](int fd, const char*) { return ::write(fd, "x", 1); }},
      {"pwrite", [](int fd, const char*) { return ::pwrite(fd, "x", 1, 0); }},
      {"sendfile", [](int fd, const char*) { return copied_into(fd); }},
      {"ftruncate", [](int fd, const char*) { return long{::ftruncate(fd, 0)}; }},
      {"truncate", [](int, const char* link) { return long{::truncate(link, 0)}; }},
      {"fallocate", [](int fd, const char*) { return long{::fallocate(fd, 0, 0, 100)}; }},
      {"punching a hole",
       [](int fd, const char*) {
         return long{::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 10)};
       }},
      {"reopening to write", [](int, const char* link) { return reopened(link, O_WRONLY); }},
      {"reopening for both", [](int, const char* link) { return reopened(link, O_RDWR); }},
      {"reopening to cut",
       [](int, const char* link) { return reopened(link, O_RDONLY | O_TRUNC); }},
      {"reopening to append",
       [](int, const char* link) { return reopened(link, O_WRONLY | O_APPEND); }},
      {"fchmod", [](int fd, const char*) { return long{::fchmod(fd, 0777)}; }},
      {"chmod", [](int, const char* link) { return long{::chmod(link, 0777)}; }},
      {"fchown", [](int fd, const char*) { return long{::fchown(fd, 1, 1)}; }},
      {"fchownat",
       [](int fd, const char*) { return long{::fchownat(fd, "", 1, 1, AT_EMPTY_PATH)}; }},
      {"futimens", [](int fd, const char*) { return long{::futimens(fd, kTimes.data())}; }},
      {"utimensat",
       [](int, const char* link) { return long{::utimensat(-1, link, kTimes.data(), 0)}; }},
      {"mapping to write",
       [](int fd, const char*) { return mapped(fd, PROT_READ | PROT_WRITE, PROT_READ); }},
      {"making a mapping writable",
       [](int fd, const char*) { return mapped(fd, PROT_READ, PROT_READ | PROT_WRITE); }},
      {"fsetxattr",
       [](int fd, const char*) { return long{::fsetxattr(fd, "user.new", "v", 1, 0)}; }},
      {"setxattr",
       [](int, const char* link) { return long{::setxattr(link, "user.new", "v", 1, 0)}; }},
      {"fremovexattr", [](int fd, const char*) { return long{::fremovexattr(fd, "user.kept")}; }},
      {"changing inode flags", [](int fd, const char*) { return set_flags(fd); }},
      {"opening its parent",
       [](int fd, const char*) { return long{::openat(fd, "..", O_PATH | O_CLOEXEC)}; }},
      {"cloning its mount",
       [](int fd, const char*) {
         return ::syscall(SYS_open_tree, fd, "", AT_EMPTY_PATH | OPEN_TREE_CLONE);
       }},
  };
  return kTricks;
}

TEST_F(Donated, RO5_OfAReadOnlyAttachPointChangesNothingByAnyTrick) {
  support::Inventory before = support::inventory(library());
  base::UniqueFd fd = donated(kReadOnly, "book", p9::kOpenRdonly);
  ASSERT_TRUE(fd.valid());
  std::string link = "/proc/self/fd/" + std::to_string(fd.raw());
  for (const Trick& trick : tricks()) {
    errno = 0;
    EXPECT_EQ(trick.perform(fd.raw(), link.c_str()), -1) << trick.what;
    EXPECT_NE(errno, 0) << trick.what;
  }
  std::array<char, 64> room{};
  EXPECT_EQ(::pread(fd.raw(), room.data(), room.size(), 0), static_cast<ssize_t>(kText.size()));
  EXPECT_EQ(support::inventory(library()), before);
}

TEST_F(Donated, RO5_OfAReadOnlyAttachPointGetsNoSecondName) {
  support::Inventory before = support::inventory(library());
  base::UniqueFd fd = donated(kReadOnly, "book", p9::kOpenRdonly);
  ASSERT_TRUE(fd.valid());
  std::string link = "/proc/self/fd/" + std::to_string(fd.raw());
  for (const path& to : {library() / "second", data() / "second"}) {
    EXPECT_EQ(::linkat(fd.raw(), "", AT_FDCWD, to.c_str(), AT_EMPTY_PATH), -1);
    EXPECT_EQ(errno, EXDEV);
    EXPECT_EQ(::linkat(AT_FDCWD, link.c_str(), AT_FDCWD, to.c_str(), AT_SYMLINK_FOLLOW), -1);
    EXPECT_EQ(errno, EXDEV);
  }
  EXPECT_EQ(support::inventory(library()), before);
}

// The same tricks do work where writing is allowed: it is the mount that refuses them above.
TEST_F(Donated, OfAReadWriteAttachPointIsAsGoodAsOpeningTheFile) {
  base::UniqueFd fd = donated(kReadWrite, "notes", p9::kOpenRdwr);
  ASSERT_TRUE(fd.valid());
  std::string link = "/proc/self/fd/" + std::to_string(fd.raw());
  const std::set<std::string> never{"opening its parent", "cloning its mount"};
  const std::set<std::string> by_file_system{"punching a hole", "changing inode flags",
                                             "fremovexattr"};
  for (const Trick& trick : tricks()) {
    if (by_file_system.contains(trick.what)) continue;
    long done = trick.perform(fd.raw(), link.c_str());
    EXPECT_EQ(done >= 0, !never.contains(trick.what)) << trick.what << ": " << errno;
  }
  EXPECT_EQ(support::get_xattr(data() / "notes", "user.new"), "v");
}

}  // namespace
}  // namespace suite
