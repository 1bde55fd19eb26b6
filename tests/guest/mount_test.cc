// Mounts as such: cache modes, message sizes, read-only, nested, twice, and gone.
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <algorithm>
#include <cerrno>
#include <sstream>
#include <string>

#include "tests/guest/mounted_tree.h"

namespace guest {
namespace {

using support::make_directory;
using support::make_file;
using support::read_file;

std::string option_of(Machine& machine, const std::string& directory, const std::string& name) {
  std::istringstream words(
      machine.run("awk -v d=" + directory + " '$2 == d { print $4 }' /proc/mounts").output);
  for (std::string word; std::getline(words, word, ',');)
    if (word.starts_with(name + "=")) return word.substr(name.size() + 1);
  return "none";
}

class MountWith : public testing::TestWithParam<MountOptions> {};

TEST_P(MountWith, ReadsAndWritesWhatTheHostSees) {
  MountedTree tree(GetParam());
  std::string text;
  for (int i = 0; text.size() < 3'000'000; ++i) text += std::to_string(i) + "\n";
  make_file(tree.host("from-host"), text);
  EXPECT_EQ(option_of(machine(), tree.guest(), "msize"), std::to_string(GetParam().msize));
  Ran ran = tree.run(
      "cat from-host > copy && sync && cmp from-host copy && rm from-host && "
      "mkdir -p a/b && mv copy a/b/moved && ls a/b");
  EXPECT_EQ(ran.output, "moved\n");
  EXPECT_TRUE(read_file(tree.host("a/b/moved")) == text);
  EXPECT_FALSE(std::filesystem::exists(tree.host("from-host")));
}

std::string name_of(const testing::TestParamInfo<MountOptions>& info) {
  return info.param.cache + std::to_string(info.param.msize);
}

INSTANTIATE_TEST_SUITE_P(Options, MountWith,
                         testing::Values(MountOptions{.cache = "none", .msize = 4096},
                                         MountOptions{.cache = "none", .msize = 65536},
                                         MountOptions{.cache = "none", .msize = 1048576},
                                         MountOptions{.cache = "mmap", .msize = 4096},
                                         MountOptions{.cache = "mmap", .msize = 65536},
                                         MountOptions{.cache = "mmap", .msize = 1048576},
                                         MountOptions{.cache = "loose", .msize = 4096},
                                         MountOptions{.cache = "loose", .msize = 65536},
                                         MountOptions{.cache = "loose", .msize = 1048576}),
                         name_of);

TEST(Mount, ReadOnlyExportAnswersErofs) {
  MountedTree tree({}, {"rbind", "ro"});
  make_file(tree.host("file"), "as it was");
  make_directory(tree.host("directory"));
  support::Inventory before = support::inventory(tree.host());
  for (const char* change : {": > new", "mkdir new", "ln -s x new", "ln file new", "mv file new",
                             "rm file", "rmdir directory", "chmod 600 file", "chown 1 file",
                             "touch file", "truncate -s 1 file", "echo x >> file", "mkfifo new"}) {
    Ran ran = tree.run(change);
    EXPECT_NE(ran.status, 0) << change;
    EXPECT_NE(ran.output.find("Read-only file system"), ran.output.npos) << change << ran.output;
  }
  EXPECT_EQ(tree.run("cat file").output, "as it was");
  EXPECT_EQ(support::inventory(tree.host()), before);
}

TEST(Mount, OneLiesInAnother) {
  support::TempDir outer;
  support::TempDir inner;
  make_directory(outer / "below");
  make_file(inner / "file", "inner");
  Server server({{.source = outer.path()}, {.source = inner.path()}});
  Mount first(machine(), server.take_client(0));
  Mount second(machine(), server.take_client(1), {}, first.where() + "/below");
  Ran ran = machine().run(
      Command{.line = "cat file; echo new > other", .directory = first.where() + "/below"});
  EXPECT_EQ(ran.output, "inner");
  EXPECT_EQ(read_file(inner / "other"), "new\n");
  EXPECT_FALSE(std::filesystem::exists(outer / "below/other"));
  EXPECT_EQ(first.unmount(), EBUSY);
}

}  // namespace
}  // namespace guest
