// Locks that are taken through the mount, and what else may have the same file: programs of the
// host, and other connections.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <cerrno>
#include <string>
#include <vector>

#include "spec/base/problem.h"
#include "tests/guest/mounted_tree.h"
#include "tests/guest/steps.h"
#include "tests/support/gofer_process.h"

namespace guest {
namespace {

using support::make_file;

// A file of the host, locked by a program of the host: this one.
class HostFile {
 public:
  explicit HostFile(const path& file) : fd_(::open(file.c_str(), O_RDWR | O_CLOEXEC)) {
    EXPECT_TRUE(fd_.valid()) << file;
  }

  // F_SETLK or F_OFD_SETLK. "ok", or the name of the errno.
  std::string set(int command, short kind, off_t start = 0, off_t length = 0) {
    struct flock range{};
    range.l_type = kind;
    range.l_whence = SEEK_SET;
    range.l_start = start;
    range.l_len = length;
    return ::fcntl(fd_.raw(), command, &range) == 0 ? "ok" : base::errno_name(errno);
  }

 private:
  base::UniqueFd fd_;
};

MountOptions impatient() {
  return {.more = "locktimeout=1"};
}

class Locks : public testing::Test {
 protected:
  Locks() { make_file(tree_.host("f"), "0123456789"); }

  // A process of the guest that makes these steps with the file open, and then waits.
  Job holder(const std::string& lock) {
    Job job = tree_.start(steps({"open f rw", lock, "wait", "close", "wait"}));
    EXPECT_EQ(job.read_line(), "ok");
    EXPECT_EQ(job.read_line(), "ok");
    return job;
  }

