// The harness itself: a guest boots, runs what it is told, and ends.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/guest/machine.h"
#include "tests/support/descriptors.h"

namespace guest {
namespace {

// Never returns, by an exception neither.
[[noreturn]] void boot_and_stay(base::Fd says_when_up) noexcept {
  Machine own;
  Job job = own.start("echo up; sleep 1000");
  std::string line = job.read_line() + "\n";
  if (::write(says_when_up.raw(), line.data(), line.size()) < 0) ::_exit(1);
  for (;;) ::pause();
}

TEST(Guest, RunsAKernelOfItsOwn) {
  Ran ran = machine().run("uname -r; ls -d /usr/lib/uml/modules/$(uname -r)");
  EXPECT_TRUE(ran.ok()) << testing::PrintToString(ran);
}

TEST(Guest, TellsHowACommandEnded) {
  EXPECT_EQ(machine().run("exit 7").status, 7);
  EXPECT_EQ(machine().run("kill -KILL $$").status, 128 + SIGKILL);
  EXPECT_EQ(machine().run("echo out; echo err >&2; cat").output, "out\nerr\n");
}

TEST(Guest, KillsACommandThatTakesTooLong) {
  Ran ran = machine().run({.line = "echo started; sleep 1000", .timeout = std::chrono::seconds(1)});
  EXPECT_TRUE(ran.timed_out);
  EXPECT_EQ(ran.output, "started\n");
}

TEST(Guest, RunsCommandsSideBySideAndTalksToThem) {
  Job a = machine().start("read x; echo a$x; sleep 1000");
  Job b = machine().start("read x; echo b$x; read y; echo $y");
  b.write("1\n");
  EXPECT_EQ(b.read_line(), "b1");
  a.write("2\n");
  EXPECT_EQ(a.read_line(), "a2");
  b.write("end\n");
  EXPECT_EQ(b.wait().output, "end\n");
  a.send_signal(SIGTERM);
  EXPECT_EQ(a.wait().status, 128 + SIGTERM);
}

TEST(Guest, RunsACommandAsAUser) {
  Ran ran = machine().run({.line = "id -u; id -g; id -G; pwd",
                           .user = {.uid = 1000, .gid = 1001, .groups = {1002}},
                           .directory = "/tmp"});
  EXPECT_EQ(ran.output, "1000\n1001\n1001 1002\n/tmp\n");
}

TEST(Guest, WritesNothingToTheHost) {
  EXPECT_TRUE(machine().run("echo x > /tmp/from-the-guest && cat /tmp/from-the-guest").ok());
  EXPECT_FALSE(std::filesystem::exists("/tmp/from-the-guest"));
}

TEST(Guest, MakesTheComplaintsOfItsKernelKnown) {
  EXPECT_EQ(machine().complaints(), "");
  EXPECT_TRUE(machine().run("echo 'BUG: not really' > /dev/kmsg; echo else > /dev/kmsg").ok());
  EXPECT_EQ(machine().complaints(), "BUG: not really\n");
}

TEST(Guest, BootsAgainAfterItWasKilled) {
  Machine& first = machine();
  Job job = first.start("echo up; sleep 1000");
  EXPECT_EQ(job.read_line(), "up");
  first.kill();
  EXPECT_FALSE(first.running());
  EXPECT_THROW(job.wait(), std::runtime_error);
  EXPECT_EQ(machine().run("echo again").output, "again\n");
}

// Whatever a guest consists of has the writing end of the pipe, which ends when all of it is gone.
TEST(Guest, EndsWithTheProcessThatStartedIt) {
  auto [reading, writing] = support::make_pipe();
  ASSERT_EQ(::fcntl(writing.raw(), F_SETFD, 0), 0);
  pid_t starter = ::fork();
  ASSERT_GE(starter, 0);
  if (starter == 0) boot_and_stay(writing);
  writing.reset();
  char text[8];
  EXPECT_EQ(::read(reading.raw(), text, sizeof text), 3);
  EXPECT_EQ(::kill(starter, SIGKILL), 0);
  EXPECT_EQ(::waitpid(starter, nullptr, 0), starter);
  EXPECT_EQ(::read(reading.raw(), text, sizeof text), 0);
}

}  // namespace
}  // namespace guest
