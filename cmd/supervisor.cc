#include "cmd/supervisor.h"

#include <linux/audit.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>

#include <algorithm>
#include <charconv>
#include <string_view>

#include "policies/syscall_names.h"

namespace cmd {
namespace {

using base::ExitCode;
using base::LogLevel;
using base::WorkerExit;

constexpr int kPassedOn[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT};
constexpr uint64_t kX32Bit = 0x40000000;
constexpr uint64_t kInNoCall = ~uint64_t{0};  // the number of the call that a thread was not in

// From best to worst: the launcher ends with the worst that happened.
constexpr ExitCode kBySeverity[] = {ExitCode::kOk, ExitCode::kPanicOnWrite, ExitCode::kInternal,
                                    ExitCode::kWorkerDied, ExitCode::kPolicyViolation};

auto severity(ExitCode code) {
  return std::ranges::find(kBySeverity, code);
}

// Six hexadecimal numbers, for the log and the status line.
struct ArgsText {
  std::array<char, std::size_t{6} * 19> text{};
  std::size_t used = 0;

  explicit ArgsText(const std::array<uint64_t, 6>& args) {
    for (uint64_t arg : args) {
      if (used > 0) text[used++] = ',';
      text[used++] = '0';
      text[used++] = 'x';
      used = static_cast<std::size_t>(
          std::to_chars(text.data() + used, text.data() + text.size(), arg, 16).ptr - text.data());
    }
  }
  std::string_view view() const { return {text.data(), used}; }
};

const char* abi(const Violation& violation) {
  if (violation.compat) return "i386";
  return (violation.number & kX32Bit) != 0 ? "x32" : "x86-64";
}

std::string_view call_name(const Violation& violation) {
  if (violation.compat) return "unknown";
  return policies::syscall_name(violation.number & ~kX32Bit);
}

// The registers do not tell: int $0x80 from 64-bit code leaves the code segment as it was.
bool made_through_i386(pid_t pid) {
  __ptrace_syscall_info info{};
  return ::ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info) > 0 &&
         info.arch == AUDIT_ARCH_I386;
}

// What ptrace(2) takes as data is a pointer whatever it means.
void* as_data(int value) {
  return reinterpret_cast<void*>(static_cast<intptr_t>(value));
}

}  // namespace

sigset_t supervised_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGCHLD);
  for (int signal : kPassedOn) ::sigaddset(&set, signal);
  return set;
}

void Supervisor::add(pid_t pid, std::string destination, std::string policy) {
  workers_.push_back(
      {.pid = pid, .destination = std::move(destination), .policy = std::move(policy)});
}

bool Supervisor::seize(pid_t pid) {
  Worker* worker = find(pid);
  constexpr int kHow = PTRACE_O_TRACEEXIT | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL;
  worker->traced = ::ptrace(PTRACE_SEIZE, pid, nullptr, as_data(kHow)) == 0;
  return worker->traced;
}

Worker* Supervisor::find(pid_t pid) {
  auto found = std::ranges::find(workers_, pid, &Worker::pid);
  return found == workers_.end() ? nullptr : &*found;
}

const Worker* Supervisor::find(pid_t pid) const {
  auto found = std::ranges::find(workers_, pid, &Worker::pid);
  return found == workers_.end() ? nullptr : &*found;
}

Worker* Supervisor::find_by_thread(pid_t thread) {
  auto found = std::ranges::find_if(workers_, [thread](const Worker& worker) {
    return worker.pid == thread ||
           std::ranges::find(worker.threads, thread) != worker.threads.end();
  });
  return found == workers_.end() ? nullptr : &*found;
}

void Supervisor::drain() {
  for (;;) {
    int wait_status = 0;
    pid_t pid = ::wait4(-1, &wait_status, WNOHANG | __WALL, nullptr);
    if (pid <= 0) return;
    handle(pid, wait_status);
  }
}

void Supervisor::handle(pid_t pid, int wait_status) {
  if (WIFSTOPPED(wait_status)) return handle_stop(pid, wait_status);
  if (pid == command_) {
    command_status_ =
        WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
    stop_workers();
  } else if (pid == init_) {
    init_.reset();
    if (!stopping_ && any_alive())
      log_.write(LogLevel::kError, "pid 1 of the workers' namespace was killed; they die with it");
  } else if (Worker* worker = find(pid)) {
    worker_ended(*worker, wait_status);
  }
}

// Every stop of a thread of a traced worker must be answered, or it stays stopped for ever. A
// thread's own end is no news: the first one's is reported when all others have ended.
void Supervisor::handle_stop(pid_t pid, int wait_status) {
  int signal = WSTOPSIG(wait_status);
  switch (wait_status >> 16) {
    case PTRACE_EVENT_EXIT:
      if (Worker* worker = find_by_thread(pid)) note_violation(*worker, pid);
      signal = 0;
      break;
    case PTRACE_EVENT_CLONE:
      note_thread(pid);
      signal = 0;
      break;
    case PTRACE_EVENT_STOP:
      if (signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU) {
        ::ptrace(PTRACE_LISTEN, pid, nullptr, nullptr);  // really stopped, until SIGCONT
        return;
      }
      signal = 0;
      break;
    default:
      break;
  }
  ::ptrace(PTRACE_CONT, pid, nullptr, as_data(signal));
}

void Supervisor::note_thread(pid_t parent) {
  unsigned long thread = 0;
  if (::ptrace(PTRACE_GETEVENTMSG, parent, nullptr, &thread) != 0) return;
  if (Worker* worker = find_by_thread(parent))
    worker->threads.push_back(static_cast<pid_t>(thread));
}

