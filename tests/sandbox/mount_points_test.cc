// Where destinations end up inside a root file system that nobody trusts.
#include "sandbox/mount_points.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/sandbox/child.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tree.h"

namespace sandbox_test {
namespace {

namespace fs = std::filesystem;
using sandbox::Missing;
using sandbox::MountPointRequest;

// A root file system with a host around it.
class MountPoints : public testing::Test {
 protected:
  MountPoints() {
    support::make_directory(dir_ / "host/rootfs");
    support::make_file(dir_ / "host/secret", "secret");
    add("/", "host/rootfs");
  }

  // What a request's tree is: a path below the host's directory.
  void add(std::string destination, const char* source) {
    fds_.push_back(support::open_path(dir_ / source));
    requests_.push_back({.where = "/mounts/" + std::to_string(requests_.size() - 1),
                         .destination = std::move(destination),
                         .tree = fds_.back(),
                         .is_directory = fs::is_directory(dir_ / source)});
  }
  base::Outcome<std::vector<sandbox::MountPoint>> resolve(Missing missing = Missing::kCreate) {
    return sandbox::resolve_mount_points(requests_, missing);
  }
  // The last request's destination, or what was wrong with it.
  std::string last(Missing missing = Missing::kCreate) {
    auto points = resolve(missing);
    return points ? points->back().destination : base::to_line(points.error());
  }
  base::Problem problem() {
    auto points = resolve();
    EXPECT_FALSE(points) << points->back().destination;
    return points ? base::Problem{} : points.error();
  }
  fs::path root(const char* below) const { return dir_ / "host/rootfs" / below; }

