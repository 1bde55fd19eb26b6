// What a worker keeps for the extended attributes it serves, and what the kernel makes of it.
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <string>
#include <utility>

#include "policies/programs.h"
#include "sandbox/capabilities.h"
#include "sandbox/namespaces.h"
#include "tests/sandbox/child.h"
#include "tests/sandbox/prison.h"
#include "tests/support/proc.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tree.h"

namespace sandbox_test {
namespace {

using spec::Access;
using spec::Role;
using spec::XattrNames;

constexpr uint64_t bit(int capability) {
  return uint64_t{1} << capability;
}

constexpr XattrNames kSecurity{.security = true};
constexpr XattrNames kTrusted{.trusted = true};
constexpr XattrNames kAll{.user = true, .acl = true, .security = true, .trusted = true};

// CAP_NET_BIND_SERVICE, permitted and effective: struct vfs_cap_data of <linux/capability.h>.
constexpr std::array<uint32_t, 5> kFileCapability = {VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
                                                     1U << CAP_NET_BIND_SERVICE, 0, 0, 0};

std::string set_said(const char* name) {
  return said(::setxattr("/file", name, "value", 5, 0));
}

std::string get_said(const char* name) {
  char value[64];
  return said(::getxattr("/file", name, value, sizeof value));
}

std::string set_capability_said() {
  return said(::setxattr("/file", "security.capability", kFileCapability.data(),
                         sizeof kFileCapability, 0));
}

TEST(Capabilities, OfAWorkerGrowWithItsXattrs) {
  const uint64_t read_only = bit(CAP_DAC_READ_SEARCH);
  const uint64_t read_write =
      read_only | bit(CAP_CHOWN) | bit(CAP_DAC_OVERRIDE) | bit(CAP_FOWNER) | bit(CAP_FSETID);
  const uint64_t trusted = bit(CAP_SYS_ADMIN);
  const uint64_t security = bit(CAP_SETFCAP);
  for (const XattrNames& plain :
       {XattrNames{}, XattrNames{.user = false}, XattrNames{.acl = true}}) {
    EXPECT_EQ(sandbox::capabilities_of(Role::kReadOnly, plain), read_only);
    EXPECT_EQ(sandbox::capabilities_of(Role::kReadWrite, plain), read_write);
  }
  EXPECT_EQ(sandbox::capabilities_of(Role::kReadOnly, kSecurity), read_only);
  EXPECT_EQ(sandbox::capabilities_of(Role::kReadOnly, kTrusted), read_only | trusted);
  EXPECT_EQ(sandbox::capabilities_of(Role::kReadWrite, kSecurity), read_write | security);
  EXPECT_EQ(sandbox::capabilities_of(Role::kReadWrite, kTrusted), read_write | trusted);
  EXPECT_EQ(sandbox::capabilities_of(Role::kReadWrite, kAll), read_write | security | trusted);
  for (Role nobody : {Role::kSupervisor, Role::kInit})
    EXPECT_EQ(sandbox::capabilities_of(nobody, kAll), 0U);
}

class XattrJail : public testing::Test {
 protected:
  XattrJail() {
    support::make_file(dir_ / "tree/file", "content");
    options_.source = dir_ / "tree";
  }
  std::string file() const { return dir_ / "tree/file"; }
  PrisonOptions with(const XattrNames& names, Access access = Access::kReadWrite) const {
    PrisonOptions options = options_;
    options.xattrs = names;
    options.access = access;
    return options;
  }

