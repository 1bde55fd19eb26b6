// Programs that know nothing of 9P (tests/guest/workloads), run on a mount in the guest and on the
// host's own file system, with the trees that they leave compared entry by entry.
#include <gtest/gtest.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iterator>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include "tests/guest/mounted_tree.h"
#include "tests/support/gofer_process.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tree.h"

namespace guest {
namespace {

// Enough for a million random operations on a loaded machine, if they are asked for.
constexpr std::chrono::hours kLongest{2};

std::string from_environment(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : value;
}

// What a workload is told besides its directory. Without write-back, v9fs has no writable shared
// maps.
std::vector<std::string> settings(bool shared_maps) {
  return {"WORKLOAD_TORTURE=" TORTURE,
          "WORKLOAD_OPS=" + from_environment("GOFER_GUEST_OPS", "5000"),
          "WORKLOAD_SEED=" + from_environment("GOFER_GUEST_SEED", "1"),
          std::string("WORKLOAD_SHARED_MAPS=") + (shared_maps ? "yes" : "no")};
}

std::string script(const std::string& workload) {
  return std::filesystem::absolute("tests/guest/workloads/" + workload + ".sh");
}

std::string on_host(std::vector<std::string> words, std::vector<std::string> environment = {}) {
  support::Process process({.words = std::move(words),
                            .inherited = {},
                            .environment = std::move(environment),
                            .user = {}});
  support::End end = process.wait(kLongest);
  if (end != support::End{.status = 0})
    throw std::runtime_error("on the host: " + process.out() + process.err());
  return process.out();
}

std::string digest(const path& tree, const std::vector<std::string>& options = {}) {
  std::vector<std::string> words{TREE_DIGEST};
  words.insert(words.end(), options.begin(), options.end());
  words.push_back(tree);
  return on_host(std::move(words));
}

// The lines that only one of the two has, or nothing.
std::string difference(const std::string& one, const std::string& other) {
  auto lines = [](const std::string& text) {
    std::vector<std::string> all;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) all.push_back(line);
    std::ranges::sort(all);
    return all;
  };
  std::vector<std::string> left = lines(one);
  std::vector<std::string> right = lines(other);
  std::ostringstream all;
  std::vector<std::string> only;
  std::ranges::set_difference(left, right, std::back_inserter(only));
  for (const std::string& line : only) all << "- " << line << '\n';
  only.clear();
  std::ranges::set_difference(right, left, std::back_inserter(only));
  for (const std::string& line : only) all << "+ " << line << '\n';
  return all.str();
}

// Times as well, for the workload that gives each file its own.
std::vector<std::string> digest_options(const std::string& workload) {
  return workload == "tar" ? std::vector<std::string>{"--mtime"} : std::vector<std::string>{};
}

// What the workload leaves on the host's file system. Run once, however many mounts it is for.
const std::string& reference(const std::string& workload, bool shared_maps) {
  static std::map<std::pair<std::string, bool>, std::string> known;
  std::string& result = known[{workload, shared_maps}];
  if (!result.empty()) return result;
  support::TempDir tree;
  on_host({"/bin/bash", script(workload), tree.path()}, settings(shared_maps));
  return result = digest(tree.path(), digest_options(workload));
}

// --- the comparison -----------------------------------------------------------------------------

// Runs it on a mount, and expects what the host gives.
void compare(const std::string& workload, const MountOptions& options) {
  if (::geteuid() != 0) GTEST_SKIP() << "owners are compared, too, and giving them needs root";
  bool shared_maps = options.cache != "none";
  MountedTree tree(options);
  std::string line = "exec env";
  for (const std::string& setting : settings(shared_maps)) line += " " + setting;
  Ran ran = tree.run(Command{.line = line + " " + script(workload) + " .", .timeout = kLongest});
  ASSERT_TRUE(ran.ok()) << testing::PrintToString(ran);

  // What the client has not written yet is written, what it remembers is forgotten.
  ASSERT_TRUE(machine().run("sync && echo 3 >/proc/sys/vm/drop_caches").ok());
  Ran seen = tree.run(TREE_DIGEST " --mtime --ctime .");
  ASSERT_TRUE(seen.ok()) << testing::PrintToString(seen);
  EXPECT_EQ(difference(digest(tree.host(), {"--mtime", "--ctime"}), seen.output), "")
      << "The guest (+) sees another tree than is there (-).";
  EXPECT_EQ(
      difference(reference(workload, shared_maps), digest(tree.host(), digest_options(workload))),
      "")
      << "The mount (+) has been given another tree than the host (-).";
}

class OnTheMount : public testing::TestWithParam<std::tuple<std::string, std::string>> {};

TEST_P(OnTheMount, GivesWhatTheHostGives) {
  auto [workload, cache] = GetParam();
  compare(workload, {.cache = cache, .more = "locktimeout=1"});
}

INSTANTIATE_TEST_SUITE_P(Workloads, OnTheMount,
                         testing::Combine(testing::Values("git", "make", "sqlite", "tar", "fio",
                                                          "stress", "torture"),
                                          testing::Values("none", "mmap", "loose")),
                         [](const auto& which) {
                           return std::get<0>(which.param) + "_cache_" + std::get<1>(which.param);
                         });

TEST(InTheSmallestFrames, TarGivesWhatTheHostGives) {
  compare("tar", {.cache = "loose", .msize = 4096});
}

TEST(InTheSmallestFrames, TortureGivesWhatTheHostGives) {
  compare("torture", {.cache = "none", .msize = 4096});
}

// --- what it compares with ----------------------------------------------------------------------

struct Change {
  const char* what;
  void (*make)(const path& tree);
};

class TreeDigest : public testing::TestWithParam<Change> {
 protected:
  TreeDigest() {
    support::make_file(tree_ / "a" / "file", "content");
    support::make_symlink(tree_ / "a" / "link", "file");
    std::filesystem::create_hard_link(tree_ / "a" / "file", tree_ / "hard");
    support::make_file(tree_ / "other", "content");
  }
  support::TempDir tree_;
};

TEST_P(TreeDigest, SeesTheDifference) {
  if (::geteuid() != 0) GTEST_SKIP() << "changing owners needs root";
  std::string before = digest(tree_.path());
  EXPECT_EQ(digest(tree_.path()), before);
  GetParam().make(tree_.path());
  EXPECT_NE(difference(before, digest(tree_.path())), "");
}

const Change kChanges[] = {
    {"Content", [](const path& tree) { support::make_file(tree / "other", "Content"); }},
    {"Size", [](const path& tree) { std::filesystem::resize_file(tree / "other", 6); }},
    {"Mode", [](const path& tree) { support::make_file(tree / "other", "content", 0600); }},
    {"Owner", [](const path& tree) { ASSERT_EQ(::chown((tree / "a").c_str(), 1, 2), 0); }},
    {"Name", [](const path& tree) { std::filesystem::rename(tree / "a", tree / "b"); }},
    {"Removal", [](const path& tree) { std::filesystem::remove(tree / "a" / "link"); }},
    {"LinkTarget",
     [](const path& tree) {
       std::filesystem::remove(tree / "a" / "link");
       support::make_symlink(tree / "a" / "link", "FILE");
     }},
    {"HardLink",
     [](const path& tree) {
       std::filesystem::remove(tree / "hard");
       std::filesystem::create_hard_link(tree / "other", tree / "hard");
     }},
    {"ExtendedAttribute",
     [](const path& tree) { ASSERT_EQ(::setxattr((tree / "a").c_str(), "user.x", "y", 1, 0), 0); }},
};

INSTANTIATE_TEST_SUITE_P(Of, TreeDigest, testing::ValuesIn(kChanges),
                         [](const auto& which) { return which.param.what; });

TEST(TreeDigestOfTimes, IsAnotherIfAFileIsNewer) {
  support::TempDir tree;
  support::make_file(tree / "file", "content");
  std::string before = digest(tree.path());
  std::string before_in_time = digest(tree.path(), {"--mtime"});
  std::filesystem::last_write_time(tree / "file", {});
  EXPECT_EQ(digest(tree.path()), before);
  EXPECT_NE(digest(tree.path(), {"--mtime"}), before_in_time);
}

TEST(Torture, NamesTheSeedAndTheOperationsBeforeAFailure) {
  support::TempDir tree;
  // A file system on which no file grows beyond 32 KiB.
  support::Process torture(
      {.words = {"/bin/bash", "-c",
                 "trap '' XFSZ; ulimit -f 32; exec " TORTURE " --seed 7 " + tree.path().native()},
       .inherited = {},
       .environment = {},
       .user = {}});
  EXPECT_EQ(torture.wait(), support::End{.status = 1});
  EXPECT_NE(torture.out().find("FAILED with seed 7 in the last of these operations: "
                               "pwrite: File too large\n"),
            std::string::npos)
      << torture.out();
}

}  // namespace
}  // namespace guest
