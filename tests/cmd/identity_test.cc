// Users and groups from the client to the host's files: as they are, mapped, and without root.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "gofer/p9/flags.h"
#include "tests/cmd/attached.h"
#include "tests/support/tree.h"

namespace cmd {
namespace {

using p9client::Client;
using p9client::kNoFid;
using p9client::UniqueFid;
using support::outcome;
using support::path;

constexpr std::size_t kServed = 1;
constexpr uint32_t kContainerRoot = 100'000;  // on the host's file system

std::string ids(uint64_t uid, uint64_t gid) {
  return std::to_string(uid) + ":" + std::to_string(gid);
}

class Identity : public Attached {
 protected:
  Identity() { support::make_file(data() / "file", "content"); }
  path data() const { return bundle_.beside("data"); }
  std::string owner(const std::string& file) const {
    struct stat status{};
    if (::lstat((data() / file).c_str(), &status) != 0) return "missing";
    return ids(status.st_uid, status.st_gid);
  }
  std::string mode(const std::string& file) const {
    struct stat status{};
    EXPECT_EQ(::lstat((data() / file).c_str(), &status), 0) << file;
    char text[8];
    (void)std::snprintf(text, sizeof text, "%04o", status.st_mode & 07777);
    return text;
  }
  void give(const std::string& file, uid_t uid, gid_t gid) const {
    ASSERT_EQ(::lchown((data() / file).c_str(), uid, gid), 0);
  }
  support::Bundle& mount() { return bundle_.mount("/data", data()); }
};

// A fid of the attach point's root in which `uid` is who creates.
UniqueFid attach_as(Client& client, uint32_t uid) {
  p9::Fid fid = client.new_fid();
  EXPECT_EQ(outcome(client.call(p9::Tattach{fid, kNoFid, "", "/", uid})), "ok");
  return {client, fid};
}

p9::Name name(std::string_view text) {
  return p9::Name::parse(text).value();
}

std::string create(Client& client, p9::Fid root, std::string_view file, uint32_t gid) {
  auto fid = client.clone(root);
  return outcome(client.call(p9::Tlcreate{*fid, name(file), p9::kOpenWronly, 0644, gid}));
}

std::string chown(Client& client, std::string_view file, uint32_t uid, uint32_t gid) {
  auto fid = client.walk(file);
  return outcome(client.call(p9::Tsetattr{
      .fid = *fid, .valid = p9::kSetattrUid | p9::kSetattrGid, .uid = uid, .gid = gid}));
}

std::string seen(Client& client, std::string_view file) {
  auto attributes = client.stat(file);
  return attributes ? ids(attributes->uid, attributes->gid) : outcome(attributes);
}

TEST_F(Identity, WhatIsCreatedBelongsToTheUserOfTheAttachAndTheGidOfTheMessage) {
  mount();
  start();
  Client client = connect(kServed);
  UniqueFid root = attach_as(client, 33);
  EXPECT_EQ(create(client, root, "made", 44), "ok");
  EXPECT_EQ(outcome(client.call(p9::Tmkdir{root, name("directory"), 0755, 45})), "ok");
  EXPECT_EQ(outcome(client.call(p9::Tsymlink{root, name("link"), "file", 46})), "ok");
  EXPECT_EQ(outcome(client.call(p9::Tmknod{root, name("node"), S_IFREG | 0644, 0, 0, 47})), "ok");
  EXPECT_EQ(owner("made"), "33:44");
  EXPECT_EQ(owner("directory"), "33:45");
  EXPECT_EQ(owner("link"), "33:46");
  EXPECT_EQ(owner("node"), "33:47");
}

TEST_F(Identity, EveryUserOfOneConnectionHasTheirOwn) {
  mount();
  start();
  Client client = connect(kServed);
  UniqueFid first = attach_as(client, 33);
  UniqueFid second = attach_as(client, 34);
  EXPECT_EQ(create(client, first, "of-first", 1), "ok");
  EXPECT_EQ(create(client, second, "of-second", 1), "ok");
  EXPECT_EQ(owner("of-first"), "33:1");
  EXPECT_EQ(owner("of-second"), "34:1");
}

TEST_F(Identity, ASetGidDirectoryGivesItsGroupWhereTheMessageNamesNone) {
  support::make_directory(data() / "shared", 02775);
  give("shared", 0, 50);
  ASSERT_EQ(::chmod((data() / "shared").c_str(), 02775), 0);
  mount();
  start();
  Client client = connect(kServed);
  auto shared = client.walk("shared");
  EXPECT_EQ(create(client, *shared, "file", p9::kNoGid), "ok");
  EXPECT_EQ(outcome(client.call(p9::Tmkdir{*shared, name("sub"), 0755, p9::kNoGid})), "ok");
  EXPECT_EQ(owner("shared/file"), "0:50");
  EXPECT_EQ(owner("shared/sub"), "0:50");
  EXPECT_EQ(mode("shared/sub"), "2755") << "and the bit goes on";
}

TEST_F(Identity, SetIdBitsGoWhenAnOrdinaryUserChangesTheFile) {
  for (const char* file : {"written", "cut", "given", "by-root"})
    support::make_file(data() / file, "#!/bin/true\n", 06755);
  mount();
  start();
  Client client = connect(kServed);
  UniqueFid user = attach_as(client, 33);
  auto written = client.walk(user, "written");
  ASSERT_EQ(outcome(client.open(*written, p9::kOpenWronly)), "ok");
  EXPECT_EQ(outcome(client.write(*written, 0, "x")), "ok");
  auto cut = client.walk(user, "cut");
  EXPECT_EQ(outcome(client.call(p9::Tsetattr{.fid = *cut, .valid = p9::kSetattrSize})), "ok");
  EXPECT_EQ(chown(client, "given", 5, 6), "ok");
  EXPECT_EQ(mode("written"), "0755");
  EXPECT_EQ(mode("cut"), "0755");
  EXPECT_EQ(mode("given"), "0755");
  UniqueFid root = attach_as(client, 0);
  auto by_root = client.walk(root, "by-root");
  ASSERT_EQ(outcome(client.open(*by_root, p9::kOpenWronly)), "ok");
  EXPECT_EQ(outcome(client.write(*by_root, 0, "x")), "ok");
  EXPECT_EQ(mode("by-root"), "6755") << "as for a local root";
}

TEST_F(Identity, NoIdIsNeverAnOwner) {
  give("file", 7, 8);
  mount();
  start();
  Client client = connect(kServed);
  EXPECT_EQ(chown(client, "file", 0xffffffff, 9), "EINVAL");
  EXPECT_EQ(chown(client, "file", 9, 0xffffffff), "EINVAL");
  EXPECT_EQ(owner("file"), "7:8");
  UniqueFid nobody = attach_as(client, p9::kNoUname);
  EXPECT_EQ(create(client, nobody, "made", p9::kNoGid), "ok");
  EXPECT_EQ(owner("made"), "0:0") << "the server's own ids";
}

// The way to squash: the container's ids, 0 to 65535, are 100000 to 165535 of the host.
class Squashed : public Identity {
 protected:
  Squashed() {
    support::make_directory(data() / "home");
    give("file", kContainerRoot + 5, kContainerRoot + 6);
    give("home", kContainerRoot, kContainerRoot);
    give("", kContainerRoot, kContainerRoot);
    mount().map_ids(kContainerRoot, 0, 65'536);
  }
};

TEST_F(Squashed, TheClientSeesTheContainersIds) {
  start();
  Client client = connect(kServed);
  EXPECT_EQ(seen(client, "file"), "5:6");
  EXPECT_EQ(seen(client, "home"), "0:0");
}

TEST_F(Squashed, WhatTheContainersRootMakesBelongsToAnOrdinaryUserOfTheHost) {
  start();
  Client client = connect(kServed);
  UniqueFid root = attach_as(client, 0);
  EXPECT_EQ(create(client, root, "of-root", 0), "ok");
  EXPECT_EQ(owner("of-root"), "100000:100000");
  UniqueFid user = attach_as(client, 33);
  EXPECT_EQ(create(client, user, "made", 44), "ok");
  EXPECT_EQ(outcome(client.call(p9::Tmkdir{user, name("directory"), 0755, 45})), "ok");
  EXPECT_EQ(outcome(client.call(p9::Tsymlink{user, name("link"), "file", 46})), "ok");
  EXPECT_EQ(outcome(client.call(p9::Tmknod{user, name("node"), S_IFREG | 0644, 0, 0, 47})), "ok");
  EXPECT_EQ(owner("made"), "100033:100044");
  EXPECT_EQ(owner("directory"), "100033:100045");
  EXPECT_EQ(owner("link"), "100033:100046");
  EXPECT_EQ(owner("node"), "100033:100047");
  EXPECT_EQ(seen(client, "made"), "33:44");
  EXPECT_EQ(chown(client, "made", 1, 2), "ok");
  EXPECT_EQ(owner("made"), "100001:100002");
}

// user::rw- user:UID:r-- group::r-- mask::r-- other::---, as <linux/posix_acl_xattr.h> lays it out:
// the version, then tag and permissions, and the id, of each entry.
std::string acl_for(uint32_t uid) {
  constexpr uint32_t kNone = 0xffffffff;
  const std::array<uint32_t, 11> acl = {2,     0x6'0001, kNone, 0x4'0002, uid,  0x4'0004,
                                        kNone, 0x4'0010, kNone, 0x0020,   kNone};
  return {reinterpret_cast<const char*>(acl.data()), sizeof acl};
}

TEST_F(Squashed, IdsInAclsAreMappedLikeOwners) {
  constexpr const char* kName = "system.posix_acl_access";
  bundle_.mount("/acl", data(), {"rbind", "idmap", "x-gofer.xattr=acl"})
      .map_ids(kContainerRoot, 0, 65'536);
  start();
  Client client = connect(kServed + 1);
  auto fid = client.walk("file");
  EXPECT_EQ(outcome(client.set_xattr(*fid, kName, acl_for(33))), "ok");
  EXPECT_EQ(client.get_xattr(*fid, kName), acl_for(33));
  std::array<char, 64> stored{};
  ssize_t size = ::getxattr((data() / "file").c_str(), kName, stored.data(), stored.size());
  EXPECT_EQ(std::string(stored.data(), size < 0 ? 0 : static_cast<std::size_t>(size)),
            acl_for(kContainerRoot + 33));
}

TEST_F(Squashed, P5_AnIdBeyondTheMapIsRefusedAndNothingIsLeft) {
  start();
  Client client = connect(kServed);
  EXPECT_EQ(chown(client, "file", 70'000, 0), "EOVERFLOW");
  EXPECT_EQ(owner("file"), "100005:100006");
  UniqueFid beyond = attach_as(client, 70'000);
  EXPECT_EQ(create(client, beyond, "made", 0), "EOVERFLOW");
  EXPECT_EQ(outcome(client.call(p9::Tmkdir{beyond, name("directory"), 0755, 0})), "EOVERFLOW");
  EXPECT_EQ(owner("made"), "missing");
  EXPECT_EQ(owner("directory"), "missing");
}

TEST_F(Squashed, AFileOfTheHostsRootIsNobodysAndStaysAsItIs) {
  support::make_file(data() / "foreign", "content");
  start();
  Client client = connect(kServed);
  EXPECT_EQ(seen(client, "foreign"), "65534:65534");
  EXPECT_EQ(client.read_file("foreign"), "content");
  EXPECT_EQ(outcome(client.open("foreign", p9::kOpenWronly)), "EACCES");
  EXPECT_EQ(chown(client, "foreign", 0, 0), "EPERM");
  EXPECT_EQ(outcome(client.call(p9::Tunlinkat{Client::root(), name("foreign"), 0})), "EOVERFLOW");
  EXPECT_EQ(owner("foreign"), "0:0");
}

TEST_F(Squashed, TheContainersNobodyIsAUserLikeOthers) {
  give("file", kContainerRoot + 65'534, kContainerRoot + 65'534);
  start();
  Client client = connect(kServed);
  EXPECT_EQ(seen(client, "file"), "65534:65534");
  EXPECT_EQ(chown(client, "file", 5, 6), "ok");
  EXPECT_EQ(owner("file"), "100005:100006");
}

// The other direction, as engines write it for a container in a user namespace: what is 0 on the
// host's file system is served as 100000.
TEST_F(Identity, AMapIsFromTheFileSystemToTheClient) {
  give("file", 5, 6);
  mount().map_ids(0, kContainerRoot, 65'536);
  start();
  Client client = connect(kServed);
  EXPECT_EQ(seen(client, "file"), "100005:100006");
  UniqueFid user = attach_as(client, kContainerRoot + 33);
  EXPECT_EQ(create(client, user, "made", kContainerRoot + 44), "ok");
  EXPECT_EQ(owner("made"), "33:44");
  UniqueFid root = attach_as(client, 0);
  EXPECT_EQ(create(client, root, "refused", 0), "EOVERFLOW");
  UniqueFid nobody = attach_as(client, p9::kNoUname);
  EXPECT_EQ(create(client, nobody, "anybodys", p9::kNoGid), "ok");
  EXPECT_EQ(owner("anybodys"), "0:0");
}

TEST_F(Identity, AMapOfOneUserServesThatUser) {
  give("file", 5000, 5000);
  give("", 5000, 5000);
  mount().map_ids(5000, 1000, 1);
  start();
  Client client = connect(kServed);
  EXPECT_EQ(seen(client, "file"), "1000:1000");
  UniqueFid user = attach_as(client, 1000);
  EXPECT_EQ(create(client, user, "made", 1000), "ok");
  EXPECT_EQ(owner("made"), "5000:5000");
  EXPECT_EQ(chown(client, "made", 0, 0), "EOVERFLOW");
}

TEST_F(Identity, WithoutRootEverythingBelongsToTheUserOfTheServer) {
  constexpr uid_t kUser = 65534;
  mount();
  become(kUser);
  start();
  Client client = connect(kServed);
  UniqueFid root = attach_as(client, 33);
  EXPECT_EQ(create(client, root, "made", 44), "ok");
  EXPECT_EQ(outcome(client.call(p9::Tmkdir{root, name("directory"), 0755, 45})), "ok");
  EXPECT_EQ(owner("made"), "65534:65534");
  EXPECT_EQ(owner("directory"), "65534:65534");
  EXPECT_EQ(chown(client, "made", 5, 6), "EINVAL") << "they do not exist in its user namespace";
  EXPECT_EQ(chown(client, "made", kUser, kUser), "ok");
}

TEST_F(Identity, WithoutRootAMapIsRefused) {
  mount().map_ids(kContainerRoot, 0, 65'536);
  become(65534);
  std::string line = refusal();
  EXPECT_NE(line.find("/mounts/0"), line.npos) << line;
  EXPECT_EQ(gofer().process().wait(), (support::End{.status = 77}));
}

}  // namespace
}  // namespace cmd
