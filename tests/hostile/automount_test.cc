// Hostile case S7: automount points in the tree. Only a process of the host may be made to mount.
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <tuple>

#include "tests/hostile/host_mounts.h"
#include "tests/support/descriptors.h"

namespace suite {
namespace {

// Stands for the daemon of automount points: the kernel asks it to mount something, in `requests`,
// and it never does. It is a process group of its own, because the kernel takes that for the
// daemon.
class Daemon {
 public:
  Daemon() {
    std::tie(requests_, kernel_) = support::make_pipe();
    pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      for (;;) ::pause();
    }
    ::setpgid(pid_, pid_);
  }
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;
  ~Daemon() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  // For mount(2).
  std::string options(const std::string& kind) const {
    return "fd=" + std::to_string(kernel_.raw()) + ",pgrp=" + std::to_string(pid_) +
           ",minproto=5,maxproto=5," + kind;
  }
  bool was_asked() const {
    pollfd state{.fd = requests_.raw(), .events = POLLIN, .revents = 0};
    return ::poll(&state, 1, 0) != 0;
  }

 private:
  base::UniqueFd requests_;
  base::UniqueFd kernel_;
  pid_t pid_ = -1;
};

bool kernel_has_autofs() {
  std::ifstream lines("/proc/filesystems");
  for (std::string word; lines >> word;)
    if (word == "autofs") return true;
  return false;
}

class Automount : public HostMounts {
 protected:
  void SetUp() override {
    if (!kernel_has_autofs()) GTEST_SKIP() << "no autofs in this kernel";
  }
  Daemon daemon_;
};

// A name below an indirect point is asked for by whoever walks to it: those are not served.
TEST_F(Automount, S7_IsNeverAskedForByAClientThatLooksAtIt) {
  mount_filesystem("autofs", "point", daemon_.options("direct").c_str());
  serve({.kernel_fs = true});
  UniqueFid point = walk("point");
  EXPECT_EQ(client().getattr(point)->qid.type, p9::kQidDirectory);
  EXPECT_EQ(outcome(client().walk(point, "new")), "ENOENT");
  EXPECT_NE(outcome(client().call(p9::Tmkdir{point, name("new"), 0755, p9::kNoGid})), "ok");
  EXPECT_EQ(outcome(client().list("point")), "ok");
  EXPECT_EQ(outcome(client().stat("point")), "ok");
  EXPECT_EQ(client().list("")->size(), 1U);
  EXPECT_FALSE(daemon_.was_asked());
}

}  // namespace
}  // namespace suite
