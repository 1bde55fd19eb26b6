// The words x-gofer.xattr= and x-gofer.locks=, from the bundle to what a client gets.
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/xattr.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gofer/p9/flags.h"
#include "tests/cmd/attached.h"
#include "tests/support/proc.h"
#include "tests/support/tree.h"

namespace cmd {
namespace {

using p9client::Client;
using support::outcome;
using support::path;

constexpr std::size_t kServed = 1;
constexpr uid_t kUser = 65534;

template <class T>
std::string_view bytes_of(const T& value) {
  return {reinterpret_cast<const char*>(value.data()), value.size() * sizeof(value[0])};
}

// CAP_NET_BIND_SERVICE, permitted and effective: struct vfs_cap_data of <linux/capability.h>.
constexpr std::array<uint32_t, 5> kFileCapability = {VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
                                                     1U << CAP_NET_BIND_SERVICE, 0, 0, 0};

// user::rw- user:1234:r-- group::r-- mask::r-- other::---, as <linux/posix_acl_xattr.h> lays it
// out: the version, then tag and permissions, and the id, of each entry.
constexpr uint32_t kNoId = 0xffffffff;
constexpr std::array<uint32_t, 11> kAcl = {2,     0x6'0001, kNoId, 0x4'0002, 1234, 0x4'0004,
                                           kNoId, 0x4'0010, kNoId, 0x0020,   kNoId};

// "" where the host's file has no such attribute.
std::string host_xattr(const path& file, const char* name) {
  std::array<char, 256> value{};
  ssize_t size = ::lgetxattr(file.c_str(), name, value.data(), value.size());
  return size < 0 ? "" : std::string(value.data(), static_cast<std::size_t>(size));
}

void set_host_xattr(const path& file, const char* name, std::string_view value) {
  ASSERT_EQ(::lsetxattr(file.c_str(), name, value.data(), value.size(), 0), 0) << name;
}

// One name of each name space, with a value that the kernel takes.
struct Sample {
  const char* name;
  std::string_view value;
};
const Sample kUserSample{"user.sample", "value"};
const Sample kAclSample{"system.posix_acl_access", bytes_of(kAcl)};
const Sample kSecuritySample{"security.capability", bytes_of(kFileCapability)};
const Sample kTrustedSample{"trusted.sample", "value"};
const Sample kSamples[] = {kUserSample, kAclSample, kSecuritySample, kTrustedSample};

class AttachOptions : public Attached {
 protected:
  AttachOptions() { support::make_file(file(), "content"); }
  path file() const { return bundle_.beside("data") / "file"; }
  void serve(std::vector<std::string> options) {
    options.insert(options.begin(), "rbind");
    bundle_.mount("/data", bundle_.beside("data"), std::move(options));
    start();
  }
  // What setting, then getting each sample comes to.
  static std::string set_all(Client& client) {
    auto fid = client.walk("file");
    std::string text;
    for (const Sample& sample : kSamples)
      text += outcome(client.set_xattr(*fid, sample.name, sample.value)) + " ";
    return text;
  }
  static std::string get_all(Client& client) {
    auto fid = client.walk("file");
    std::string text;
    for (const Sample& sample : kSamples) {
      auto value = client.get_xattr(*fid, sample.name);
      text += value && *value != sample.value ? "another value " : outcome(value) + " ";
    }
    return text;
  }
  // The names that a client sees in the list, in the order of kSamples.
  static std::string listed(Client& client) {
    auto fid = client.walk("file");
    auto list = client.get_xattr(*fid, "");
    if (!list) return outcome(list);
    std::string text;
    for (const Sample& sample : kSamples)
      if (list->find(sample.name + std::string(1, '\0')) != list->npos)
        text += sample.name + std::string(" ");
    return text;
  }
};

TEST_F(AttachOptions, UserAttributesAreServedUnasked) {
  serve({});
  Client client = connect(kServed);
  EXPECT_EQ(set_all(client), "ok EOPNOTSUPP EOPNOTSUPP EOPNOTSUPP ");
  EXPECT_EQ(get_all(client), "ok EOPNOTSUPP EOPNOTSUPP EOPNOTSUPP ");
  EXPECT_EQ(host_xattr(file(), "user.sample"), "value");
  EXPECT_EQ(host_xattr(file(), "security.capability"), "");
}

TEST_F(AttachOptions, AttributesThatAreNotServedAreNotListed) {
  for (const Sample& sample : kSamples) set_host_xattr(file(), sample.name, sample.value);
  serve({});
  Client client = connect(kServed);
  EXPECT_EQ(listed(client), "user.sample ");
  EXPECT_EQ(get_all(client), "ok EOPNOTSUPP EOPNOTSUPP EOPNOTSUPP ");
}

TEST_F(AttachOptions, NoneServesNone) {
  set_host_xattr(file(), "user.sample", "value");
  serve({"x-gofer.xattr=none"});
  Client client = connect(kServed);
  EXPECT_EQ(set_all(client), "EOPNOTSUPP EOPNOTSUPP EOPNOTSUPP EOPNOTSUPP ");
  EXPECT_EQ(get_all(client), "EOPNOTSUPP EOPNOTSUPP EOPNOTSUPP EOPNOTSUPP ");
  EXPECT_EQ(listed(client), "");
}

TEST_F(AttachOptions, AclServesPosixAcls) {
  serve({"x-gofer.xattr=acl"});
  Client client = connect(kServed);
  EXPECT_EQ(set_all(client), "ok ok EOPNOTSUPP EOPNOTSUPP ");
  EXPECT_EQ(get_all(client), "ok ok EOPNOTSUPP EOPNOTSUPP ");
  EXPECT_EQ(host_xattr(file(), "system.posix_acl_access"), bytes_of(kAcl));
  EXPECT_EQ(client.stat("file")->mode & 0777, 0640U) << "the group's bits are the mask";
  auto directory = client.walk("");
  EXPECT_EQ(outcome(client.set_xattr(*directory, "system.posix_acl_default", bytes_of(kAcl))),
            "ok");
}

TEST_F(AttachOptions, SecurityMakesAFilePrivilegedOnTheHost) {
  serve({"x-gofer.xattr=security"});
  Client client = connect(kServed);
  EXPECT_EQ(set_all(client), "ok EOPNOTSUPP ok EOPNOTSUPP ");
  EXPECT_EQ(host_xattr(file(), "security.capability"), bytes_of(kFileCapability));
  auto fid = client.walk("file");
  EXPECT_EQ(outcome(client.set_xattr(*fid, "security.sample", "value")), "EPERM")
      << "the kernel asks for CAP_SYS_ADMIN, which comes with trusted";
}

TEST_F(AttachOptions, TrustedServesTrustedAlone) {
  serve({"x-gofer.xattr=trusted"});
  Client client = connect(kServed);
  EXPECT_EQ(set_all(client), "ok EOPNOTSUPP EOPNOTSUPP ok ");
  EXPECT_EQ(host_xattr(file(), "trusted.sample"), "value");
  auto fid = client.walk("file");
  EXPECT_EQ(outcome(client.set_xattr(*fid, "security.sample", "value")), "EOPNOTSUPP");
}

TEST_F(AttachOptions, AllOfThemTogetherServeAll) {
  serve({"x-gofer.xattr=acl", "x-gofer.xattr=security", "x-gofer.xattr=trusted"});
  Client client = connect(kServed);
  EXPECT_EQ(set_all(client), "ok ok ok ok ");
  EXPECT_EQ(get_all(client), "ok ok ok ok ");
  EXPECT_EQ(listed(client),
            "user.sample system.posix_acl_access security.capability trusted.sample ");
  auto fid = client.walk("file");
  EXPECT_EQ(outcome(client.set_xattr(*fid, "security.sample", "value")), "ok");
}

TEST_F(AttachOptions, AReadOnlyAttachPointShowsThemAndTakesNone) {
  for (const Sample& sample : kSamples) set_host_xattr(file(), sample.name, sample.value);
  serve({"ro", "x-gofer.xattr=acl", "x-gofer.xattr=security", "x-gofer.xattr=trusted"});
  Client client = connect(kServed);
  EXPECT_EQ(get_all(client), "ok ok ok ok ");
  EXPECT_EQ(set_all(client), "EROFS EROFS EROFS EROFS ");
}

TEST_F(AttachOptions, OfTheRootComeFromTheAnnotation) {
  support::make_file(bundle_.rootfs() / "file", "content");
  bundle_.annotate("org.gofer.root.options", "x-gofer.xattr=trusted,x-gofer.xattr=acl");
  serve({});
  Client root = connect(0);
  EXPECT_EQ(set_all(root), "ok ok EOPNOTSUPP ok ");
  Client mount = connect(kServed);
  EXPECT_EQ(set_all(mount), "ok EOPNOTSUPP EOPNOTSUPP EOPNOTSUPP ") << "each has its own";
}

TEST_F(AttachOptions, CostCapabilitiesOnlyWhereTheyAreGiven) {
  path data = bundle_.beside("data");
  const std::pair<std::vector<std::string>, const char*> rows[] = {
      {{"rbind", "x-gofer.xattr=acl"}, "000000000000001f"},
      {{"rbind", "x-gofer.xattr=none", "x-gofer.locks=off"}, "000000000000001f"},
      {{"rbind", "x-gofer.xattr=security"}, "000000008000001f"},  // CAP_SETFCAP
      {{"rbind", "x-gofer.xattr=trusted"}, "000000000020001f"},   // CAP_SYS_ADMIN
      {{"rbind", "x-gofer.xattr=trusted", "x-gofer.xattr=security"}, "000000008020001f"},
      {{"rbind", "ro", "x-gofer.xattr=security"}, "0000000000000004"},
      {{"rbind", "ro", "x-gofer.xattr=trusted"}, "0000000000200004"},
  };
  for (const auto& [options, capabilities] : rows)
    bundle_.mount("/m" + std::to_string(bundle_.attach_points()), data, options);
  start();
  for (std::size_t i = 0; i < std::size(rows); ++i) {
    for (const char* set : {"CapPrm", "CapEff", "CapBnd"})
      EXPECT_EQ(support::status_field(gofer().worker(i + 1), set), rows[i].second) << set << i;
    EXPECT_EQ(support::status_field(gofer().worker(i + 1), "Seccomp"), "2") << i;
    for (const char* set : {"CapInh", "CapAmb"})
      EXPECT_EQ(support::status_field(gofer().worker(i + 1), set), "0000000000000000") << set << i;
  }
  EXPECT_EQ(support::status_field(gofer().worker(0), "CapEff"), "000000000000001f") << "the root";
}

std::string lock(Client& client) {
  auto fid = client.open("file", p9::kOpenRdwr);
  if (!fid) return outcome(fid);
  return outcome(client.call(p9::Tlock{*fid, p9::kLockWrite, 0, 0, 0, 1, "client"})) + " " +
         outcome(client.call(p9::Tgetlock{*fid, p9::kLockWrite, 0, 0, 1, "client"}));
}

TEST_F(AttachOptions, LocksAreServedUnlessTheyAreOff) {
  support::make_file(bundle_.rootfs() / "file", "content");
  serve({"x-gofer.locks=off"});
  Client locking = connect(0);
  EXPECT_EQ(lock(locking), "ok ok");
  Client without = connect(kServed);
  EXPECT_EQ(lock(without), "EOPNOTSUPP EOPNOTSUPP");
  EXPECT_EQ(without.read_file("file"), "content");
}

TEST_F(AttachOptions, OpenFilesLocksAndWalksShareTheLimitOfDescriptors) {
  constexpr std::size_t kLimit = 64;
  for (int i = 0; i < 40; ++i)
    support::make_file(bundle_.beside("data") / ("f" + std::to_string(i)), "content");
  arguments_ = {"--fd-limit", std::to_string(kLimit)};
  serve({});
  Client client = connect(kServed);
  std::vector<p9client::UniqueFid> fids;
  std::map<std::string, int> opened;
  std::map<std::string, int> locked;
  for (int i = 0; i < 40; ++i) {
    fids.push_back(*client.walk("f" + std::to_string(i)));
    std::string open = outcome(client.open(fids.back(), p9::kOpenRdwr));
    ++opened[open];
    if (open == "ok")
      ++locked[outcome(client.call(p9::Tlock{fids.back(), p9::kLockWrite, 0, 0, 0, 1, "client"}))];
  }
  EXPECT_EQ(opened, (std::map<std::string, int>{{"ok", 21}, {"EMFILE", 19}}));
  EXPECT_EQ(locked, (std::map<std::string, int>{{"ok", 6}, {"ENOLCK", 15}}));
  EXPECT_LT(support::descriptors_of(gofer().worker(kServed)).size(), kLimit);
  for (const auto& fid : fids) EXPECT_EQ(outcome(client.getattr(fid)), "ok");
}

TEST_F(AttachOptions, AnOrdinaryUserServesUserAttributesAndAcls) {
  bundle_.mount("/data", bundle_.beside("data"), {"rbind", "x-gofer.xattr=acl"});
  become(kUser);
  start();
  Client client = connect(kServed);
  EXPECT_EQ(set_all(client).substr(0, 3), "ok ");
  EXPECT_EQ(host_xattr(file(), "user.sample"), "value");
  auto fid = client.walk("file");
  EXPECT_EQ(outcome(client.set_xattr(*fid, kAclSample.name, kAclSample.value)), "EINVAL")
      << "user 1234 does not exist in its user namespace";
}

TEST_F(AttachOptions, AnOrdinaryUserMakesNoFilePrivileged) {
  bundle_.mount("/data", bundle_.beside("data"), {"rbind", "x-gofer.xattr=security"});
  become(kUser);
  start();
  Client client = connect(kServed);
  auto fid = client.walk("file");
  EXPECT_NE(outcome(client.set_xattr(*fid, kSecuritySample.name, kSecuritySample.value)), "ok");
  EXPECT_EQ(host_xattr(file(), "security.capability"), "");
}

TEST_F(AttachOptions, AnOrdinaryUserIsToldThatTrustedNeedsRoot) {
  bundle_.mount("/data", bundle_.beside("data"), {"rbind", "ro", "x-gofer.xattr=trusted"});
  become(kUser);
  std::string line = refusal();
  EXPECT_NE(line.find("capabilities: /mounts/0: x-gofer.xattr=trusted needs CAP_SYS_ADMIN"),
            line.npos)
      << line;
  EXPECT_EQ(gofer().process().wait(), (support::End{.status = 77}));
}

}  // namespace
}  // namespace cmd
