// Supervisor: what the launcher becomes when every worker serves. It waits for its children, names
// the cause of each end, and makes no system call that its policy does not list.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cmd/code_map.h"
#include "cmd/status.h"
#include "spec/base/exit_code.h"
#include "spec/base/log.h"

namespace cmd {

// The system call at which a process was ended by its filter.
struct Violation {
  uint64_t number = 0;
  std::array<uint64_t, 6> args{};
  uint64_t instruction = 0;  // address of the instruction after the call
  bool compat = false;       // entered through the 32-bit table
};

struct Worker {
  pid_t pid = -1;
  std::string destination;
  std::string policy;  // "rw+donate": the name of what it is held to
  bool alive = true;
  bool traced = false;
  std::vector<pid_t> threads = {};  // besides the first, as far as they are traced
  std::optional<Violation> violation = {};
};

// The signals that the launcher blocks and takes with sigwaitinfo(2): SIGCHLD, and those that ask
// it to end or that are passed on to CMD.
sigset_t supervised_signals();

class Supervisor {
 public:
  Supervisor(const base::Log& log, const Status& status) : log_(log), status_(status) {}

  void add(pid_t pid, std::string destination, std::string policy);
  // The process whose end ends everything: CMD.
  void watch_command(pid_t pid) { command_ = pid; }
  // pid 1 of the workers' pid namespace: when it goes, the kernel ends every worker.
  void watch_init(pid_t pid) { init_ = pid; }

  // Attaches to a worker, and to all threads that it will make, so that a violation can be named
  // and that it dies with this process (PTRACE_O_EXITKILL). False if the kernel refuses; ends are
  // reported without the call then.
  bool seize(pid_t pid);

  // Reaps and answers everything that has happened; never blocks.
  void drain();

  // The worker with this pid, dead or alive.
  const Worker* find(pid_t pid) const;
  bool command_ended() const { return command_status_.has_value(); }
  // Whether a worker still serves.
  bool any_alive() const;

  // Waits until all workers have ended, CMD has ended, or a signal asks for the end. Returns the
  // exit status of the program.
  int run();

 private:
  Worker* find(pid_t pid);
  Worker* find_by_thread(pid_t thread);
  void handle(pid_t pid, int wait_status);
  void handle_stop(pid_t pid, int wait_status);
  void note_thread(pid_t parent);
  void note_violation(Worker& worker, pid_t thread);
  void worker_ended(Worker& worker, int wait_status);
  void report(const Worker& worker, base::LogLevel level, const char* cause, const char* detail,
              uint64_t value);
  void report_violation(const Worker& worker);
  void take_signal(const siginfo_t& info);
  void stop_workers();
  void end_init();
  void worsen(base::ExitCode code);

  const base::Log& log_;
  const Status& status_;
  CodeMap code_ = CodeMap::of_this_process();  // as it is in the workers
  std::vector<Worker> workers_;
  std::optional<pid_t> command_;
  std::optional<pid_t> init_;
  std::optional<int> command_status_;
  std::optional<int> stop_signal_;
  bool stopping_ = false;
  base::ExitCode exit_ = base::ExitCode::kOk;
};

}  // namespace cmd
