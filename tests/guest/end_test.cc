// Ends: of processes in the middle of a request, of the server, and of the guest itself.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>

#include <cerrno>
#include <string>
#include <vector>

#include "tests/guest/mounted_tree.h"
#include "tests/guest/steps.h"

namespace guest {
namespace {

using support::make_file;

bool can_lock(const path& file) {
  base::UniqueFd fd(::open(file.c_str(), O_RDWR | O_CLOEXEC));
  struct flock range{};
  range.l_type = F_WRLCK;
  range.l_whence = SEEK_SET;
  return ::fcntl(fd.raw(), F_OFD_SETLK, &range) == 0;
}

TEST(KilledProcess, InTheMiddleOfARequestLeavesTheConnectionUsable) {
  MountedTree tree;
  make_file(tree.host("f"), "content");
  ASSERT_EQ(::kill(tree.worker(), SIGSTOP), 0);
  Job job = tree.start("echo $$; exec cat " + tree.guest() + "/f");
  std::string pid = job.read_line();
  // Asleep where only SIGKILL wakes it: it waits for an answer.
  ASSERT_TRUE(machine().run("until grep -q '^State:.D' /proc/" + pid + "/status; do :; done").ok());
  job.send_signal(SIGKILL);
  ASSERT_EQ(::kill(tree.worker(), SIGCONT), 0);
  EXPECT_EQ(job.wait().status, 128 + SIGKILL);
  EXPECT_EQ(tree.run("cat f").output, "content");
}

TEST(KilledProcess, AtAnyTimeLeavesTheConnectionUsable) {
  MountedTree tree({.msize = 65536});
  for (int i = 0; i < 12; ++i) {
    Job job = tree.start(
        "echo go; while :; do dd if=/dev/zero of=f bs=256k count=64 2>/dev/null; "
        "cat f > /dev/null; ls > /dev/null; rm f; done");
    EXPECT_EQ(job.read_line(), "go");
    EXPECT_TRUE(tree.run("ls > /dev/null; : > g; rm g").ok());
    job.send_signal(SIGKILL);
    EXPECT_EQ(job.wait().status, 128 + SIGKILL);
  }
  EXPECT_TRUE(tree.run("echo still > here").ok());
  EXPECT_EQ(support::read_file(tree.host("here")), "still\n");
}

TEST(EndOfAMount, EndsTheWorker) {
  MountedTree tree;
  EXPECT_TRUE(tree.run(": > f").ok());
  EXPECT_EQ(tree.mount().unmount(), 0);
  EXPECT_EQ(tree.server().end(0), "hangup");
  support::wait_until_gone(tree.worker());
}

TEST(EndOfAWorker, IsAnErrorForWhoUsesItsMount) {
  MountedTree tree;
  Job job = tree.start("read go; cat f; cat f; echo ended");
  ASSERT_EQ(::kill(tree.worker(), SIGKILL), 0);
  support::wait_until_gone(tree.worker());
  job.write("\n");
  Ran ran = job.wait();
  EXPECT_TRUE(ran.output.ends_with("ended\n")) << ran.output;
  EXPECT_NE(ran.output.find("Input/output error"), ran.output.npos) << ran.output;
  EXPECT_EQ(tree.mount().unmount(), 0);
}

TEST(KilledGuest, LeavesNoLockNoDescriptorAndNoWorker) {
  support::TempDir a;
  support::TempDir b;
  make_file(a / "locked");
  make_file(b / "locked");
  Server server({{.source = a.path()}, {.source = b.path()}});
  std::vector<pid_t> workers{server.worker(0), server.worker(1)};
  {
    Mount first(machine(), server.take_client(0));
    Mount second(machine(), server.take_client(1), {.cache = "loose"});
    std::vector<Job> jobs;
    for (const Mount* mount : {&first, &second}) {
      auto start = [&](const std::string& line) {
        jobs.push_back(machine().start({.line = line, .directory = mount->where()}));
        return jobs.back().read_line();
      };
      EXPECT_EQ(start(steps({"open locked rw", "lock w 0 0", "wait"})), "ok");
      EXPECT_EQ(jobs.back().read_line(), "ok");
      EXPECT_EQ(start("echo go; while :; do dd if=/dev/zero of=big bs=256k count=64 conv=fsync "
                      "2>/dev/null; done"),
                "go");
      EXPECT_EQ(start("echo go; while :; do : > x; mv x y; rm y; done"), "go");
    }
    EXPECT_FALSE(can_lock(a / "locked"));
    EXPECT_FALSE(can_lock(b / "locked"));
    machine().kill();
  }
  for (std::size_t i = 0; i < workers.size(); ++i) {
    EXPECT_EQ(server.end(i), "hangup");
    support::wait_until_gone(workers[i]);
  }
  EXPECT_TRUE(can_lock(a / "locked"));
  EXPECT_TRUE(can_lock(b / "locked"));
  server.gofer().take_client(0).reset();  // the bundle's own root, which nobody mounted
  EXPECT_EQ(server.gofer().process().wait(), support::End{.status = 0}) << server.log();
}

}  // namespace
}  // namespace guest
