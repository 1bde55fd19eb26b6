// The harness itself: a guest boots, runs what it is told, and ends.
#include <gtest/gtest.h>
#include <signal.h>

#include "tests/guest/machine.h"

namespace guest {
namespace {

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

TEST(Guest, BootsAgainAfterItWasKilled) {
  Machine& first = machine();
  Job job = first.start("echo up; sleep 1000");
  EXPECT_EQ(job.read_line(), "up");
  first.kill();
  EXPECT_FALSE(first.running());
  EXPECT_THROW(job.wait(), std::runtime_error);
  EXPECT_EQ(machine().run("echo again").output, "again\n");
}

}  // namespace
}  // namespace guest
