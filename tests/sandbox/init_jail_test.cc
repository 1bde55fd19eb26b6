// Pid 1 of the workers in its jail: it holds nothing and does nothing.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "policies/programs.h"
#include "sandbox/landlock.h"
#include "tests/sandbox/child.h"
#include "tests/sandbox/prison.h"
#include "tests/support/proc.h"
#include "tests/support/temp_dir.h"

namespace sandbox_test {
namespace {

class InitJail : public testing::TestWithParam<uid_t> {
 protected:
  InitJail() {
    EXPECT_EQ(::chown(dir_.path().c_str(), GetParam(), GetParam()), 0);
    options_.source = dir_.path();
    options_.user = GetParam();
    options_.init_filter = policies::program(spec::Role::kInit);
  }
  bool unprivileged() const { return GetParam() != 0; }

  support::TempDir dir_;
  PrisonOptions options_;
};

std::string nothing() {
  return "ready";
}

TEST_P(InitJail, HoldsNothing) {
  Prison prison(options_, nothing);
  ASSERT_EQ(prison.said(), "ready") << prison.problem();
  pid_t init = prison.init();
  for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"})
    EXPECT_EQ(support::status_field(init, set), "0000000000000000") << set;
  EXPECT_EQ(support::status_field(init, "NoNewPrivs"), "1");
  EXPECT_EQ(support::status_field(init, "Seccomp"), "2");
  EXPECT_EQ(support::status_field(init, "SigIgn"),
            support::status_field(prison.worker(), "SigIgn"));
  EXPECT_EQ(support::descriptors_of(init).size(), 3U);
  auto mounts = support::mounts_of(init);
  ASSERT_EQ(mounts.size(), 1U);
  EXPECT_EQ(mounts[0].point, "/");
  for (const char* option : {"ro", "nosuid", "nodev", "noexec"})
    EXPECT_TRUE(mounts[0].has(option)) << mounts[0].options;
  EXPECT_EQ(support::names_in_root(init), std::vector<std::string>{});
}

TEST_P(InitJail, SupplementaryGroupsAreDroppedOrReported) {
  Prison prison(in_group(options_, 4242), nothing);
  ASSERT_EQ(prison.said(), "ready") << prison.problem();
  EXPECT_EQ(prison.init_report().groups_kept, unprivileged() ? 1 : 0);
  EXPECT_EQ(support::status_field(prison.init(), "Groups"), unprivileged() ? "4242" : "");
}

TEST_P(InitJail, LandlockIsInForceAsInTheWorker) {
  Prison prison(options_, nothing);
  ASSERT_EQ(prison.said(), "ready") << prison.problem();
  EXPECT_EQ(prison.init_report().landlock_abi, std::min(sandbox::landlock_abi(), 8));
  PrisonOptions without = options_;
  without.skips.add(sandbox::Skippable::kLandlock);
  Prison open(without, nothing);
  ASSERT_EQ(open.said(), "ready") << open.problem();
  EXPECT_EQ(open.init_report().landlock_abi, 0);
}

std::string name_of(const testing::TestParamInfo<uid_t>& user) {
  return user.param == 0 ? "Root" : "User";
}

INSTANTIATE_TEST_SUITE_P(As, InitJail, testing::Values(uid_t{0}, uid_t{65534}), name_of);

}  // namespace
}  // namespace sandbox_test
