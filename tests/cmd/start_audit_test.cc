// StartAudit: the kernel gives the number of a namespace that nobody is in to the next one that is
// made, and the check must not take a worker's for the one that the launcher was started in.
#include "cmd/start_audit.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>

#include "tests/sandbox/child.h"

namespace cmd {
namespace {

std::string mount_namespace() {
  return std::filesystem::read_symlink("/proc/self/ns/mnt").native();
}

// Leaves its mount namespace, and then one after the other. "again" once it comes to the first
// one's number, "never" if it does not.
std::string left_for_good() {
  if (::unshare(CLONE_NEWNS) != 0) return "unshare failed";
  std::string first = mount_namespace();
  StartAudit audit;
  audit.begin();
  for (int i = 0; i < 200; ++i) {
    if (::unshare(CLONE_NEWNS) != 0) return "unshare failed";
    if (mount_namespace() == first) return "again";
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return "never";
}

TEST(StartAudit, HoldsTheNamespacesThatTheLauncherLeaves) {
  EXPECT_EQ(sandbox_test::in_child(left_for_good), "never");
}

}  // namespace
}  // namespace cmd
