// The roles' processes at work under their own programs, on the running kernel.
#include <gtest/gtest.h>
#include <signal.h>

#include "policies/programs.h"
#include "tests/audit/policy_files.h"
#include "tests/audit/works.h"

namespace audit {
namespace {

using policies::Role;

class RuntimeUnderFilter : public testing::TestWithParam<Role> {
 protected:
  Filter filter() const { return policies::program(GetParam()); }
};

INSTANTIATE_TEST_SUITE_P(Of, RuntimeUnderFilter, testing::Values(Role::kRo, Role::kRw), RoleName());

TEST_P(RuntimeUnderFilter, AWorkerEndsWithItsOwnStatus) {
  Ended ended = exit_with_six(filter());
  EXPECT_TRUE(ended.with(6)) << ended.text();
}

TEST_P(RuntimeUnderFilter, AnAbortEndsBySigabrt) {
  Ended ended = abort_itself(filter());
  EXPECT_TRUE(ended.by(SIGABRT)) << ended.text();
}

TEST_P(RuntimeUnderFilter, MemoryIsAllocatedMovedAndFreed) {
  Ended ended = use_memory(filter());
  EXPECT_TRUE(ended.with(0)) << ended.text();
}

TEST_P(RuntimeUnderFilter, TheClockIsReadWithoutTheVdso) {
  Ended ended = read_the_clock(filter());
  EXPECT_TRUE(ended.with(0)) << ended.text();
}

TEST_P(RuntimeUnderFilter, ALogLineIsWritten) {
  Ended ended = log_a_line(filter());
  EXPECT_TRUE(ended.with(0)) << ended.text();
  EXPECT_NE(ended.log.find("worker: alive"), std::string::npos) << ended.text();
}

TEST_P(RuntimeUnderFilter, ARequestIsReadAndAnswered) {
  Ended ended = answer_a_request(filter());
  EXPECT_TRUE(ended.with(0)) << ended.text();
  EXPECT_EQ(ended.log, "");
}

// read(2) is started anew by the kernel after SIGCONT; restart_syscall(2) is not needed for it.
TEST_P(RuntimeUnderFilter, AWorkerThatWasStoppedGoesOn) {
  Ended ended = be_stopped_and_continued(filter());
  EXPECT_TRUE(ended.with(0)) << ended.text();
  EXPECT_EQ(ended.log, "");
}

TEST(InitUnderFilter, SleepsUntilItIsKilled) {
  Ended ended = sleep_for_ever(policies::program(Role::kInit));
  EXPECT_TRUE(ended.by(SIGKILL)) << ended.text();
}

}  // namespace
}  // namespace audit
