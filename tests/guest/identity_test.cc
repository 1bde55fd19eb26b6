// Whom files belong to, and what chown, write and truncate do to set-id bits.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "tests/guest/mounted_tree.h"
#include "tests/guest/steps.h"

namespace guest {
namespace {

using support::make_directory;
using support::make_file;

// Without root gofer and this harness are in user namespaces with one user each.
constexpr const char* kOneUser = "needs root: files of several users";

const User kUser{.uid = 1000, .gid = 1001, .groups = {1002}};

// "1000:1001 644" and the like.
std::string owner_of(const path& file) {
  struct stat info{};
  EXPECT_EQ(::lstat(file.c_str(), &info), 0) << file;
  char mode[8];
  std::snprintf(mode, sizeof mode, " %o", info.st_mode & 07777U);
  return std::to_string(info.st_uid) + ":" + std::to_string(info.st_gid) + mode;
}

void give(const path& file, uid_t uid, gid_t gid, mode_t mode) {
  EXPECT_EQ(::lchown(file.c_str(), uid, gid), 0);
  EXPECT_EQ(::chmod(file.c_str(), mode), 0);
}

class Identity : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << kOneUser;
  }
  Identity() { EXPECT_TRUE(tree_.run("chmod 777 .").ok()); }
  MountedTree tree_{MountOptions{.access = GetParam()}};
};
std::string as_it_is(const testing::TestParamInfo<std::string>& word) {
  return word.param;
}

INSTANTIATE_TEST_SUITE_P(Access, Identity, testing::Values("client", "user"), as_it_is);

TEST_P(Identity, WhatAUserMakesBelongsToThatUserAndGroup) {
  Ran ran = tree_.run("umask 027; : > file; mkdir directory; ln -s x link; mkfifo fifo", kUser);
  EXPECT_NE(ran.output.find("fifo"), ran.output.npos) << ran.output;  // not without an option
  EXPECT_EQ(owner_of(tree_.host("file")), "1000:1001 640");
  EXPECT_EQ(owner_of(tree_.host("directory")), "1000:1001 750");
  EXPECT_EQ(owner_of(tree_.host("link")), "1000:1001 777");
  tree_.run(": > roots");
  EXPECT_EQ(owner_of(tree_.host("roots")), "0:0 644");
}

TEST_P(Identity, SetGidDirectoriesHandTheirGroupOn) {
  make_directory(tree_.host("shared"));
  give(tree_.host("shared"), 1000, 1002, 02775);
  EXPECT_TRUE(tree_.run("cd shared; : > file; mkdir directory; : > directory/deep", kUser).ok());
  EXPECT_EQ(owner_of(tree_.host("shared/file")), "1000:1002 644");
  EXPECT_EQ(owner_of(tree_.host("shared/directory")), "1000:1002 2755");
  EXPECT_EQ(owner_of(tree_.host("shared/directory/deep")), "1000:1002 644");
}

TEST_P(Identity, PermissionsHoldInTheGuest) {
  make_file(tree_.host("secret"), "x", 0600);
  make_directory(tree_.host("closed"), 0700);
  EXPECT_NE(tree_.run("cat secret", kUser).status, 0);
  EXPECT_NE(tree_.run("ls closed", kUser).status, 0);
  EXPECT_NE(tree_.run("chmod 644 secret", kUser).status, 0);
  EXPECT_NE(tree_.run("chown 1000 secret", kUser).status, 0);
  EXPECT_TRUE(tree_.run("cat secret; ls closed").ok());
}

TEST_P(Identity, AGroupOfTheUserCounts) {
  make_file(tree_.host("group"), "x", 0640);
  give(tree_.host("group"), 0, 1002, 0640);
  EXPECT_EQ(tree_.run("cat group", kUser).output, "x");
}

TEST_P(Identity, AWriteOfAUserTakesSetIdBits) {
  make_file(tree_.host("f"), "text");
  give(tree_.host("f"), 0, 0, 06777);
  EXPECT_EQ(tree_.run(steps({"open f w", "write x"}), kUser).output, "ok\nok\n");
  EXPECT_EQ(owner_of(tree_.host("f")), "0:0 777");
}

TEST_P(Identity, ATruncateOfAUserTakesSetIdBits) {
  make_file(tree_.host("f"), "text");
  give(tree_.host("f"), 0, 0, 06777);
  EXPECT_EQ(tree_.run(steps({"open f w", "truncate 1"}), kUser).output, "ok\nok\n");
  EXPECT_EQ(owner_of(tree_.host("f")), "0:0 777");
}

TEST_P(Identity, AWriteOfRootKeepsSetIdBits) {
  make_file(tree_.host("f"), "text");
  give(tree_.host("f"), 1000, 1001, 06777);
  EXPECT_EQ(tree_.run(steps({"open f w", "write x"})).output, "ok\nok\n");
  EXPECT_EQ(owner_of(tree_.host("f")), "1000:1001 6777");
}

TEST_P(Identity, ChownTakesSetIdBits) {
  make_file(tree_.host("f"), "text");
  give(tree_.host("f"), 1000, 1001, 06755);
  EXPECT_TRUE(tree_.run("chgrp 1002 f", kUser).ok());
  EXPECT_EQ(owner_of(tree_.host("f")), "1000:1002 755");
  give(tree_.host("f"), 1000, 1001, 06755);
  EXPECT_TRUE(tree_.run("chown 5:6 f").ok());
  EXPECT_EQ(owner_of(tree_.host("f")), "5:6 755");
}

TEST_P(Identity, OneOfOwnerAndGroupCanBeChangedAlone) {
  make_file(tree_.host("f"), "text");
  EXPECT_TRUE(tree_.run("chown 7 f; chgrp 8 f; chown -h 9:10 f").ok());
  EXPECT_EQ(owner_of(tree_.host("f")), "9:10 644");
  EXPECT_EQ(tree_.run(steps({"open f r", "chown 4294967295 11", "chown 12 4294967295"})).output,
            "ok\nok\nok\n");
  EXPECT_EQ(owner_of(tree_.host("f")), "12:11 644");
}

TEST(IdentityWithAccessAny, EverythingBelongsToTheServersUser) {
  if (::geteuid() != 0) GTEST_SKIP() << kOneUser;
  MountedTree tree({.access = "any"});
  EXPECT_TRUE(tree.run("chmod 777 .").ok());
  EXPECT_EQ(tree.run(": > f", kUser).output, "");
  EXPECT_EQ(owner_of(tree.host("f")), "0:1001 644");
}

TEST(IdentityWithOneUser, NobodyElseIsLetIn) {
  if (::geteuid() != 0) GTEST_SKIP() << kOneUser;
  support::TempDir dir;
  give(dir.path(), 1000, 1001, 0700);
  Server server({{.source = dir.path()}});
  Mount mount(machine(), server.take_client(0), {.access = "1000"});
  std::string file = mount.where() + "/f";
  EXPECT_EQ(machine().run(Command{.line = ": > " + file, .user = kUser}).output, "");
  EXPECT_EQ(owner_of(dir / "f"), "0:1001 644");
  EXPECT_NE(machine().run("cat " + file).status, 0);
}

}  // namespace
}  // namespace guest
