// Trees with mounts below them, id maps, and trees that overlap, as workers serve them.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <system_error>

#include "spec/base/worker_fd.h"
#include "tests/sandbox/child.h"
#include "tests/sandbox/prison.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tree.h"

namespace sandbox_test {
namespace {

constexpr int kRoot = base::kWorkerRoot.raw();
constexpr uid_t kUser = 65534;

std::string open_said(const char* path, int flags, mode_t mode = 0) {
  int fd = ::openat(kRoot, path, flags | O_CLOEXEC, mode);
  std::string text = said(fd);
  if (fd >= 0) ::close(fd);
  return text;
}

// A tmpfs with a file on tree/sub, in a mount namespace that ends with this process.
void mount_below(const std::filesystem::path& tree) {
  if (::unshare(CLONE_NEWNS) != 0) throw std::system_error(errno, std::generic_category());
  ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
  if (::mount("none", (tree / "sub").c_str(), "tmpfs", 0, "mode=0777") != 0)
    throw std::system_error(errno, std::generic_category());
  support::make_file(tree / "sub/below", "below", 0666);
}

class MountTree : public testing::Test {
 protected:
  MountTree() {
    support::make_directory(dir_ / "tree/sub", 0777);
    support::make_file(dir_ / "tree/sub/covered", "covered", 0666);
    options_.source = dir_ / "tree";
  }
  support::TempDir dir_;
  PrisonOptions options_;
};

TEST_F(MountTree, RecursiveReadOnlyHoldsForMountsBelow) {
  EXPECT_EQ(in_child([&] {
              mount_below(dir_ / "tree");
              options_.access = spec::Access::kReadOnly;
              Prison prison(options_, [] {
                return open_said("sub/below", O_RDONLY) + " " +
                       open_said("sub/new", O_CREAT | O_WRONLY, 0600) + " " +
                       said(::fchmodat(kRoot, "sub/below", 0600, 0));
              });
              return prison.problem() + prison.said();
            }),
            "ok EROFS EROFS");
}

TEST_F(MountTree, NotRecursiveShowsWhatIsCovered) {
  EXPECT_EQ(in_child([&] {
              mount_below(dir_ / "tree");
              options_.recursive = false;
              Prison prison(options_, [] {
                return open_said("sub/below", O_RDONLY) + " " + open_said("sub/covered", O_RDONLY);
              });
              return prison.problem() + prison.said();
            }),
            "ENOENT ok");
}

TEST_F(MountTree, AUserMayNotUncoverAndIsToldToUseRbind) {
  std::string text = in_child([&] {
    mount_below(dir_ / "tree");
    options_.recursive = false;
    options_.user = kUser;
    Prison prison(options_, [] { return "served"; });
    return prison.problem() + prison.said();
  });
  EXPECT_NE(text.find("EINVAL"), std::string::npos) << text;
  EXPECT_NE(text.find("use 'rbind'"), std::string::npos) << text;
}

TEST_F(MountTree, AUserServesMountsBelowRecursively) {
  EXPECT_EQ(in_child([&] {
              mount_below(dir_ / "tree");
              options_.user = kUser;
              options_.access = spec::Access::kReadOnly;
              Prison prison(options_, [] {
                return open_said("sub/below", O_RDONLY) + " " + open_said("sub/below", O_RDWR);
              });
              return prison.problem() + prison.said();
            }),
            "ok EROFS");
}

TEST_F(MountTree, DeviceNodesAreDead) {
  support::make_device(dir_ / "tree/null", S_IFCHR | 0666, 1, 3);
  Prison prison(options_, [] { return open_said("null", O_RDONLY); });
  EXPECT_EQ(prison.said(), "EACCES") << prison.problem();
}

TEST_F(MountTree, OneTreeIsServedReadOnlyAndReadWriteAtOnce) {
  PrisonOptions reading = options_;
  reading.access = spec::Access::kReadOnly;
  Prison writer(options_, [] { return open_said("shared", O_CREAT | O_WRONLY, 0666); });
  Prison reader(reading,
                [] { return open_said("shared", O_RDONLY) + " " + open_said("shared", O_WRONLY); });
  EXPECT_EQ(writer.said(), "ok") << writer.problem();
  EXPECT_EQ(reader.said(), "ok EROFS") << reader.problem();
}

// How many mounts a worker has after the host has mounted something below its source.
std::string mounts_after_a_later_one(PrisonOptions options) {
  return in_child([&] {
    if (::unshare(CLONE_NEWNS) != 0) return std::string("no mount namespace");
    ::mount(nullptr, "/", nullptr, MS_REC | MS_SHARED, nullptr);
    Prison prison(options, [] { return "ready"; });
    if (prison.said() != "ready") return prison.problem();
    ::mount("none", (options.source / "sub").c_str(), "tmpfs", 0, nullptr);
    std::string mounts =
        support::read_file("/proc/" + std::to_string(prison.worker()) + "/mountinfo");
    return std::to_string(std::count(mounts.begin(), mounts.end(), '\n'));
  });
}

TEST_F(MountTree, LaterMountsOfTheHostAreSeenByASlaveOnly) {
  EXPECT_EQ(mounts_after_a_later_one(options_), "1");
  options_.propagation = spec::Propagation::kUnbindable;
  EXPECT_EQ(mounts_after_a_later_one(options_), "1");
  options_.propagation = spec::Propagation::kSlave;
  EXPECT_EQ(mounts_after_a_later_one(options_), "2");
}

TEST_F(MountTree, IdsAreMappedBothWays) {
  options_.ids = {.uids = {{.container = 0, .host = 100'000, .size = 1000}},
                  .gids = {{.container = 0, .host = 200'000, .size = 1000}}};
  options_.file_ids = sandbox::FileIds{.uid = 100'000, .gid = 200'000};
  support::make_file(dir_ / "tree/old", "x");
  ASSERT_EQ(::chown((dir_ / "tree/old").c_str(), 5, 6), 0);
  Prison prison(options_, [] {
    struct stat status{};
    ::fstatat(kRoot, "old", &status, AT_SYMLINK_NOFOLLOW);
    return std::to_string(status.st_uid) + " " + std::to_string(status.st_gid) + " " +
           open_said("new", O_CREAT | O_WRONLY, 0644) + " " +
           said(::fchownat(kRoot, "old", 100'007, 200'008, AT_SYMLINK_NOFOLLOW));
  });
  ASSERT_EQ(prison.said(), "100005 200006 ok ok") << prison.problem();
  struct stat made{};
  struct stat given{};
  ASSERT_EQ(::stat((dir_ / "tree/new").c_str(), &made), 0);
  ASSERT_EQ(::stat((dir_ / "tree/old").c_str(), &given), 0);
  EXPECT_EQ(made.st_uid, 0U);
  EXPECT_EQ(made.st_gid, 0U);
  EXPECT_EQ(given.st_uid, 7U);
  EXPECT_EQ(given.st_gid, 8U);
}

TEST_F(MountTree, AWorkerWithFileIdsStillDiesWithItsLauncher) {
  options_.ids = {.uids = {{.container = 0, .host = 100'000, .size = 1000}},
                  .gids = {{.container = 0, .host = 100'000, .size = 1000}}};
  options_.file_ids = sandbox::FileIds{.uid = 100'000, .gid = 100'000};
  options_.skips.add(sandbox::Skippable::kTrace);
  Prison prison(options_, [] { return "ready"; });
  ASSERT_EQ(prison.said(), "ready") << prison.problem();
  EXPECT_TRUE(prison.end_with_launcher());
}

TEST_F(MountTree, WithoutPrivilegeAnIdMapIsRefusedNotDropped) {
  options_.ids = {.uids = {{.container = 0, .host = 100'000, .size = 1000}},
                  .gids = {{.container = 0, .host = 100'000, .size = 1000}}};
  options_.user = kUser;
  Prison prison(options_, [] { return "served"; });
  EXPECT_FALSE(prison.started());
  EXPECT_EQ(prison.problem_parts().exit, base::ExitCode::kNoPermission) << prison.problem();
  EXPECT_EQ(prison.problem_parts().step, "id map");
}

TEST_F(MountTree, OverlappingIdsAreRefused) {
  options_.ids = {.uids = {{.container = 0, .host = 100, .size = 10},
                           {.container = 5, .host = 200, .size = 10}},
                  .gids = {{.container = 0, .host = 100, .size = 10}}};
  Prison prison(options_, [] { return "served"; });
  EXPECT_FALSE(prison.started());
  EXPECT_EQ(prison.problem_parts().error, EINVAL) << prison.problem();
}

}  // namespace
}  // namespace sandbox_test
