// The works of the supervisor.
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <utility>

#include "cmd/supervisor.h"
#include "policies/programs.h"
#include "spec/base/parked_threads.h"
#include "tests/audit/works.h"
#include "tests/support/descriptors.h"

namespace audit {
namespace {

using Pipe = std::pair<base::UniqueFd, base::UniqueFd>;  // reading end, writing end

constexpr base::Fd kLog{2};
constexpr base::Fd kStatus{3};

// What the processes of one work tell each other; shared memory.
struct Board {
  volatile pid_t worker = 0;
  volatile pid_t command = 0;
};

class SharedBoard {
 public:
  SharedBoard()
      : board_(static_cast<Board*>(::mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE,
                                          MAP_SHARED | MAP_ANONYMOUS, -1, 0))) {
    if (board_ == MAP_FAILED) std::abort();
  }
  SharedBoard(const SharedBoard&) = delete;
  SharedBoard& operator=(const SharedBoard&) = delete;
  ~SharedBoard() { ::munmap(board_, sizeof(Board)); }
  Board* operator->() const { return board_; }

 private:
  Board* board_;
};

pid_t fork_or_abort() {
  pid_t pid = ::fork();
  if (pid < 0) std::abort();
  return pid;
}

// Above the numbers that a supervisor's and a worker's descriptors have.
base::UniqueFd out_of_the_way(base::Fd fd) {
  base::UniqueFd moved(::fcntl(fd.raw(), F_DUPFD_CLOEXEC, 100));
  if (!moved.valid()) std::abort();
  return moved;
}

Pipe make_gate() {
  Pipe gate = support::make_pipe();
  return {out_of_the_way(gate.first), out_of_the_way(gate.second)};
}

void place_log(base::Fd log) {
  if (::dup2(log.raw(), kLog.raw()) < 0 || ::dup2(log.raw(), kStatus.raw()) < 0) std::abort();
}

// What a worker does, attached to, when a byte or the end of the file comes through its gate.
struct Worker {
  std::function<void()> then = [] {};
  Filter filter = policies::program(spec::Role::kReadOnly);  // none: it goes under one by itself
};

pid_t start_worker(const Pipe& gate, const Worker& worker) {
  pid_t pid = fork_or_abort();
  if (pid > 0) return pid;
  ::sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (::dup2(gate.first.raw(), kStatus.raw()) < 0) std::abort();
  if (!worker.filter.empty()) go_under(worker.filter);
  char byte = 0;
  (void)!::read(kStatus.raw(), &byte, 1);
  worker.then();
  ::_exit(0);
}

// Supervises one worker and, if asked to, a CMD, under `filter`.
int supervise(Filter filter, SharedBoard& board, const Pipe& gate, const Worker& worker,
              bool with_command) {
  ::close(gate.second.raw());  // or the worker would never read the end of the file
  sigset_t set = cmd::supervised_signals();
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  base::Log log(kLog, base::LogFormat::kText, base::LogLevel::kInfo, "launcher");
  cmd::Status status{kStatus};
  auto& supervisor = *new cmd::Supervisor(log, status);  // as the launcher has it: never freed
  if (with_command) {
    pid_t command = fork_or_abort();
    if (command == 0) {
      ::sigprocmask(SIG_UNBLOCK, &set, nullptr);
      for (;;) ::pause();
    }
    supervisor.watch_command(command);
    board->command = command;
  }
  pid_t pid = start_worker(gate, worker);
  supervisor.add(pid, "/data", "ro");
  if (!supervisor.seize(pid)) std::abort();
  ::close(gate.first.raw());
  board->worker = pid;
  go_under(filter);
  return supervisor.run();
}

Ended report_call(Filter filter, const Worker& worker) {
  SharedBoard board;
  Pipe gate = make_gate();
  auto log = support::make_memory_file("log");
  Child child([&] {
    place_log(log);
    return supervise(filter, board, gate, worker, false);
  });
  gate.first.reset();
  // The worker goes on when its supervisor waits for it under the filter.
  if (child.sees(child.pid(), 'S')) gate.second.reset();
  int status = child.end();
  return {.status = status, .log = support::content_of(log)};
}

// Before the filter: when its supervisor is under its own, the worker makes threads.
[[noreturn]] void call_in_a_thread() {
  auto& threads = *new base::ParkedThreads;
  for (int i = 0; i < 4; ++i)
    if (!threads.add()) std::abort();
  go_under(policies::program(spec::Role::kReadOnly, spec::Extras().with(spec::Extra::kChannels)));
  threads.run(2, [] { ::syscall(SYS_fchmod, 4, 0777); });
  threads.wait(2);
  ::_exit(0);
}

}  // namespace

Ended report_a_native_call(Filter filter) {
  return report_call(filter, {.then = [] { ::syscall(SYS_fchmod, 4, 0777); }});
}

Ended report_a_call_of_a_thread(Filter filter) {
  return report_call(filter, {.then = call_in_a_thread, .filter = {}});
}

Ended report_an_i386_call(Filter filter) {
  return report_call(
      filter, {.then = [] {
        long number = 20;
        asm volatile("int $0x80" : "+a"(number) : : "memory", "r8", "r9", "r10", "r11");
      }});
}

Ended leave_a_worker_stopped(Filter filter) {
  SharedBoard board;
  Pipe gate = make_gate();
  auto log = support::make_memory_file("log");
  Child child([&] {
    place_log(log);
    return supervise(filter, board, gate, {}, false);
  });
  bool stopped = child.sees(child.pid(), 'S') && child.sees(board->worker, 'S') &&
                 ::kill(board->worker, SIGSTOP) == 0 && child.sees(board->worker, 't');
  bool still = stopped && child.sees(child.pid(), 'S');
  gate.second.reset();
  if (still) ::kill(board->worker, SIGCONT);
  int status = child.end();
  return {.status = status, .log = support::content_of(log)};
}

Ended pass_on_to_command(Filter filter, int signal) {
  SharedBoard board;
  Pipe gate = make_gate();
  auto log = support::make_memory_file("log");
  Child child([&] {
    place_log(log);
    return supervise(filter, board, gate, {}, true);
  });
  if (child.sees(child.pid(), 'S')) ::kill(child.pid(), signal);
  int status = child.end();
  if (!WIFEXITED(status)) ::kill(board->command, SIGKILL);
  return {.status = status, .log = support::content_of(log)};
}

}  // namespace audit
