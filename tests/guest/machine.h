// Machine: a Linux kernel of its own (user-mode-linux) that runs programs for a test, and mounts
// what a gofer on the host serves.
//
// Its root directory is the host's, read-only through hostfs, with a writable layer in memory over
// it: programs and files are found in the guest under the paths that they have on the host, and
// nothing written there reaches the host. What a test wants to share goes through a mount
// (tests/guest/mounted_tree.h). The kernel, everything running in it and its network end with this
// object, and with this process, however it ends.
//
// Faults of the surroundings (no such package, a kernel that does not boot, a command that cannot
// be stopped) throw std::runtime_error or std::system_error.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "spec/base/fd.h"
#include "tests/support/gofer_process.h"

namespace guest {

inline constexpr const char* kKernel = "/usr/bin/linux.uml";

struct User {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;  // besides gid
};

// A command line for /bin/sh in the guest. It runs in a process group of its own.
struct Command {
  std::string line;
  std::chrono::seconds timeout{60};  // then its process group is killed
  User user{};
  std::string directory = "/";
};

// How a command ended.
struct Ran {
  int status = -1;         // the exit status, or 128 + the signal, as a shell says it
  bool timed_out = false;  // killed for taking too long
  std::string output;      // standard output and error
  bool ok() const { return status == 0 && !timed_out; }
};
void PrintTo(const Ran& ran, std::ostream* out);  // for GoogleTest

// A command under way. When this is destroyed it is killed with its process group, and waited for.
class Job {
 public:
  // One more line of what it says, without the newline. Throws if it ends or is silent for
  // kDeadline instead.
  std::string read_line();
  void write(std::string_view text);
  void end_input();
  void send_signal(int signal);  // to its process group
  // Ends its input, waits for its end and returns what it said and nobody has read so far.
  Ran wait();

  Job(Job&&) noexcept = default;
  Job& operator=(Job&&) = delete;
  ~Job();

 private:
  friend class Machine;
  Job(base::UniqueFd connection, base::UniqueFd alive, std::chrono::seconds timeout);
  void receive(std::chrono::milliseconds longest);

  base::UniqueFd connection_;
  base::UniqueFd alive_;
  std::chrono::seconds timeout_;
  std::string unread_;
  std::optional<Ran> end_;
};

class Machine {
 public:
  Machine();  // boots; the agent answers when this returns
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;
  ~Machine();

  // May be called by several threads at once.
  Ran run(const Command& command);
  Ran run(std::string line) { return run(Command{.line = std::move(line)}); }
  Job start(const Command& command);
  Job start(std::string line) { return start(Command{.line = std::move(line)}); }

  // The kernel's 9P client on a new connection: mount(2) with "trans=fd,rfdno=N,wfdno=N," before
  // `options`. The host's end is given to `serve`, which sees to it that somebody answers there.
  // Returns an errno, or 0. MS_ flags as in mount(2).
  int mount(const std::string& directory, unsigned long flags, const std::string& options,
            const std::function<void(base::UniqueFd)>& serve);
  // umount2(2). Returns an errno, or 0.
  int unmount(const std::string& directory, int flags = 0);

  // SIGKILL for the kernel: the power plug. Returns when nothing of it runs any more. Afterwards
  // only the destructor may be called.
  void kill();
  bool running() const;

  // Everything the kernel has said so far.
  std::string console() const { return process_->out(); }
  // Its complaints that have not been asked for yet: BUG, WARNING, "9pnet:", "INFO: task" and the
  // like, a line each; empty if all is well.
  std::string complaints();

  // The processor that the kernel runs on. What talks to it should run there, too.
  int cpu() const { return cpu_; }
  // One more descriptor that is readable once the machine is gone.
  base::UniqueFd alive() const;

 private:
  base::UniqueFd connect();
  base::UniqueFd accept();
  int done(base::Fd task, std::string_view what);

  int cpu_;
  base::UniqueFd alive_;  // the box has the other end
  std::optional<support::Process> process_;
  base::UniqueFd listener_;  // in the network of the machine
  base::UniqueFd control_;
  std::mutex connecting_;
  std::size_t console_read_ = 0;
};

// The machine of this process, booted when it is first asked for and again after kill().
Machine& machine();
// Machine::complaints() of that machine, killed or not; empty if it was never asked for.
std::string complaints();

}  // namespace guest
