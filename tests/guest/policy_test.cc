// The options of an attach point as a Linux guest meets them: id maps, attributes, ACLs, locks.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <utility>

#include "tests/guest/mounted_tree.h"
#include "tests/support/tree.h"

namespace guest {
namespace {

constexpr User kUser{.uid = 1000, .gid = 1001};
constexpr User kOther{.uid = 33, .gid = 33};

std::string owner(const path& file) {
  struct stat status{};
  if (::lstat(file.c_str(), &status) != 0) return "missing";
  return std::to_string(status.st_uid) + ":" + std::to_string(status.st_gid);
}

std::string mode(const path& file) {
  struct stat status{};
  if (::lstat(file.c_str(), &status) != 0) return "missing";
  char text[8];
  (void)std::snprintf(text, sizeof text, "%04o", status.st_mode & 07777);
  return text;
}

// Whoever comes by in the guest may write to the directory.
void open_to_all(const path& directory) {
  ASSERT_EQ(::chmod(directory.c_str(), 0777), 0);
}

bool host_says(const std::string& line) {
  return std::system((line + " >/dev/null").c_str()) == 0;  // NOLINT(concurrency-mt-unsafe)
}

std::string output(const Ran& ran) {
  return ran.output + (ran.ok() ? "" : "status " + std::to_string(ran.status));
}

TEST(Policy, AMapSquashesTheGuestIntoOrdinaryUsersOfTheHost) {
  support::TempDir data;
  ASSERT_EQ(::chown(data.path().c_str(), 100'000, 100'000), 0);
  open_to_all(data.path());
  support::Bundle bundle;
  bundle.mount("/data", data.path(), {"rbind", "idmap"}).map_ids(100'000, 0, 65'536).write();
  support::Gofer gofer(bundle.config(), 2, {.binary = GOFER_BINARY});
  ASSERT_TRUE(gofer.ready()) << gofer.failure();
  Mount mount(machine(), gofer.take_client(1));
  auto run = [&](std::string line, User user = {}) {
    return output(
        machine().run({.line = std::move(line), .user = user, .directory = mount.where()}));
  };
  EXPECT_EQ(run("touch of-root && chmod 4755 of-root && stat -c %u:%g of-root"), "0:0\n");
  EXPECT_EQ(run("touch of-user && mkdir directory && stat -c %u:%g of-user", kUser), "1000:1001\n");
  EXPECT_EQ(run("touch given && chown 5:6 given"), "");
  EXPECT_EQ(owner(data / "of-root"), "100000:100000");
  EXPECT_EQ(mode(data / "of-root"), "4755");
  EXPECT_EQ(owner(data / "of-user"), "101000:101001");
  EXPECT_EQ(owner(data / "directory"), "101000:101001");
  EXPECT_EQ(owner(data / "given"), "100005:100006");
}

TEST(Policy, UserAttributesWorkAndOthersAreNotThere) {
  MountedTree tree;
  support::make_file(tree.host("file"), "content");
  EXPECT_EQ(
      output(tree.run("setfattr -n user.x -v y file && getfattr --only-values -n user.x file")),
      "y");
  for (const char* line : {"setfattr -n trusted.x -v y file", "setfattr -n security.x -v y file",
                           "setcap cap_net_raw+ep file"}) {
    Ran ran = tree.run(line);
    EXPECT_FALSE(ran.ok()) << line;
    EXPECT_NE(ran.output.find("not supported"), std::string::npos) << line << ": " << ran.output;
  }
}

TEST(Policy, WhatTheHostHasBesidesIsHidden) {
  MountedTree tree;
  support::make_file(tree.host("file"), "content");
  ASSERT_TRUE(host_says("cd " + tree.host().string() +
                        " && setfattr -n user.x -v y file && setfattr -n trusted.x -v y file && "
                        "setcap cap_net_raw+ep file"));
  EXPECT_EQ(output(tree.run("getfattr -m - file")), "# file: file\nuser.x\n\n");
  EXPECT_EQ(output(tree.run("getcap file")), "");
  EXPECT_EQ(output(tree.run("cp -a file copy && getfattr -m - copy")), "# file: copy\nuser.x\n\n");
}

TEST(Policy, AGuestWithoutPosixaclStoresAclsAndNeitherShowsNorObeysThem) {
  MountedTree tree({}, {"rbind", "x-gofer.xattr=acl"});
  EXPECT_EQ(output(tree.run("echo content > file && chmod 600 file && setfacl -m u:33:r file")),
            "");
  EXPECT_TRUE(host_says("getfacl -cnp " + tree.host("file").string() + " | grep '^user:33:r--$'"));
  EXPECT_EQ(output(tree.run("getfacl -cn file")), "user::rw-\ngroup::r--\nother::---\n\n");
  EXPECT_FALSE(tree.run("cat file", kOther).ok());
}

// The lock on the whole file that keeps `kind` (F_RDLCK, F_WRLCK) out, as the host sees it.
struct flock lock_in_the_way(const path& file, short kind) {
  base::UniqueFd fd(::open(file.c_str(), O_RDWR | O_CLOEXEC));
  struct flock lock{.l_type = kind, .l_whence = SEEK_SET};
  EXPECT_EQ(::fcntl(fd.raw(), F_OFD_GETLK, &lock), 0);
  return lock;
}

TEST(Policy, WhatAGuestLocksWithFlockIsARecordLockOfTheHost) {
  MountedTree tree;
  support::make_file(tree.host("file"), "content");
  Job holder = tree.start("flock file sh -c 'echo held; read x'");
  ASSERT_EQ(holder.read_line(), "held");
  struct flock found = lock_in_the_way(tree.host("file"), F_RDLCK);
  EXPECT_EQ(found.l_type, F_WRLCK);
  EXPECT_EQ(found.l_start, 0);
  EXPECT_EQ(found.l_len, 0) << "to the end of every file";
  EXPECT_EQ(found.l_pid, -1) << "of a description, not of a process";
  EXPECT_TRUE(host_says("flock -n " + tree.host("file").string() + " true"))
      << "flock(2) of the host is another kind of lock";
  holder.write("\n");
  EXPECT_EQ(output(holder.wait()), "");
  EXPECT_EQ(lock_in_the_way(tree.host("file"), F_WRLCK).l_type, F_UNLCK);
}

}  // namespace
}  // namespace guest
