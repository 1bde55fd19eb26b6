// Extended attributes and POSIX ACLs through the mount.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "spec/base/problem.h"
#include "tests/guest/mounted_tree.h"
#include "tests/guest/steps.h"

namespace guest {
namespace {

using support::make_directory;
using support::make_file;

std::string xattr_of(const path& file, const char* key) {
  std::string value(65536, '\0');
  ssize_t n = ::lgetxattr(file.c_str(), key, value.data(), value.size());
  if (n < 0) return base::errno_name(errno);
  value.resize(static_cast<std::size_t>(n));
  return value;
}

std::string set_xattr(const path& file, const char* key, const std::string& value) {
  int result = ::lsetxattr(file.c_str(), key, value.data(), value.size(), 0);
  return result == 0 ? "ok" : base::errno_name(errno);
}

class Xattrs : public testing::Test {
 protected:
  Xattrs() { make_file(tree_.host("f"), "content"); }
  MountedTree tree_;
};

TEST_F(Xattrs, AreSetReadListedAndRemoved) {
  Ran ran = tree_.run(
      steps({"setxattr f user.a one", "setxattr f user.b two", "getxattr f user.a", "listxattr f",
             "setxattr f user.a changed", "getxattr f user.a", "removexattr f user.b",
             "listxattr f", "getxattr f user.b", "removexattr f user.b"}));
  EXPECT_EQ(ran.output,
            "ok\nok\none\nuser.a user.b \nok\nchanged\nok\nuser.a \nENODATA\nENODATA\n");
  EXPECT_EQ(xattr_of(tree_.host("f"), "user.a"), "changed");
  EXPECT_EQ(xattr_of(tree_.host("f"), "user.b"), "ENODATA");
}

TEST_F(Xattrs, OfTheHostAreSeen) {
  ASSERT_EQ(set_xattr(tree_.host("f"), "user.host", "value"), "ok");
  EXPECT_EQ(tree_.run("getfattr -d f").output, "# file: f\nuser.host=\"value\"\n\n");
}

TEST_F(Xattrs, AreCreatedOrReplacedAsAskedFor) {
  Ran ran = tree_.run(steps({"setxattr f user.a x replace", "setxattr f user.a one create",
                             "setxattr f user.a two create", "getxattr f user.a",
                             "setxattr f user.a three replace", "getxattr f user.a"}));
  EXPECT_EQ(ran.output, "ENODATA\nok\nEEXIST\none\nok\nthree\n");
}

TEST_F(Xattrs, BelongToDirectoriesToo) {
  make_directory(tree_.host("d"));
  EXPECT_EQ(tree_.run(steps({"setxattr d user.a one", "listxattr d"})).output, "ok\nuser.a \n");
  EXPECT_EQ(xattr_of(tree_.host("d"), "user.a"), "one");
}

TEST_F(Xattrs, OfUsersAreRefusedOnLinksAsByTheHost) {
  support::make_symlink(tree_.host("link"), "f");
  EXPECT_EQ(set_xattr(tree_.host("link"), "user.a", "x"), "EPERM");
  EXPECT_EQ(tree_.run(steps({"setxattr link user.a x", "listxattr link"})).output, "EPERM\n\n");
  EXPECT_EQ(xattr_of(tree_.host("f"), "user.a"), "ENODATA");
}

// What a file system takes differs; the guest is told the same as a program of the host.
TEST_F(Xattrs, UpTo64KiBAreAsLargeAsTheHostTakesThem) {
  for (std::size_t size : {1000U, 4000U, 65536U}) {
    make_file(tree_.host("other"));
    std::string host = set_xattr(tree_.host("other"), "user.big", std::string(size, 'x'));
    std::string text = std::to_string(size);
    Ran ran = tree_.run(steps({"bigxattr f user.big " + text, "getxattr f user.big"}));
    std::string after = host == "ok" ? text : size == 65536U ? "4000" : "ENODATA";
    EXPECT_EQ(ran.output, host + "\n" + after + "\n") << size;
    std::filesystem::remove(tree_.host("other"));
  }
  EXPECT_EQ(tree_.run(steps({"bigxattr f user.big 65537"})).output, "E2BIG\n");
}

// Where the host takes them: ext4 does not.
TEST(XattrsOfTmpfs, Are64KiBLargeInMessagesOfAnySize) {
  support::TempDir dir("/dev/shm");
  make_file(dir / "f");
  std::string host = set_xattr(dir / "f", "user.big", std::string(65536, 'x'));
  std::string after = host == "ok" ? "65536" : "ENODATA";
  Server server({{.source = dir.path()}, {.source = dir.path()}, {.source = dir.path()}});
  std::size_t connection = 0;
  for (unsigned msize : {4096U, 65536U, 1048576U}) {
    Mount mount(machine(), server.take_client(connection++), {.msize = msize});
    Ran ran = machine().run({.line = steps({"bigxattr f user.big 65536", "getxattr f user.big"}),
                             .directory = mount.where()});
    EXPECT_EQ(ran.output, host + "\n" + after + "\n") << msize;
  }
}

TEST_F(Xattrs, ThatAreNotServedDoNotExist) {
  if (::geteuid() != 0) GTEST_SKIP() << "trusted.* is root's";
  ASSERT_EQ(set_xattr(tree_.host("f"), "trusted.host", "secret"), "ok");
  ASSERT_EQ(set_xattr(tree_.host("f"), "user.host", "shown"), "ok");
  Ran ran = tree_.run(steps({"listxattr f", "getxattr f trusted.host", "setxattr f trusted.a x",
                             "setxattr f security.a x", "removexattr f trusted.host"}));
  EXPECT_EQ(ran.output, "user.host \nEOPNOTSUPP\nEOPNOTSUPP\nEOPNOTSUPP\nEOPNOTSUPP\n");
  EXPECT_EQ(xattr_of(tree_.host("f"), "trusted.host"), "secret");
}

TEST(XattrsByOption, AreServed) {
  if (::geteuid() != 0) GTEST_SKIP() << "trusted.* is root's";
  MountedTree tree({}, {"rbind", "rw", "x-gofer.xattr=trusted", "x-gofer.xattr=security"});
  make_file(tree.host("f"));
  EXPECT_EQ(tree.run(steps({"setxattr f trusted.a one", "getxattr f trusted.a"})).output,
            "ok\none\n");
  EXPECT_EQ(xattr_of(tree.host("f"), "trusted.a"), "one");
  Ran ran = tree.run("setcap cap_net_raw+ep f && getcap f");
  EXPECT_EQ(ran.output, "f cap_net_raw=ep\n");
  EXPECT_NE(xattr_of(tree.host("f"), "security.capability"), "ENODATA");
  EXPECT_TRUE(tree.run("echo x >> f").ok());
  EXPECT_EQ(xattr_of(tree.host("f"), "security.capability"), "ENODATA");
}

TEST(XattrsSwitchedOff, DoNotExist) {
  MountedTree tree({}, {"rbind", "rw", "x-gofer.xattr=none"});
  make_file(tree.host("f"));
  ASSERT_EQ(set_xattr(tree.host("f"), "user.host", "x"), "ok");
  EXPECT_EQ(tree.run(steps({"listxattr f", "getxattr f user.host", "setxattr f user.a x"})).output,
            "\nEOPNOTSUPP\nEOPNOTSUPP\n");
}

TEST(XattrsReadOnly, AreReadAndNotWritten) {
  MountedTree tree({}, {"rbind", "ro"});
  make_file(tree.host("f"));
  ASSERT_EQ(set_xattr(tree.host("f"), "user.host", "value"), "ok");
  EXPECT_EQ(
      tree.run(steps({"getxattr f user.host", "setxattr f user.a x", "removexattr f user.host"}))
          .output,
      "value\nEROFS\nEROFS\n");
}

class Acls : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root: files of several users";
  }
  Acls() {
    EXPECT_TRUE(tree_.run("chmod 777 .").ok());
    make_file(tree_.host("f"), "content", 0640);
  }
  MountedTree tree_{MountOptions{.more = "posixacl"}, {"rbind", "rw", "x-gofer.xattr=acl"}};
  const User user_{.uid = 1000, .gid = 1001, .groups = {}};
};

