// The supervisor in its jail still waits for, continues and kills what it attached to before.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "policies/programs.h"
#include "tests/sandbox/child.h"
#include "tests/sandbox/prison.h"
#include "tests/support/proc.h"
#include "tests/support/temp_dir.h"

namespace sandbox_test {
namespace {

namespace fs = std::filesystem;

class SupervisorJail : public testing::TestWithParam<uid_t> {
 protected:
  SupervisorJail() {
    EXPECT_EQ(::chown(dir_.path().c_str(), GetParam(), GetParam()), 0);
    options_.source = dir_.path();
    options_.user = GetParam();
    options_.supervise = true;
    options_.supervisor_filter = policies::program(spec::Role::kSupervisor);
  }
  // The lockdown of the launcher is over when its filter is in force.
  static void wait_until_locked_down(pid_t launcher) {
    while (support::status_field(launcher, "Seccomp") == "0") ::usleep(1000);
  }
  support::TempDir dir_;
  PrisonOptions options_;
};

TEST_P(SupervisorJail, HoldsNothing) {
  Prison prison(options_, [] { return "ready"; });
  ASSERT_TRUE(prison.started()) << prison.problem();
  pid_t launcher = prison.launcher();
  wait_until_locked_down(launcher);
  for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"})
    EXPECT_EQ(support::status_field(launcher, set), "0000000000000000") << set;
  EXPECT_EQ(support::status_field(launcher, "NoNewPrivs"), "1");
  EXPECT_EQ(support::status_field(launcher, "Seccomp"), "2");
  std::string proc = "/proc/" + std::to_string(launcher);
  EXPECT_TRUE(fs::is_empty(proc + "/root/"));
  int descriptors = 0;
  for (const auto& entry : fs::directory_iterator(proc + "/fd")) {
    EXPECT_EQ(entry.path().filename(), "2");
    ++descriptors;
  }
  EXPECT_EQ(descriptors, 1);
}

TEST_P(SupervisorJail, StillReapsItsWorkerAndKillsPidOne) {
  Prison prison(options_, [] { return "ready"; });
  ASSERT_TRUE(prison.started()) << prison.problem();
  wait_until_locked_down(prison.launcher());
  prison.client().reset();
  int status = prison.wait_for_launcher();
  ASSERT_TRUE(WIFEXITED(status)) << "signal " << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_P(SupervisorJail, StillLetsAStoppedWorkerGoOnAndKillsOne) {
  Prison prison(options_, [] { return "ready"; });
  ASSERT_TRUE(prison.started()) << prison.problem();
  wait_until_locked_down(prison.launcher());
  ASSERT_EQ(::kill(prison.worker(), SIGUSR1), 0);  // a signal-delivery stop; continued without it
  prison.client().reset();
  int status = prison.wait_for_launcher();
  ASSERT_TRUE(WIFEXITED(status)) << "signal " << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

std::string name_of(const testing::TestParamInfo<uid_t>& user) {
  return user.param == 0 ? "Root" : "User";
}

INSTANTIATE_TEST_SUITE_P(As, SupervisorJail, testing::Values(uid_t{0}, uid_t{65534}), name_of);

}  // namespace
}  // namespace sandbox_test