  support::TempDir dir_;
  std::vector<base::UniqueFd> fds_;
  std::vector<MountPointRequest> requests_;
};

struct Linked {
  const char* name;
  const char* link;         // a symbolic link in the root ...
  const char* target;       // ... and where it leads
  const char* destination;  // asked for
  const char* resolved;
};

class ThroughLinks : public MountPoints, public testing::WithParamInterface<Linked> {};

TEST_P(ThroughLinks, StaysInsideTheRoot) {
  const Linked& linked = GetParam();
  support::make_symlink(root(linked.link), linked.target);
  support::make_directory(dir_ / "host/source");
  auto before = support::inventory(dir_ / "host/source");
  add(linked.destination, "host/source");
  EXPECT_EQ(last(), linked.resolved);
  EXPECT_TRUE(fs::is_directory(root(linked.resolved + 1)));
  EXPECT_EQ(support::inventory(dir_ / "host/source"), before);
  std::size_t entries = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator(dir_ / "host")) ++entries;
  EXPECT_EQ(entries, 3U) << "rootfs, secret and source, and nothing beside them";
}

INSTANTIATE_TEST_SUITE_P(
    All, ThroughLinks,
    testing::Values(Linked{"None", "unused", "x", "/data/set", "/data/set"},
                    Linked{"VarRun", "var/run", "/run", "/var/run/app", "/run/app"},
                    Linked{"Relative", "a/b", "../c", "/a/b/d", "/c/d"},
                    Linked{"AbsoluteToTheHost", "mnt", "/", "/mnt/x", "/x"},
                    Linked{"UpAndOut", "a", "../../..", "/a/etc", "/etc"},
                    Linked{"DeepUpAndOut", "a/b/c", "../../../../../host", "/a/b/c/x", "/host/x"},
                    Linked{"Last", "last", "/elsewhere", "/last", "/elsewhere"},
                    Linked{"Dots", "dots", "./x/../y/.", "/dots/z", "/y/z"}),
    [](const testing::TestParamInfo<Linked>& linked) { return std::string(linked.param.name); });

TEST_F(MountPoints, TheRootIsAtTheRoot) {
  EXPECT_EQ(last(), "/");
}

TEST_F(MountPoints, MissingDirectoriesAreMadeAndListed) {
  support::make_directory(dir_ / "host/source");
  add("/a/b/c", "host/source");
  mode_t old = ::umask(077);
  auto points = resolve();
  ::umask(old);
  ASSERT_TRUE(points);
  EXPECT_EQ(points->back().made, (std::vector<std::string>{"/a", "/a/b", "/a/b/c"}));
  for (const char* made : {"a", "a/b", "a/b/c"})
    EXPECT_EQ(fs::status(root(made)).permissions(), fs::perms(0755)) << made;
}

TEST_F(MountPoints, AMissingFileIsMadeEmptyForAFile) {
  support::make_file(dir_ / "host/resolv.conf", "nameserver");
  add("/etc/resolv.conf", "host/resolv.conf");
  EXPECT_EQ(last(), "/etc/resolv.conf");
  EXPECT_EQ(fs::file_size(root("etc/resolv.conf")), 0U);
  EXPECT_EQ(fs::status(root("etc/resolv.conf")).permissions(), fs::perms(0644));
}

TEST_F(MountPoints, WhatExistsIsLeftAlone) {
  support::make_directory(dir_ / "host/source");
  support::make_directory(root("data"), 0700);
  auto before = support::inventory(dir_ / "host");
  add("/data", "host/source");
  auto points = resolve();
  ASSERT_TRUE(points);
  EXPECT_TRUE(points->back().made.empty());
  EXPECT_EQ(support::inventory(dir_ / "host"), before);
}

TEST_F(MountPoints, CheckChangesNothingAndSaysWhatIsMissing) {
  support::make_directory(dir_ / "host/source");
  support::make_symlink(root("var/run"), "/run");
  auto before = support::inventory(dir_ / "host");
  add("/var/run/a/b", "host/source");
  add("/var/run/a/b/c", "host/source");
  auto points = resolve(Missing::kReport);
  ASSERT_TRUE(points) << base::to_line(points.error());
  EXPECT_EQ((*points)[1].destination, "/run/a/b");
  EXPECT_EQ((*points)[1].made, (std::vector<std::string>{"/run", "/run/a", "/run/a/b"}));
  EXPECT_EQ((*points)[2].destination, "/run/a/b/c");
  EXPECT_EQ((*points)[2].made, (std::vector<std::string>{"/run/a/b/c"}));
  EXPECT_EQ(support::inventory(dir_ / "host"), before);
}

TEST_F(MountPoints, BelowAMountTheMountPointIsMadeInItsSource) {
  support::make_directory(dir_ / "host/outer");
  support::make_directory(dir_ / "host/inner");
  add("/data", "host/outer");
  add("/data/in", "host/inner");
  EXPECT_EQ(last(), "/data/in");
  EXPECT_TRUE(fs::is_directory(dir_ / "host/outer/in"));
  EXPECT_FALSE(fs::exists(root("data/in")));
}

TEST_F(MountPoints, ALinkInAMountIsRelativeToTheContainersRoot) {
  support::make_directory(dir_ / "host/outer");
  support::make_symlink(dir_ / "host/outer/up", "../etc");
  support::make_directory(dir_ / "host/inner");
  add("/data", "host/outer");
  add("/data/up/x", "host/inner");
  EXPECT_EQ(last(), "/etc/x");
  EXPECT_TRUE(fs::is_directory(root("etc/x")));
  EXPECT_FALSE(fs::exists(dir_ / "host/etc"));
}

TEST_F(MountPoints, ALaterMountHidesAnEarlierOneBelowIt) {
  for (const char* source : {"host/inner", "host/outer", "host/third"})
    support::make_directory(dir_ / source);
  add("/a/b", "host/inner");
  add("/a", "host/outer");
  add("/a/b/c", "host/third");
  EXPECT_EQ(last(), "/a/b/c");
  EXPECT_TRUE(fs::is_directory(dir_ / "host/outer/b/c"));
  EXPECT_FALSE(fs::exists(dir_ / "host/inner/c"));
}

struct Refused {
  const char* name;
  const char* destination;
  const char* source;
  int error;
  const char* says;
};

class RefusedMountPoint : public MountPoints, public testing::WithParamInterface<Refused> {};

TEST_P(RefusedMountPoint, IsNamedWithItsReason) {
  support::make_directory(dir_ / "host/dir");
  support::make_file(dir_ / "host/file");
  support::make_directory(root("dir"));
  support::make_file(root("file"));
  support::make_symlink(root("loop"), "loop");
  support::make_symlink(root("ping"), "/pong");
  support::make_symlink(root("pong"), "ping");
  support::make_symlink(root("self"), "/");
  add(GetParam().destination, GetParam().source);
  base::Problem found = problem();
  EXPECT_EQ(found.exit, base::ExitCode::kBadSpec);
  EXPECT_EQ(found.where, "/mounts/0");
  EXPECT_EQ(base::errno_name(found.error), base::errno_name(GetParam().error));
  EXPECT_NE(found.what.find(GetParam().says), std::string::npos) << found.what;
}

INSTANTIATE_TEST_SUITE_P(
    All, RefusedMountPoint,
    testing::Values(Refused{"Loop", "/loop/x", "host/dir", ELOOP, "symbolic links"},
                    Refused{"LastIsALoop", "/loop", "host/dir", ELOOP, "symbolic links"},
                    Refused{"TwoInALoop", "/ping", "host/dir", ELOOP, "more than 40"},
                    Refused{"FileOnDirectory", "/dir", "host/file", EISDIR,
                            "the source is a file, but '/dir' is a directory"},
                    Refused{"DirectoryOnFile", "/file", "host/dir", ENOTDIR,
                            "the source is a directory, but '/file' is a file"},
                    Refused{"ThroughAFile", "/file/x", "host/dir", ENOTDIR, "'/file' is a file"},
                    Refused{"TheRootItself", "/self", "host/dir", EBUSY, "root of the container"},
                    Refused{"AboveTheRoot", "/dir/../..", "host/dir", EBUSY,
                            "root of the container"}),
    [](const testing::TestParamInfo<Refused>& refused) { return std::string(refused.param.name); });

TEST_F(MountPoints, LinksOfProcAreMagicAndRefused) {
  support::make_directory(dir_ / "host/source");
  fds_.push_back(support::open_path("/proc"));
  requests_.push_back({.where = "/mounts/0", .destination = "/proc", .tree = fds_.back()});
  add("/proc/self/root/tmp/x", "host/source");
  EXPECT_EQ(problem().error, ELOOP);
}

TEST_F(MountPoints, APathThatIsTooLongIsTheKernelsBusiness) {
  support::make_directory(dir_ / "host/source");
  add("/" + std::string(256, 'x'), "host/source");
  EXPECT_EQ(problem().error, ENAMETOOLONG);
}

TEST_F(MountPoints, AUserWithoutTheRightToMakeOneIsTold) {
  support::make_directory(dir_ / "host/source");
  add("/new", "host/source");
  std::string text = in_child([&] {
    become_user(65534);
    auto points = resolve();
    return points ? "made"
                  : std::to_string(static_cast<int>(points.error().exit)) + " " +
                        base::to_line(points.error());
  });
  EXPECT_TRUE(text.starts_with("77 mount point: /mounts/0: the mount point '/new' is missing"))
      << text;
}

// Somebody exchanges a directory on the way for a link to the host, over and over.
TEST_F(MountPoints, M2_ARaceNeverLeadsOutside) {
  support::make_directory(root("a/b"));
  support::make_symlink(root("a/out"), (dir_ / "host").string());
  support::make_symlink(root("a/up"), "../../..");
  support::make_directory(dir_ / "host/source");
  auto entries = [&] { return support::contents(dir_ / "host/source").size(); };
  std::atomic<bool> done = false;
  std::thread attacker([&] {
    for (bool out = true; !done; out = !out)
      support::exchange(root("a/b"), root(out ? "a/out" : "a/up"));
  });
  int inside = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string name = "m" + std::to_string(round % 7);
    std::vector<MountPointRequest> requests = {requests_[0],
                                               {.where = "/mounts/0",
                                                .destination = "/a/b/" + name,
                                                .tree = requests_[0].tree,
                                                .is_directory = round % 2 == 0}};
    if (sandbox::resolve_mount_points(requests, Missing::kCreate)) ++inside;
    EXPECT_FALSE(fs::exists(dir_ / "host" / name));
    EXPECT_FALSE(fs::exists(dir_ / name));
  }
  done = true;
  attacker.join();
  EXPECT_GT(inside, 0);
  EXPECT_EQ(entries(), 1U);
  EXPECT_EQ(support::read_file(dir_ / "host/secret"), "secret");
}

}  // namespace
}  // namespace sandbox_test