TEST_F(Acls, LetAUserInAndAreKeptOnTheHost) {
  EXPECT_NE(tree_.run("cat f", user_).status, 0);
  EXPECT_TRUE(tree_.run("setfacl -m u:1000:r f").ok());
  EXPECT_EQ(tree_.run("cat f", user_).output, "content");
  Ran ran = tree_.run("getfacl -nc f");
  EXPECT_EQ(ran.output, "user::rw-\nuser:1000:r--\ngroup::r--\nmask::r--\nother::---\n\n");
  EXPECT_NE(xattr_of(tree_.host("f"), "system.posix_acl_access"), "ENODATA");
  EXPECT_TRUE(tree_.run("setfacl -b f").ok());
  EXPECT_NE(tree_.run("cat f", user_).status, 0);
}

TEST_F(Acls, OfADirectoryAreInherited) {
  make_directory(tree_.host("d"), 0777);
  EXPECT_TRUE(tree_.run("setfacl -d -m u:1000:rwx d && setfacl -d -m o::- d").ok());
  EXPECT_TRUE(tree_.run("umask 0; echo secret > d/f; mkdir d/e").ok());
  Ran ran = tree_.run("getfacl -nc d/f; getfacl -nc d/e; stat -c %a d/f");
  EXPECT_EQ(ran.output,
            "user::rw-\nuser:1000:rwx\t#effective:rw-\ngroup::rwx\t#effective:rw-\nmask::rw-\n"
            "other::---\n\n"
            "user::rwx\nuser:1000:rwx\ngroup::rwx\nmask::rwx\nother::---\ndefault:user::rwx\n"
            "default:user:1000:rwx\ndefault:group::rwx\ndefault:mask::rwx\ndefault:other::---\n\n"
            "660\n");
  EXPECT_EQ(tree_.run("cat d/f", user_).output, "secret\n");
}

TEST_F(Acls, FollowTheMode) {
  EXPECT_TRUE(tree_.run("setfacl -m u:1000:rw f && chmod 600 f").ok());
  EXPECT_NE(tree_.run("cat f", user_).status, 0);
  EXPECT_EQ(tree_.run("getfacl -nc f | grep mask").output, "mask::---\n");
  struct stat info{};
  EXPECT_EQ(::stat(tree_.host("f").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST(AclsNotServed, AreNotSupported) {
  MountedTree tree({.more = "posixacl"});
  make_file(tree.host("f"));
  EXPECT_NE(tree.run("setfacl -m u:1000:r f").status, 0);
  EXPECT_TRUE(tree.run("cat f; ls -l f").ok());
}

}  // namespace
}  // namespace guest