  MountedTree tree_{impatient()};
};

// Each kind of lock that a program of the guest has.
class LocksOfKind : public Locks, public testing::WithParamInterface<std::string> {};
std::string as_it_is(const testing::TestParamInfo<std::string>& word) {
  return word.param;
}
INSTANTIATE_TEST_SUITE_P(Kind, LocksOfKind, testing::Values("lock", "ofdlock", "flock"), as_it_is);

TEST_P(LocksOfKind, ExcludeTheHostUntilTheyAreReleased) {
  HostFile host(tree_.host("f"));
  Job job = holder(GetParam() + " w 0 0");
  EXPECT_EQ(host.set(F_OFD_SETLK, F_WRLCK), "EAGAIN");
  EXPECT_EQ(host.set(F_OFD_SETLK, F_RDLCK), "EAGAIN");
  EXPECT_EQ(host.set(F_SETLK, F_WRLCK, 5, 1), "EAGAIN");
  job.write("close\n");
  EXPECT_EQ(job.read_line(), "ok");
  EXPECT_EQ(job.read_line(), "ok");
  EXPECT_EQ(host.set(F_OFD_SETLK, F_WRLCK), "ok");
}

TEST_P(LocksOfKind, AreSharedForReading) {
  HostFile host(tree_.host("f"));
  Job job = holder(GetParam() + " r 0 0");
  EXPECT_EQ(host.set(F_OFD_SETLK, F_WRLCK), "EAGAIN");
  EXPECT_EQ(host.set(F_OFD_SETLK, F_RDLCK), "ok");
}

TEST_P(LocksOfKind, OfTheHostExcludeTheGuest) {
  std::string lock = GetParam();
  for (int command : {F_OFD_SETLK, F_SETLK}) {
    HostFile host(tree_.host("f"));
    ASSERT_EQ(host.set(command, F_WRLCK), "ok");
    EXPECT_EQ(tree_.run(steps({"open f rw", lock + " w 0 0", lock + " r 0 0"})).output,
              "ok\nEAGAIN\nEAGAIN\n");
    ASSERT_EQ(host.set(command, F_UNLCK), "ok");
    EXPECT_EQ(tree_.run(steps({"open f rw", lock + " w 0 0"})).output, "ok\nok\n");
  }
}

TEST_P(LocksOfKind, ExcludeAnotherConnection) {
  Server other({{.source = tree_.host()}});
  Mount mount(machine(), other.take_client(0), impatient());
  std::string lock = GetParam();
  auto attempt = [&] {
    return machine().run(
        Command{.line = steps({"open f rw", lock + " w 0 0"}), .directory = mount.where()});
  };
  Job job = holder(lock + " w 0 0");
  EXPECT_EQ(attempt().output, "ok\nEAGAIN\n");
  job.write("close\n");
  EXPECT_EQ(job.read_line(), "ok");
  EXPECT_EQ(job.read_line(), "ok");
  EXPECT_EQ(attempt().output, "ok\nok\n");
}

TEST_P(LocksOfKind, EndWithTheirProcess) {
  HostFile host(tree_.host("f"));
  Job job = holder(GetParam() + " w 0 0");
  EXPECT_EQ(host.set(F_OFD_SETLK, F_WRLCK), "EAGAIN");
  job.send_signal(SIGKILL);
  EXPECT_EQ(job.wait().status, 128 + SIGKILL);
  EXPECT_EQ(host.set(F_OFD_SETLK, F_WRLCK), "ok");
}

TEST_F(Locks, OfTwoWorkersOfOneServerExcludeEachOther) {
  Server server({{.source = tree_.host()}, {.source = tree_.host()}});
  Mount a(machine(), server.take_client(0), impatient());
  Mount b(machine(), server.take_client(1), impatient());
  Job job =
      machine().start({.line = steps({"open f rw", "lock w 2 3", "wait"}), .directory = a.where()});
  EXPECT_EQ(job.read_line() + job.read_line(), "okok");
  Ran ran = machine().run({.line = steps({"open f rw", "lock w 0 2", "lock w 4 1", "lock w 5 0"}),
                           .directory = b.where()});
  EXPECT_EQ(ran.output, "ok\nok\nEAGAIN\nok\n");
}

TEST_F(Locks, CoverTheirRangesOnly) {
  HostFile host(tree_.host("f"));
  Job job = holder("lock w 2 3");
  EXPECT_EQ(host.set(F_OFD_SETLK, F_WRLCK, 0, 2), "ok");
  EXPECT_EQ(host.set(F_OFD_SETLK, F_WRLCK, 5, 0), "ok");
  EXPECT_EQ(host.set(F_OFD_SETLK, F_WRLCK, 2, 1), "EAGAIN");
  EXPECT_EQ(host.set(F_OFD_SETLK, F_WRLCK, 4, 1), "EAGAIN");
}

TEST_F(Locks, AreFoundByGetlock) {
  HostFile host(tree_.host("f"));
  EXPECT_EQ(tree_.run(steps({"open f rw", "getlock w 0 0"})).output, "ok\nfree\n");
  ASSERT_EQ(host.set(F_OFD_SETLK, F_WRLCK, 3, 4), "ok");
  Ran ran = tree_.run(steps({"open f rw", "getlock r 0 0", "getlock w 7 0"}));
  EXPECT_TRUE(ran.output.starts_with("ok\nw 3 4 ")) << ran.output;
  EXPECT_TRUE(ran.output.ends_with("\nfree\n")) << ran.output;
}

// The client makes record locks of both.
TEST_F(Locks, OfBothKindsExcludeEachOther) {
  Job job = holder("flock w 0 0");
  EXPECT_EQ(tree_.run(steps({"open f rw", "lock w 0 0", "flock r 0 0"})).output,
            "ok\nEAGAIN\nEAGAIN\n");
}

// The kernel of the guest asks again once a second.
TEST_F(Locks, AreWaitedFor) {
  for (const char* lock : {"lockw w 0 0", "ofdlockw w 0 0"}) {
    HostFile host(tree_.host("f"));
    ASSERT_EQ(host.set(F_OFD_SETLK, F_WRLCK), "ok");
    Job job = tree_.start(steps({"open f rw", lock, "wait"}));
    EXPECT_EQ(job.read_line(), "ok");
    EXPECT_EQ(tree_.run("cat f").output, "0123456789");  // nobody else waits
    ASSERT_EQ(host.set(F_OFD_SETLK, F_UNLCK), "ok");
    EXPECT_EQ(job.read_line(), "ok");
    EXPECT_EQ(host.set(F_OFD_SETLK, F_WRLCK), "EAGAIN");
  }
}

TEST_F(Locks, AreNotWaitedForByAProcessThatIsKilled) {
  HostFile host(tree_.host("f"));
  ASSERT_EQ(host.set(F_OFD_SETLK, F_WRLCK), "ok");
  Job job = tree_.start(steps({"open f rw", "lockw w 0 0"}));
  EXPECT_EQ(job.read_line(), "ok");
  job.send_signal(SIGKILL);
  EXPECT_EQ(job.wait().status, 128 + SIGKILL);
  ASSERT_EQ(host.set(F_OFD_SETLK, F_UNLCK), "ok");
  EXPECT_EQ(tree_.run(steps({"open f rw", "lock w 0 0"})).output, "ok\nok\n");
}

TEST_F(Locks, OfAReadOnlyExportAreForReading) {
  Server server({{.source = tree_.host(), .options = {"rbind", "ro"}}});
  Mount mount(machine(), server.take_client(0), impatient());
  HostFile host(tree_.host("f"));
  Job job = machine().start({.line = steps({"open f r", "lock w 0 0", "lock r 0 0", "wait"}),
                             .directory = mount.where()});
  EXPECT_EQ(job.read_line(), "ok");
  EXPECT_EQ(job.read_line(), "EBADF");
  EXPECT_EQ(job.read_line(), "ok");
  EXPECT_EQ(host.set(F_OFD_SETLK, F_WRLCK), "EAGAIN");
}

TEST_F(Locks, MayBeSwitchedOff) {
  Server server({{.source = tree_.host(), .options = {"rbind", "rw", "x-gofer.locks=off"}}});
  Mount mount(machine(), server.take_client(0));
  Ran ran = machine().run({.line = steps({"open f rw", "lock w 0 0"}), .directory = mount.where()});
  EXPECT_EQ(ran.output, "ok\nEOPNOTSUPP\n");
}

// The real thing: a database that four processes write, two of them on the host.
TEST_F(Locks, KeepADatabaseIntactThatFourProcessesWrite) {
  constexpr int kRows = 40;
  path database = tree_.host("db");
  auto sqlite = [](const std::string& file, const std::string& writer) {
    return "for i in $(seq " + std::to_string(kRows) + "); do sqlite3 -cmd '.timeout 60000' " +
           file + " \"insert into t values('" + writer + "', $i)\" || exit 1; done";
  };
  ASSERT_TRUE(tree_.run("sqlite3 db 'create table t(who text, n integer)'").ok());
  Job guest_a = tree_.start(sqlite("db", "guest a"));
  Job guest_b = tree_.start(sqlite("db", "guest b"));
  auto on_host = [&](const std::string& writer) {
    return support::Process::Start{.words = {"/bin/sh", "-c", sqlite(database, writer)},
                                   .inherited = {},
                                   .environment = {},
                                   .user = {}};
  };
  support::Process host_a(on_host("host a"));
  support::Process host_b(on_host("host b"));
  EXPECT_EQ(testing::PrintToString(guest_a.wait()), testing::PrintToString(Ran{.status = 0}));
  EXPECT_EQ(testing::PrintToString(guest_b.wait()), testing::PrintToString(Ran{.status = 0}));
  EXPECT_EQ(host_a.wait(), support::End{.status = 0}) << host_a.err();
  EXPECT_EQ(host_b.wait(), support::End{.status = 0}) << host_b.err();
  const char* check =
      "sqlite3 db 'PRAGMA integrity_check; select who, count(distinct n) from t group by who'";
  std::string expected = "ok\n";
  for (const char* writer : {"guest a", "guest b", "host a", "host b"})
    expected += std::string(writer) + "|" + std::to_string(kRows) + "\n";
  EXPECT_EQ(tree_.run(check).output, expected);
}

}  // namespace
}  // namespace guest