// All threads of a process that is ended by its filter stop here with the same status. The one
// whose call it was is the one that never got a result: the kernel put the number back in its
// place.
void Supervisor::note_violation(Worker& worker, pid_t thread) {
  unsigned long exit_status = 0;
  if (::ptrace(PTRACE_GETEVENTMSG, thread, nullptr, &exit_status) != 0) return;
  if ((exit_status & 0x7f) != SIGSYS) return;
  user_regs_struct regs{};
  if (::ptrace(PTRACE_GETREGS, thread, nullptr, &regs) != 0) return;
  if (!worker.threads.empty() && regs.rax != regs.orig_rax) return;
  if (regs.orig_rax == kInNoCall && worker.violation) return;
  worker.violation = Violation{.number = regs.orig_rax,
                               .args = {regs.rdi, regs.rsi, regs.rdx, regs.r10, regs.r8, regs.r9},
                               .instruction = regs.rip,
                               .compat = made_through_i386(thread)};
}

void Supervisor::worker_ended(Worker& worker, int wait_status) {
  worker.alive = false;
  if (WIFSIGNALED(wait_status)) {
    int signal = WTERMSIG(wait_status);
    if (signal == SIGSYS) return report_violation(worker);
    if (signal == SIGKILL && stopping_)
      return report(worker, LogLevel::kInfo, "stopped", "signal", SIGKILL);
    worsen(ExitCode::kWorkerDied);
    return report(worker, LogLevel::kError, "killed", "signal", static_cast<uint64_t>(signal));
  }
  auto status = static_cast<uint64_t>(WEXITSTATUS(wait_status));
  switch (static_cast<WorkerExit>(status)) {
    case WorkerExit::kHangup:
      return report(worker, LogLevel::kInfo, "hangup", "status", status);
    case WorkerExit::kProtocol:
      return report(worker, LogLevel::kWarning, "protocol", "status", status);
    case WorkerExit::kPanicOnWrite:
      worsen(ExitCode::kPanicOnWrite);
      return report(worker, LogLevel::kError, "panic-on-write", "status", status);
    case WorkerExit::kSetup:
      return report(worker, LogLevel::kError, "setup", "status", status);
    case WorkerExit::kInternal:
      break;
  }
  worsen(ExitCode::kInternal);
  report(worker, LogLevel::kError, "internal", "status", status);
}

void Supervisor::report(const Worker& worker, LogLevel level, const char* cause, const char* detail,
                        uint64_t value) {
  auto pid = static_cast<uint64_t>(worker.pid);
  log_.write(
      level, "worker ended",
      {{"destination", worker.destination}, {"cause", cause}, {"pid", pid}, {detail, value}});
  status_.event(
      "worker-end",
      {{"destination", worker.destination}, {"pid", pid}, {"cause", cause}, {detail, value}});
}

void Supervisor::report_violation(const Worker& worker) {
  worsen(ExitCode::kPolicyViolation);
  if (!worker.violation)
    return report(worker, LogLevel::kError, "policy-violation", "signal", SIGSYS);
  const Violation& violation = *worker.violation;
  ArgsText args(violation.args);
  std::array<char, 96> room;
  std::string_view code = code_.describe(violation.instruction, room);
  auto pid = static_cast<uint64_t>(worker.pid);
  log_.write(LogLevel::kError, "worker ended",
             {{"destination", worker.destination},
              {"cause", "policy-violation"},
              {"pid", pid},
              {"policy", worker.policy},
              {"syscall", call_name(violation)},
              {"number", violation.number},
              {"args", args.view()},
              {"abi", abi(violation)},
              {"ip", violation.instruction},
              {"code", code}});
  status_.event("worker-end", {{"destination", worker.destination},
                               {"pid", pid},
                               {"cause", "policy-violation"},
                               {"signal", uint64_t{SIGSYS}},
                               {"policy", worker.policy},
                               {"syscall", call_name(violation)},
                               {"number", violation.number},
                               {"args", args.view()},
                               {"abi", abi(violation)},
                               {"ip", violation.instruction},
                               {"code", code}});
}

void Supervisor::worsen(ExitCode code) {
  if (severity(code) > severity(exit_)) exit_ = code;
}

bool Supervisor::any_alive() const {
  return std::ranges::any_of(workers_, &Worker::alive);
}

void Supervisor::stop_workers() {
  stopping_ = true;
  for (const Worker& worker : workers_)
    if (worker.alive) ::kill(worker.pid, SIGKILL);
}

// A signal typed at a terminal reached CMD as well; one sent to this process alone is passed on.
void Supervisor::take_signal(const siginfo_t& info) {
  if (info.si_signo == SIGCHLD) return;
  if (!command_) {
    stop_signal_ = info.si_signo;
    stop_workers();
  } else if (info.si_code <= 0 && !command_status_) {
    ::kill(*command_, info.si_signo);
  }
}

// Reaped here: whoever reaps for this process might take its time, and leave a zombie meanwhile.
void Supervisor::end_init() {
  stopping_ = true;
  if (init_) ::kill(*init_, SIGKILL);
  sigset_t set = supervised_signals();
  while (init_) {
    siginfo_t info{};
    (void)::sigwaitinfo(&set, &info);
    drain();
  }
}

int Supervisor::run() {
  sigset_t set = supervised_signals();
  for (;;) {
    drain();
    if (!any_alive() && (!command_ || command_status_)) break;
    siginfo_t info{};
    if (::sigwaitinfo(&set, &info) > 0) take_signal(info);
  }
  end_init();
  if (command_status_) return *command_status_;
  if (stop_signal_) return 128 + *stop_signal_;
  return static_cast<int>(exit_);
}

}  // namespace cmd
