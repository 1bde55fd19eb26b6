// What gofer doctor reads of a host, where it is not as on this one: files in another root.
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <string_view>

#include "cmd/host_health.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tree.h"

namespace cmd {
namespace {

constexpr std::string_view kProcMount = "22 1 0:21 / /proc rw,nosuid shared:5 - proc proc rw";

class Host : public testing::Test {
 protected:
  Host() { put("proc/self/mountinfo", std::string(kProcMount) + "\n"); }

  void put(const std::string& file, const std::string& text) {
    support::make_file(root_ / file, text);
  }
  HostFiles files(bool is_root = false) const {
    return {.root = root_.path().native(), .is_root = is_root};
  }
  Finding find(const std::string& name, bool is_root = false) const {
    for (const Finding& finding : read_host(files(is_root)))
      if (finding.name == name) return finding;
    return {.name = "no finding"};
  }

  support::TempDir root_;
};

TEST_F(Host, WithoutProcCannotBeServed) {
  EXPECT_EQ(find("proc").health, Health::kOk);
  put("proc/self/mountinfo", "21 1 254:0 / / rw - ext4 /dev/vda rw\n");
  EXPECT_EQ(find("proc").health, Health::kMissing);
}

TEST_F(Host, ThatHidesProcessesHidesThemFromOrdinaryUsers) {
  for (const char* mode : {"2", "invisible", "1"}) {
    put("proc/self/mountinfo", std::string(kProcMount) + ",hidepid=" + mode + "\n");
    EXPECT_EQ(find("proc").health, Health::kDegraded) << mode;
    EXPECT_EQ(find("proc", true).health, Health::kOk) << mode;
  }
  for (const char* mode : {"0", "off"}) {
    put("proc/self/mountinfo", std::string(kProcMount) + ",hidepid=" + mode + "\n");
    EXPECT_EQ(find("proc").health, Health::kOk) << mode;
  }
}

TEST_F(Host, NamesWhatIsMissingForARangeOfIds) {
  EXPECT_EQ(find("ids", true).health, Health::kOk);
  Finding bare = find("ids");
  EXPECT_EQ(bare.health, Health::kDegraded);
  EXPECT_NE(bare.remedy.find("package uidmap"), bare.remedy.npos) << bare.remedy;
  EXPECT_NE(bare.remedy.find("/etc/subuid"), bare.remedy.npos) << bare.remedy;
  for (const char* file : {"usr/bin/newuidmap", "usr/bin/newgidmap"}) put(file, "");
  std::string range = std::to_string(::getuid()) + ":100000:65536\n";
  for (const char* file : {"etc/subuid", "etc/subgid"}) put(file, range);
  Finding equipped = find("ids");
  EXPECT_EQ(equipped.remedy.find("package uidmap"), equipped.remedy.npos) << equipped.remedy;
  EXPECT_EQ(equipped.remedy.find("/etc/subuid"), equipped.remedy.npos) << equipped.remedy;
}

TEST_F(Host, HasAMemoryControllerOfEitherKind) {
  EXPECT_EQ(find("memory_control").health, Health::kDegraded);
  put("proc/self/cgroup", "9:memory:/user\n0::/\n");
  EXPECT_EQ(find("memory_control").found, "cgroup v1");
  put("sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory pids\n");
  EXPECT_EQ(find("memory_control").found, "cgroup v2");
}

TEST_F(Host, NamesTheSwitchThatKeepsUserNamespacesOff) {
  EXPECT_EQ(user_namespace_remedy(files(), "start as root"), "start as root");
  put("proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1\n");
  auto remedy = [&] { return user_namespace_remedy(files(), "start as root"); };
  EXPECT_NE(remedy().find("apparmor_restrict_unprivileged_userns=0"), std::string::npos);
  put("proc/sys/kernel/unprivileged_userns_clone", "0\n");
  EXPECT_EQ(remedy(), "sysctl kernel.unprivileged_userns_clone=1");
  put("proc/sys/user/max_user_namespaces", "0\n");
  EXPECT_EQ(remedy(), "sysctl user.max_user_namespaces=16384");
}

}  // namespace
}  // namespace cmd