  support::TempDir dir_;
  PrisonOptions options_;
};

TEST_F(XattrJail, ProcShowsWhatIsKept) {
  for (Access access : {Access::kReadOnly, Access::kReadWrite}) {
    for (const XattrNames& names : {XattrNames{}, kSecurity, kTrusted, kAll}) {
      Prison prison(with(names, access), [] { return "ready"; });
      ASSERT_EQ(prison.said(), "ready") << prison.problem();
      uint64_t kept = sandbox::capabilities_of(spec::worker_role(access), names);
      for (const char* set : {"CapPrm", "CapEff", "CapBnd"})
        EXPECT_EQ(std::stoull(support::status_field(prison.worker(), set), nullptr, 16), kept)
            << set;
      for (const char* set : {"CapInh", "CapAmb"})
        EXPECT_EQ(support::status_field(prison.worker(), set), "0000000000000000") << set;
      for (const char* set : {"CapPrm", "CapEff", "CapBnd"})
        EXPECT_EQ(support::status_field(prison.init(), set), "0000000000000000") << set;
    }
  }
}

TEST_F(XattrJail, AFileIsMadePrivilegedOnlyWithSecurity) {
  Prison plain(with({}), set_capability_said);
  EXPECT_EQ(plain.said(), "EPERM") << plain.problem();
  EXPECT_EQ(::getxattr(file().c_str(), "security.capability", nullptr, 0), -1);
  Prison trusted(with(kTrusted), set_capability_said);
  EXPECT_EQ(trusted.said(), "EPERM") << trusted.problem();
  Prison security(with(kSecurity), set_capability_said);
  EXPECT_EQ(security.said(), "ok") << security.problem();
  EXPECT_EQ(::getxattr(file().c_str(), "security.capability", nullptr, 0),
            static_cast<ssize_t>(sizeof kFileCapability));
}

TEST_F(XattrJail, OtherSecurityAttributesAreSetWithTrustedOnly) {
  auto set = [] { return set_said("security.gofer-test"); };
  Prison security(with(kSecurity), set);
  EXPECT_EQ(security.said(), "EPERM") << security.problem();
  Prison trusted(with(kTrusted), set);
  EXPECT_EQ(trusted.said(), "ok") << trusted.problem();
  Prison reading(with({}, Access::kReadOnly), [] { return get_said("security.gofer-test"); });
  EXPECT_EQ(reading.said(), "ok") << reading.problem();
}

TEST_F(XattrJail, TrustedAttributesNeedTrusted) {
  ASSERT_EQ(::setxattr(file().c_str(), "trusted.gofer-test", "value", 5, 0), 0);
  auto both = [] { return get_said("trusted.gofer-test") + " " + set_said("trusted.gofer-test"); };
  Prison plain(with(kSecurity), both);
  EXPECT_EQ(plain.said(), "ENODATA EPERM") << plain.problem();
  Prison trusted(with(kTrusted), both);
  EXPECT_EQ(trusted.said(), "ok ok") << trusted.problem();
  Prison read_only(with(kTrusted, Access::kReadOnly), both);
  EXPECT_EQ(read_only.said(), "ok EROFS") << read_only.problem();
}

// What CAP_SYS_ADMIN would be good for, had the worker a system call to use it with.
TEST_F(XattrJail, TheFilterEndsAWorkerWithTrustedThatUsesItsPower) {
  const std::pair<const char*, void (*)()> powers[] = {
      {"mount", [] { ::syscall(SYS_mount, "none", "/", "tmpfs", 0, nullptr); }},
      {"umount2", [] { ::syscall(SYS_umount2, "/", MNT_DETACH); }},
      {"pivot_root", [] { ::syscall(SYS_pivot_root, "/", "/"); }},
      {"unshare", [] { ::syscall(SYS_unshare, CLONE_NEWNS); }},
      {"setns", [] { ::syscall(SYS_setns, 5, 0); }},
      {"open_tree", [] { ::syscall(SYS_open_tree, 4, "", 0); }},
      {"fsopen", [] { ::syscall(SYS_fsopen, "tmpfs", 0); }},
      {"bpf", [] { ::syscall(SYS_bpf, 0, nullptr, 0); }},
      {"perf_event_open", [] { ::syscall(SYS_perf_event_open, nullptr, 0, 0, -1, 0); }},
      {"quotactl", [] { ::syscall(SYS_quotactl, 0, nullptr, 0, nullptr); }},
      {"ioctl", [] { ::syscall(SYS_ioctl, 4, 0, nullptr); }},
      {"open_by_handle_at", [] { ::syscall(SYS_open_by_handle_at, 4, nullptr, 0); }},
  };
  for (Access access : {Access::kReadOnly, Access::kReadWrite}) {
    PrisonOptions options = with(kAll, access);
    options.filter = policies::program(spec::worker_role(access));
    for (const auto& [name, use] : powers) {
      Prison prison(options, [use] {
        use();
        return "survived";
      });
      ASSERT_TRUE(prison.started()) << prison.problem();
      EXPECT_EQ(prison.said(), "") << name;
      int status = prison.wait_for_launcher();
      EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 128 + SIGSYS) << name << status;
    }
  }
}

// The filter is the first layer; this is what is behind it.
TEST_F(XattrJail, LandlockStillForbidsMountsToAWorkerWithTrusted) {
  Prison prison(with(kTrusted), [] {
    return said(::mount("none", "/", "tmpfs", 0, nullptr)) + " " + said(::umount2("/", MNT_DETACH));
  });
  ASSERT_TRUE(prison.started()) << prison.problem();
  if (prison.report().landlock_abi == 0) GTEST_SKIP() << "the kernel has no Landlock";
  EXPECT_EQ(prison.said(), "EPERM EPERM");
}

TEST(CheckCapabilities, TrustedIsRefusedOutsideOfTheInitialUserNamespace) {
  auto checked = [](const XattrNames& names) {
    return text_of(
        sandbox::check_capabilities({.where = "/mounts/3", .options = {.xattrs = names}}));
  };
  EXPECT_EQ(in_child([&] { return checked(kTrusted); }), "ok");
  auto as_user = [&](const XattrNames& names) {
    return in_child([&] {
      become_user(65534);
      std::string entered = text_of(sandbox::enter_user_namespace());
      return entered == "ok" ? checked(names) : entered;
    });
  };
  EXPECT_EQ(as_user(kSecurity), "ok");
  EXPECT_EQ(as_user(kTrusted),
            "capabilities: /mounts/3: x-gofer.xattr=trusted needs CAP_SYS_ADMIN of the initial "
            "user namespace; start as root of the host, or serve without it");
}

TEST(CheckCapabilities, FullCapabilitiesOfANestedNamespaceAreNotEnough) {
  EXPECT_EQ(in_child([] {
              if (::unshare(CLONE_NEWUSER) != 0) return said(-1);
              auto initial = sandbox::in_initial_user_namespace();
              return std::string(initial && !*initial && sandbox::is_privileged() ? "nested" : "");
            }),
            "nested");
}

}  // namespace
}  // namespace sandbox_test
