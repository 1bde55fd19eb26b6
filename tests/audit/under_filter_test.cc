// The roles' processes at work under their own programs, on the running kernel.
#include <gtest/gtest.h>
#include <signal.h>

#include <string>
#include <utility>

#include "policies/programs.h"
#include "spec/base/exit_code.h"
#include "tests/audit/policy_files.h"
#include "tests/audit/works.h"

namespace audit {
namespace {

using spec::Role;

class RuntimeUnderFilter : public testing::TestWithParam<Policed> {
 protected:
  Filter filter() const { return GetParam().program(); }
};

INSTANTIATE_TEST_SUITE_P(Of, RuntimeUnderFilter, testing::ValuesIn(all_workers()), PolicedName());

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

void expect_done(const Ended& ended) {
  EXPECT_TRUE(ended.with(0)) << ended.text();
  EXPECT_EQ(ended.log, "");
}

TEST(FilesUnderFilter, AReadOnlyWorkerOpensListsAndReads) {
  Ended ended = open_list_and_read(policies::program(Role::kReadOnly));
  EXPECT_TRUE(ended.with(0)) << ended.text();
  EXPECT_EQ(ended.log, "");
}

TEST(FilesUnderFilter, AReadOnlyWorkerWaitsForDisks) {
  Ended ended = read_and_wait(policies::program(Role::kReadOnly));
  EXPECT_TRUE(ended.with(0)) << ended.text();
  EXPECT_EQ(ended.log, "");
}

TEST(FilesUnderFilter, AReadWriteWorkerWaitsForDisks) {
  Ended ended = write_and_wait(policies::program(Role::kReadWrite));
  EXPECT_TRUE(ended.with(0)) << ended.text();
  EXPECT_EQ(ended.log, "");
}

TEST(FilesUnderFilter, AReadWriteWorkerChangesFiles) {
  Ended ended = change_files(policies::program(Role::kReadWrite));
  EXPECT_TRUE(ended.with(0)) << ended.text();
  EXPECT_EQ(ended.log, "");
}

constexpr spec::Extras only(spec::Extra extra) {
  return spec::Extras().with(extra);
}

TEST(FilesUnderFilter, AWorkerThatDonatesSendsDescriptors) {
  for (Role role : {Role::kReadOnly, Role::kReadWrite})
    expect_done(donate_descriptors(policies::program(role, only(spec::Extra::kDonate))));
}

TEST(FilesUnderFilter, AWorkerWithXattrsReadsThem) {
  for (Role role : {Role::kReadOnly, Role::kReadWrite})
    expect_done(read_xattrs(policies::program(role, only(spec::Extra::kXattr))));
}

TEST(FilesUnderFilter, AReadWriteWorkerWithXattrsChangesThem) {
  expect_done(
      read_and_change_xattrs(policies::program(Role::kReadWrite, only(spec::Extra::kXattr))));
  Filter read_only = policies::program(Role::kReadOnly, only(spec::Extra::kXattr));
  EXPECT_TRUE(read_and_change_xattrs(read_only).by(SIGSYS)) << "which the server lets pass here";
}

TEST(FilesUnderFilter, AWorkerWithLocksLocksAndAsks) {
  for (Role role : {Role::kReadOnly, Role::kReadWrite})
    expect_done(lock_files(policies::program(role, only(spec::Extra::kLocks))));
}

TEST(FilesUnderFilter, AWorkerThatMakesSpecialFilesMakesThem) {
  expect_done(make_special_files(policies::program(Role::kReadWrite, only(spec::Extra::kMknod))));
}

TEST(FilesUnderFilter, AWorkerWithSocketsConnectsToThem) {
  for (Role role : {Role::kReadOnly, Role::kReadWrite}) {
    Ended ended = connect_to_sockets(policies::program(role, only(spec::Extra::kUds)));
    EXPECT_TRUE(ended.with(0)) << ended.text();
    EXPECT_EQ(ended.log, "");
  }
}

TEST(FilesUnderFilter, AReadOnlyWorkerWithFifosOpensThemForReading) {
  Filter filter = policies::program(Role::kReadOnly, only(spec::Extra::kFifo));
  Ended ended = open_fifos_for_reading(filter);
  EXPECT_TRUE(ended.with(0)) << ended.text();
  EXPECT_EQ(ended.log, "");
  EXPECT_TRUE(open_fifos(filter).by(SIGSYS)) << "for writing, which the server lets pass here";
}

TEST(FilesUnderFilter, AReadWriteWorkerWithFifosOpensThemInEveryWay) {
  Ended ended = open_fifos(policies::program(Role::kReadWrite, only(spec::Extra::kFifo)));
  EXPECT_TRUE(ended.with(0)) << ended.text();
  EXPECT_EQ(ended.log, "");
}

// The server is told to serve the extra, and its worker does not have it.
TEST(FilesUnderFilter, WorkersWithoutAnExtraDieOfIt) {
  constexpr std::pair<spec::Extra, Ended (*)(Filter)> kWorks[] = {
      {spec::Extra::kDonate, donate_descriptors}, {spec::Extra::kXattr, read_xattrs},
      {spec::Extra::kLocks, lock_files},          {spec::Extra::kMknod, make_special_files},
      {spec::Extra::kUds, connect_to_sockets},    {spec::Extra::kFifo, open_fifos_for_reading},
      {spec::Extra::kChannels, serve_channels},
  };
  for (Role role : {Role::kReadOnly, Role::kReadWrite})
    for (auto [extra, work] : kWorks) {
      auto all = spec::Extras::of_index(spec::Extras::kSets - 1);
      if (extra == spec::Extra::kDonate) all = only(spec::Extra::kXattr).with(spec::Extra::kLocks);
      EXPECT_TRUE(work(policies::program(role, all.without(extra))).by(SIGSYS))
          << name_of(role) << " without " << name_of(extra);
      EXPECT_TRUE(work(policies::program(role)).by(SIGSYS)) << name_of(extra);
    }
}

TEST(FilesUnderFilter, AReadOnlyWorkerServesChannels) {
  Ended ended = serve_channels(policies::program(Role::kReadOnly, only(spec::Extra::kChannels)));
  EXPECT_TRUE(ended.with(0)) << ended.text();
  EXPECT_EQ(ended.log, "");
}

TEST(FilesUnderFilter, AReadWriteWorkerServesChannels) {
  Ended ended = serve_channels(policies::program(Role::kReadWrite, only(spec::Extra::kChannels)));
  EXPECT_TRUE(ended.with(0)) << ended.text();
  EXPECT_EQ(ended.log, "");
}

TEST(FilesUnderFilter, APanicOnAChannelEndsTheConnection) {
  Ended ended =
      panic_on_a_channel(policies::program(Role::kReadOnly, only(spec::Extra::kChannels)));
  EXPECT_TRUE(ended.with(static_cast<int>(base::WorkerExit::kPanicOnWrite))) << ended.text();
  EXPECT_NE(ended.log.find("Tmkdir"), std::string::npos) << ended.text();
}

TEST(InitUnderFilter, SleepsUntilItIsKilled) {
  Ended ended = sleep_for_ever(policies::program(Role::kInit));
  EXPECT_TRUE(ended.by(SIGKILL)) << ended.text();
}

Filter supervisor() {
  return policies::program(Role::kSupervisor);
}

void expect_violation(const Ended& ended, const char* text) {
  EXPECT_TRUE(ended.with(static_cast<int>(base::ExitCode::kPolicyViolation))) << ended.text();
  EXPECT_NE(ended.log.find(text), std::string::npos) << ended.text();
  EXPECT_NE(ended.log.find("\"event\":\"worker-end\""), std::string::npos) << ended.text();
}

TEST(SupervisorUnderFilter, NamesTheCallThatEndedAWorker) {
  expect_violation(report_a_native_call(supervisor()),
                   R"(syscall="fchmod" number=91 args="0x4,0x1ff)");
}

TEST(SupervisorUnderFilter, SaysThatACallCameThroughTheI386Door) {
  expect_violation(report_an_i386_call(supervisor()), R"(abi="i386")");
}

// The others of its process end with the same status, and sleep in calls of their own.
TEST(SupervisorUnderFilter, NamesTheCallOfTheThreadThatMadeIt) {
  for (int round = 0; round < 10; ++round) {
    Ended ended = report_a_call_of_a_thread(supervisor());
    expect_violation(ended, R"(syscall="fchmod" number=91 args="0x4,0x1ff)");
    EXPECT_EQ(ended.log.find("worker ended"), ended.log.rfind("worker ended")) << ended.text();
  }
}

TEST(SupervisorUnderFilter, LeavesAStoppedWorkerStoppedUntilItIsContinued) {
  Ended ended = leave_a_worker_stopped(supervisor());
  EXPECT_TRUE(ended.with(0)) << ended.text();
  EXPECT_NE(ended.log.find("hangup"), std::string::npos) << ended.text();
}

TEST(SupervisorUnderFilter, PassesSignalsOnToCommandAndEndsItsWorkers) {
  for (int signal : {SIGHUP, SIGINT, SIGQUIT, SIGTERM}) {
    Ended ended = pass_on_to_command(supervisor(), signal);
    EXPECT_TRUE(ended.with(128 + signal)) << ended.text();
    EXPECT_NE(ended.log.find("stopped"), std::string::npos) << ended.text();
  }
}

TEST(SupervisorUnderFilter, AbortsAndLogsAsAWorkerDoes) {
  Ended ended = abort_itself(supervisor());
  EXPECT_TRUE(ended.by(SIGABRT)) << ended.text();
  ended = log_a_line(supervisor());
  EXPECT_TRUE(ended.with(0)) << ended.text();
  ended = read_the_clock(supervisor());
  EXPECT_TRUE(ended.with(0)) << ended.text();
}

}  // namespace
}  // namespace audit
