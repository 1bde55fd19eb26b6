// Files and directories on the mount, call by call, each compared with what the host sees.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <set>
#include <sstream>
#include <string>

#include "tests/guest/mounted_tree.h"
#include "tests/guest/steps.h"

namespace guest {
namespace {

using support::make_file;
using support::read_file;

struct stat stat_of(const path& file) {
  struct stat info{};
  EXPECT_EQ(::lstat(file.c_str(), &info), 0) << file;
  return info;
}

// In each of the client's cache modes.
class Files : public testing::TestWithParam<std::string> {
 protected:
  MountedTree tree_{MountOptions{.cache = GetParam()}};
};
std::string as_it_is(const testing::TestParamInfo<std::string>& word) {
  return word.param;
}

INSTANTIATE_TEST_SUITE_P(Cache, Files, testing::Values("none", "mmap", "loose"), as_it_is);

TEST_P(Files, AreCreatedReadWrittenRenamedAndRemoved) {
  EXPECT_EQ(tree_
                .run(steps({"open a rw,create,excl 640", "write text", "pwrite 1 ES", "fsync",
                            "stat", "rename a b", "close", "open b r", "read 10", "unlink b"}))
                .output,
            "ok\nok\nok\nok\n100640 0:0 1 4\nok\nok\nok\ntESt\nok\n");
  EXPECT_TRUE(std::filesystem::is_empty(tree_.host()));
}

TEST_P(Files, MayBeUnlinkedWhileOpen) {
  Job job = tree_.start(steps({"open f rw,create", "write one", "unlink f", "wait", "write two",
                               "truncate 5", "pwrite 0 O", "stat", "fsync", "close"}));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(job.read_line(), "ok");
  EXPECT_FALSE(std::filesystem::exists(tree_.host("f")));
  job.write("\n");
  EXPECT_EQ(job.wait().output, "ok\nok\nok\nok\n100644 0:0 0 5\nok\nok\n");
}

TEST_P(Files, MayBeRenamedOverWhileOpen) {
  make_file(tree_.host("old"), "old");
  make_file(tree_.host("new"), "new");
  Ran ran = tree_.run(steps({"open old rw", "rename new old", "read 9", "write !", "open old r",
                             "read 9", "use 0", "stat"}));
  EXPECT_EQ(ran.output, "ok\nok\nold\nok\nok\nnew\nok\n100644 0:0 0 4\n");
  EXPECT_EQ(read_file(tree_.host("old")), "new");
}

TEST_P(Files, OpenedForAppendingAreWrittenAtTheirEnd) {
  make_file(tree_.host("f"), "12");
  EXPECT_EQ(tree_.run(steps({"open f w,append", "pwrite 0 34", "write 56", "fsync"})).output,
            "ok\nok\nok\nok\n");
  EXPECT_EQ(read_file(tree_.host("f")), "123456");
}

TEST_P(Files, OpenedExclusivelyMustNotExist) {
  make_file(tree_.host("f"), "kept");
  EXPECT_EQ(tree_.run(steps({"open f rw,create,excl", "open g rw,create,excl"})).output,
            "EEXIST\nok\n");
  EXPECT_EQ(read_file(tree_.host("f")), "kept");
}

TEST_P(Files, OpenedForTruncationAreEmptied) {
  make_file(tree_.host("f"), "gone");
  EXPECT_EQ(tree_.run(steps({"open f rw,trunc", "stat"})).output, "ok\n100644 0:0 1 0\n");
  EXPECT_EQ(read_file(tree_.host("f")), "");
}

TEST_P(Files, OpenedDirectlyAreReadAndWritten) {
  EXPECT_EQ(
      tree_.run(steps({"open f rw,create,direct", "fill 8192", "stat", "open f r,direct", "use 1"}))
          .output,
      "ok\n8192\n100644 0:0 1 8192\nok\nok\n");
  EXPECT_EQ(read_file(tree_.host("f")), std::string(8192, 'x'));
}

TEST_P(Files, AreTruncatedAndExtended) {
  make_file(tree_.host("f"), "123456");
  EXPECT_EQ(tree_.run(steps({"open f rw", "truncate 3", "truncate 5", "stat"})).output,
            "ok\nok\nok\n100644 0:0 1 5\n");
  EXPECT_EQ(read_file(tree_.host("f")), std::string("123\0\0", 5));
}

TEST_P(Files, AreLargerThan4GiB) {
  EXPECT_EQ(tree_
                .run(steps({"open f rw,create", "pwrite 5000000000 far", "fsync", "stat",
                            "open f r", "seek 5000000001", "read 9"}))
                .output,
            "ok\nok\nok\n100644 0:0 1 5000000003\nok\nok\nar\n");
  EXPECT_EQ(stat_of(tree_.host("f")).st_size, 5'000'000'003);
}

TEST_P(Files, OfEveryKindAreShown) {
  support::make_fifo(tree_.host("fifo"));
  support::make_socket(tree_.host("socket"));
  support::make_symlink(tree_.host("link"), "nowhere");
  support::make_directory(tree_.host("directory"));
  EXPECT_EQ(tree_.run("stat -c '%n %F' *").output,
            "directory directory\nfifo fifo\nlink symbolic link\nsocket socket\n");
  EXPECT_EQ(tree_.run("find . -type p -o -type s | sort; rm fifo socket; ls").output,
            "./fifo\n./socket\ndirectory\nlink\n");
}

TEST_P(Files, AreFlushedToTheHostBySync) {
  EXPECT_EQ(
      tree_.run(steps({"open f rw,create", "write a", "fdatasync", "write b", "fsync"})).output,
      "ok\nok\nok\nok\nok\n");
  EXPECT_EQ(read_file(tree_.host("f")), "ab");
}

TEST_P(Files, GetTheTimesThatAreAskedFor) {
  make_file(tree_.host("f"), "x");
  EXPECT_EQ(tree_.run(steps({"times f 1000 2000"})).output, "ok\n");
  EXPECT_EQ(stat_of(tree_.host("f")).st_atim.tv_sec, 1000);
  EXPECT_EQ(stat_of(tree_.host("f")).st_mtim.tv_sec, 2000);
  EXPECT_EQ(tree_.run(steps({"times f omit 3000"})).output, "ok\n");
  EXPECT_EQ(stat_of(tree_.host("f")).st_atim.tv_sec, 1000);
  EXPECT_EQ(stat_of(tree_.host("f")).st_mtim.tv_sec, 3000);
  EXPECT_EQ(tree_.run(steps({"times f now omit"})).output, "ok\n");
  EXPECT_GT(stat_of(tree_.host("f")).st_atim.tv_sec, 1'000'000'000);
  EXPECT_EQ(stat_of(tree_.host("f")).st_mtim.tv_sec, 3000);
  EXPECT_EQ(tree_.run(steps({"times f 5 now"})).output, "ok\n");
  EXPECT_EQ(stat_of(tree_.host("f")).st_atim.tv_sec, 5);
  EXPECT_GT(stat_of(tree_.host("f")).st_mtim.tv_sec, 1'000'000'000);
}

TEST_P(Files, MayBeLinks) {
  EXPECT_EQ(tree_
                .run("echo x > f; ln f hard; ln -s f soft; readlink soft; cat soft; "
                     "stat -c %h f; ln -s /nowhere broken; cat broken 2>/dev/null || echo $?")
                .output,
            "f\nx\n2\n1\n");
  EXPECT_EQ(stat_of(tree_.host("f")).st_ino, stat_of(tree_.host("hard")).st_ino);
  EXPECT_EQ(std::filesystem::read_symlink(tree_.host("soft")), "f");
}

TEST_P(Files, ShowTheFileSystemOfTheHost) {
  struct statvfs host{};
  ASSERT_EQ(::statvfs(tree_.host().c_str(), &host), 0);
  std::istringstream out(tree_.run("stat -f -c '%l %S %b %c' .").output);
  unsigned long name_length = 0;
  unsigned long block = 0;
  unsigned long blocks = 0;
  unsigned long files = 0;
  out >> name_length >> block >> blocks >> files;
  EXPECT_EQ(name_length, host.f_namemax);
  EXPECT_EQ(block * blocks, host.f_frsize * host.f_blocks);
  EXPECT_EQ(files, host.f_files);
}

TEST_P(Files, OfAllThatWasAndStaysAreListedWhileADirectoryChanges) {
  make_file(tree_.host("stays0"));
  for (int i = 1; i < 5000; ++i) {
    std::string name = "stays" + std::to_string(i);
    ASSERT_EQ(::link(tree_.host("stays0").c_str(), tree_.host(name).c_str()), 0);
  }
  Job changes = tree_.start(
      "echo go; until [ -e stop ]; do for i in 1 2 3; do : > a$i; mv a$i b$i; rm b$i; done; done");
  EXPECT_EQ(changes.read_line(), "go");
  Ran ran = tree_.run("for i in 1 2; do ls -f | grep ^stays; done; touch stop");
  std::map<std::string, int> seen;
  std::istringstream lines(ran.output);
  for (std::string name; std::getline(lines, name);) ++seen[name];
  EXPECT_EQ(seen.size(), 5000U);
  EXPECT_TRUE(std::ranges::all_of(seen, [](const auto& name) { return name.second == 2; }));
  EXPECT_TRUE(changes.wait().ok());
}

TEST_P(Files, AreMappedIntoMemory) {
  make_file(tree_.host("f"), std::string(5000, 'a') + "end");
  EXPECT_EQ(tree_.run(steps({"open f r", "map 8192 r", "peek 5000 3"})).output, "ok\nok\nend\n");
  EXPECT_TRUE(tree_.run("cp /bin/true program && ./program").ok());
}

TEST_P(Files, MappedToBeWrittenNeedACache) {
  make_file(tree_.host("f"), std::string(5000, 'a') + "end");
  Ran ran = tree_.run(steps({"open f rw", "map 8192 rw"}));
  if (GetParam() == "none") {
    EXPECT_EQ(ran.output, "ok\nEINVAL\n");
    return;
  }
  EXPECT_EQ(
      tree_.run(steps({"open f rw", "map 8192 rw", "poke 4999 bEND", "msync", "stat"})).output,
      "ok\nok\nok\nok\n100644 0:0 1 5003\n");
  EXPECT_EQ(read_file(tree_.host("f")), std::string(4999, 'a') + "bEND");
}

// A cached page or attribute must not outlive a change that the client can see.
TEST(CacheNone, ShowsTheChangesOfTheHostAtOnce) {
  MountedTree tree;
  make_file(tree.host("f"), "one");
  EXPECT_EQ(tree.run("cat f; ls").output, "onef\n");
  make_file(tree.host("f"), "other");
  make_file(tree.host("g"), "");
  EXPECT_EQ(tree.run("cat f; ls; stat -c ' %s' f").output, "otherf\ng\n 5\n");
  std::filesystem::remove(tree.host("f"));
  EXPECT_EQ(tree.run("ls").output, "g\n");
  EXPECT_NE(tree.run("cat f").status, 0);
}

TEST(CacheNone, ShowsTheChangesOfAnotherMountAtOnce) {
  support::TempDir dir;
  Server server({{.source = dir.path()}, {.source = dir.path()}});
  Mount a(machine(), server.take_client(0));
  Mount b(machine(), server.take_client(1));
  auto in = [](const Mount& mount, const std::string& line) {
    return machine().run(Command{.line = line, .directory = mount.where()}).output;
  };
  in(a, "echo one > f; mkdir d");
  EXPECT_EQ(in(b, "cat f; ls -d d"), "one\nd\n");
  in(b, "echo two >> f; mv d e; ln f g");
  EXPECT_EQ(in(a, "cat f g; ls -d d e 2>/dev/null"), "one\ntwo\none\ntwo\ne\n");
}

}  // namespace
}  // namespace guest
