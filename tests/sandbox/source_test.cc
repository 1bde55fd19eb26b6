// What may be the source of an attach point.
#include "sandbox/source.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "sandbox/kernel_filesystems.h"
#include "tests/sandbox/child.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tree.h"

namespace sandbox_test {
namespace {

namespace fs = std::filesystem;

class Sources : public testing::Test {
 protected:
  Sources() {
    support::make_directory(real() / "dir/below");
    support::make_file(real() / "file");
    support::make_symlink(real() / "link", "dir");
    support::make_symlink(real() / "loop", "loop");
  }
  fs::path real() const { return fs::canonical(dir_.path()); }
  static spec::AttachPoint point(const fs::path& source) {
    return {.where = "/mounts/3", .destination = "/x", .source = source.string()};
  }
  static base::Problem refusal(const spec::AttachPoint& point,
                               const sandbox::SourcePolicy& policy = {}) {
    auto source = sandbox::open_source(point, policy);
    EXPECT_FALSE(source) << "accepted " << point.source;
    return source ? base::Problem{} : source.error();
  }
  support::TempDir dir_;
};

TEST_F(Sources, DirectoriesAndFilesAreOpened) {
  auto directory = sandbox::open_source(point(real() / "dir"), {});
  auto file = sandbox::open_source(point(real() / "file"), {});
  ASSERT_TRUE(directory && file);
  EXPECT_TRUE(directory->is_directory);
  EXPECT_FALSE(file->is_directory);
  EXPECT_EQ(directory->real_path, real() / "dir");
  EXPECT_TRUE(directory->notes.empty());
}

TEST_F(Sources, ASymbolicLinkIsFollowedOnceAndNoted) {
  auto source = sandbox::open_source(point(real() / "link"), {});
  ASSERT_TRUE(source);
  EXPECT_EQ(source->real_path, real() / "dir");
  ASSERT_EQ(source->notes.size(), 1U);
  EXPECT_NE(source->notes[0].find("is really '" + (real() / "dir").string() + "'"),
            std::string::npos);
}

TEST_F(Sources, AnUncleanPathIsNoLink) {
  auto source = sandbox::open_source(point(real().string() + "//dir/./below/"), {});
  ASSERT_TRUE(source);
  EXPECT_TRUE(source->notes.empty());
}

TEST_F(Sources, StrictRefusesASymbolicLink) {
  base::Problem problem = refusal(point(real() / "link"), {.strict = true});
  EXPECT_EQ(problem.exit, base::ExitCode::kBadSpec);
  EXPECT_EQ(problem.error, ELOOP);
  EXPECT_EQ(problem.where, "/mounts/3");
}

struct BadSource {
  const char* name;
  const char* path;
  int error;
};

class MissingSource : public Sources, public testing::WithParamInterface<BadSource> {};

TEST_P(MissingSource, IsTheSpecsFault) {
  base::Problem problem = refusal(point(real() / GetParam().path));
  EXPECT_EQ(problem.exit, base::ExitCode::kBadSpec);
  EXPECT_EQ(base::errno_name(problem.error), base::errno_name(GetParam().error));
  EXPECT_EQ(problem.where, "/mounts/3");
}

INSTANTIATE_TEST_SUITE_P(All, MissingSource,
                         testing::Values(BadSource{"Missing", "nothing", ENOENT},
                                         BadSource{"ThroughAFile", "file/x", ENOTDIR},
                                         BadSource{"Loop", "loop", ELOOP}),
                         [](const testing::TestParamInfo<BadSource>& bad) {
                           return std::string(bad.param.name);
                         });

TEST_F(Sources, SpecialFilesAreRefusedByKind) {
  support::make_fifo(real() / "fifo");
  support::make_socket(real() / "socket");
  support::make_device(real() / "char", S_IFCHR | 0666, 1, 3);
  support::make_device(real() / "block", S_IFBLK | 0666, 7, 200);
  const std::pair<const char*, const char*> kinds[] = {{"fifo", "a FIFO"},
                                                       {"socket", "a socket"},
                                                       {"char", "a character device"},
                                                       {"block", "a block device"}};
  for (const auto& [name, kind] : kinds) {
    base::Problem problem = refusal(point(real() / name));
    EXPECT_EQ(problem.exit, base::ExitCode::kBadSpec);
    EXPECT_NE(problem.what.find(kind), std::string::npos) << problem.what;
  }
}

TEST_F(Sources, TheRootOfAContainerIsADirectory) {
  spec::AttachPoint root = point(real() / "file");
  root.destination = "/";
  EXPECT_NE(refusal(root).what.find("is a file"), std::string::npos);
}

TEST_F(Sources, KernelFileSystemsAreRefusedUnlessAllowed) {
  for (const char* path : {"/proc", "/proc/sys", "/sys", "/sys/kernel", "/proc/self/status"}) {
    EXPECT_EQ(refusal(point(path)).exit, base::ExitCode::kBadSpec) << path;
    EXPECT_TRUE(sandbox::open_source(point(path), {.allow_kernel_fs = true})) << path;
  }
}

TEST_F(Sources, MagicLinksAreNotFollowed) {
  EXPECT_EQ(refusal(point("/proc/self/cwd")).error, ELOOP);
  EXPECT_EQ(refusal(point("/proc/self/root/tmp")).error, ELOOP);
}

TEST_F(Sources, ARecursiveSourceWithAKernelFileSystemBelowIsRefused) {
  spec::AttachPoint host = point("/");
  EXPECT_TRUE(sandbox::open_source(host, {}));
  host.recursive = true;
  base::Problem problem = refusal(host);
  EXPECT_NE(problem.what.find("mounted below the source"), std::string::npos) << problem.what;
  EXPECT_NE(problem.expected.find("'bind'"), std::string::npos) << problem.expected;
}

TEST_F(Sources, OneThatMayNotBeReachedIsAQuestionOfPermission) {
  support::make_directory(real() / "closed/in", 0755);
  ASSERT_EQ(::chmod((real() / "closed").c_str(), 0700), 0);
  EXPECT_EQ(in_child([&] {
              become_user(65534);
              base::Problem problem = refusal(point(real() / "closed/in"));
              return std::to_string(static_cast<int>(problem.exit));
            }),
            "77");
}

TEST_F(Sources, OverlapsOfDifferentAccessAreNoted) {
  std::vector<spec::AttachPoint> points = {point(real()), point(real() / "link/below"),
                                           point(real() / "file"), point(real() / "dir/below")};
  for (std::size_t i = 0; i < points.size(); ++i) points[i].where = "/mounts/" + std::to_string(i);
  points[0].access = spec::Access::kReadOnly;
  points[3].access = spec::Access::kReadOnly;
  std::vector<sandbox::Source> sources;
  for (const auto& each : points) sources.push_back(*sandbox::open_source(each, {}));
  auto notes = sandbox::overlap_notes(sources, points);
  ASSERT_EQ(notes.size(), 3U);
  EXPECT_TRUE(notes[0].starts_with("/mounts/1")) << notes[0];
  EXPECT_NE(notes[0].find("lies inside that of /mounts/0"), std::string::npos) << notes[0];
  EXPECT_NE(notes[1].find("is also that of /mounts/3"), std::string::npos) << notes[1];
  EXPECT_TRUE(notes[2].starts_with("/mounts/2")) << notes[2];
}

TEST_F(Sources, OverlapsOfTheSameAccessAreNot) {
  std::vector<spec::AttachPoint> points = {point(real()), point(real() / "dir")};
  std::vector<sandbox::Source> sources;
  for (const auto& each : points) sources.push_back(*sandbox::open_source(each, {}));
  EXPECT_TRUE(sandbox::overlap_notes(sources, points).empty());
}

TEST(KernelFilesystems, AreFoundInMountinfoBelowADirectory) {
  constexpr std::string_view kMounts =
      "22 27 0:21 / /proc rw - proc proc rw\n"
      "27 1 254:0 / / rw shared:1 master:2 - ext4 /dev/vda rw\n"
      "30 27 0:30 / /srv/with\\040space/sys rw - sysfs sysfs rw\n"
      "31 27 0:31 / /srvother/sys rw - sysfs sysfs rw\n"
      "32 27 0:32 / /srv/data rw - tmpfs proc rw\n"
      "33 27 0:33 / /srv/home rw - autofs /etc/auto.home rw\n";
  auto all = sandbox::kernel_mounts_below(kMounts, "/");
  EXPECT_EQ(all.size(), 4U);
  auto some = sandbox::kernel_mounts_below(kMounts, "/srv");
  ASSERT_EQ(some.size(), 2U);
  EXPECT_EQ(some[0].path, "/srv/with space/sys");
  EXPECT_EQ(some[0].type, "sysfs");
  EXPECT_EQ(some[1].type, "autofs");
  EXPECT_TRUE(sandbox::kernel_mounts_below(kMounts, "/srv/data").empty());
  EXPECT_EQ(sandbox::kernel_mounts_below(kMounts, "/proc").size(), 1U);
}

}  // namespace
}  // namespace sandbox_test
