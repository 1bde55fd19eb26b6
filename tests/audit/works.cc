#include "tests/audit/works.h"

#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <span>
#include <utility>

#include "sandbox/runtime.h"
#include "sandbox/seccomp.h"
#include "spec/base/log.h"
#include "spec/base/worker_fd.h"
#include "tests/support/descriptors.h"

namespace audit {
namespace {

// A descriptor above those that are placed.
int out_of_the_way(int fd) {
  return ::fcntl(fd, F_DUPFD_CLOEXEC, 100);
}

void place(int fd, base::Fd where) {
  if (::dup2(fd, where.raw()) < 0) std::abort();
}

std::string contents(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

bool is_under_filter(pid_t pid) {
  return contents("/proc/" + std::to_string(pid) + "/status").find("Seccomp:\t2") !=
         std::string::npos;
}

// The letter after the command's name in parentheses, or 0 if there is no such process.
char state_of(pid_t pid) {
  std::string stat = contents("/proc/" + std::to_string(pid) + "/stat");
  std::size_t name_end = stat.rfind(") ");
  return name_end == std::string::npos ? '\0' : stat[name_end + 2];
}

Ended run(Filter filter, const std::function<int()>& body) {
  WorkerChild worker(filter, body);
  return worker.end();
}

}  // namespace

bool Ended::by(int signal) const {
  return WIFSIGNALED(status) && WTERMSIG(status) == signal;
}

bool Ended::with(int exit_status) const {
  return WIFEXITED(status) && WEXITSTATUS(status) == exit_status;
}

std::string Ended::text() const {
  std::string cause = WIFEXITED(status) ? "exited with " + std::to_string(WEXITSTATUS(status))
                                        : "ended by signal " + std::to_string(WTERMSIG(status));
  return cause + ", having logged: " + log;
}

Child::Child(const std::function<int()>& body) : pid_(::fork()) {
  if (pid_ < 0) std::abort();
  if (pid_ > 0) return;
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  ::_exit(body());
}

Child::~Child() {
  if (ended_) return;
  ::kill(pid_, SIGKILL);
  end();
}

int Child::end() {
  while (!ended_) ended_ = ::waitpid(pid_, &status_, 0) == pid_ || errno != EINTR;
  return status_;
}

bool Child::sees(pid_t pid, char state) {
  while (!ended_ && !(state_of(pid) == state && is_under_filter(pid))) {
    ended_ = ::waitpid(pid_, &status_, WNOHANG) == pid_;
    char now = state_of(pid);
    if (now == '\0' || now == 'Z') return false;
    ::usleep(200);
  }
  return !ended_;
}

void go_under(Filter filter) {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) std::abort();
  if (!sandbox::install_filter(filter)) std::abort();
}

WorkerChild::WorkerChild(Filter filter, const std::function<int()>& body,
                         const std::function<void()>& prepare)
    : log_(support::make_memory_file("log")), sockets_(support::socket_pair()), child_([&] {
        int log = out_of_the_way(log_.raw());
        int transport = out_of_the_way(sockets_.first.raw());
        int root = out_of_the_way(::open(root_.path().c_str(), O_PATH | O_CLOEXEC));
        place(log, base::kWorkerLog);
        place(transport, base::kWorkerTransport);
        place(root, base::kWorkerRoot);
        int own_fds = ::open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (own_fds != base::kWorkerOwnFds.raw()) place(own_fds, base::kWorkerOwnFds);
        if (::fchdir(base::kWorkerOwnFds.raw()) != 0) std::abort();
        ::close_range(6, ~0U, 0);
        sandbox::reset_signals_and_umask();
        sandbox::settle_allocator_and_unwinder();
        prepare();
        go_under(filter);
        return body();
      }) {
  sockets_.first.reset();
}

Ended WorkerChild::end() {
  sockets_.second.reset();
  int status = child_.end();
  return {.status = status, .log = support::content_of(log_)};
}

Ended exit_with_six(Filter filter) {
  return run(filter, [] { return 6; });
}

Ended abort_itself(Filter filter) {
  return run(filter, []() -> int { std::abort(); });
}

Ended use_memory(Filter filter) {
  return run(filter, [] {
    constexpr std::size_t kMany = 1000;
    constexpr std::size_t kLarge = std::size_t{4} << 20;
    std::array<void*, kMany> small{};
    for (void*& block : small) block = std::malloc(4096);  // more than the heap has at first
    void* large = std::malloc(kLarge);
    void* larger = std::realloc(large, 8 * kLarge);
    bool good = larger != nullptr && std::ranges::count(small, nullptr) == 0;
    std::free(larger);
    for (void* block : std::span(small).first(kMany - 1)) std::free(block);
    // The last one lies behind all others, so that the heap does not end before it.
    return good && ::malloc_trim(0) == 1 ? 0 : 1;
  });
}

Ended read_the_clock(Filter filter) {
  return run(filter, [] {
    timespec now{};
    // As the vDSO does where it cannot read the clock itself.
    return ::syscall(SYS_clock_gettime, CLOCK_REALTIME, &now) == 0 && now.tv_sec > 0 ? 0 : 1;
  });
}

Ended log_a_line(Filter filter) {
  return run(filter, [] {
    base::Log log(base::kWorkerLog, base::LogFormat::kText, base::LogLevel::kInfo, "worker");
    log.write(base::LogLevel::kInfo, "alive");
    return 0;
  });
}

namespace {

// Answers one byte with the next one.
int answer() {
  char byte = 0;
  if (::read(base::kWorkerTransport.raw(), &byte, 1) != 1) return 1;
  ++byte;
  return ::write(base::kWorkerTransport.raw(), &byte, 1) == 1 ? 0 : 1;
}

bool ask(base::Fd client) {
  char byte = 'a';
  return ::send(client.raw(), &byte, 1, MSG_NOSIGNAL) == 1 && ::read(client.raw(), &byte, 1) == 1 &&
         byte == 'b';
}

}  // namespace

Ended answer_a_request(Filter filter) {
  WorkerChild worker(filter, answer);
  bool answered = ask(worker.client());
  Ended ended = worker.end();
  if (!answered) ended.log += "no answer";
  return ended;
}

Ended be_stopped_and_continued(Filter filter) {
  WorkerChild worker(filter, answer);
  Child& child = worker.child();
  bool stopped = child.sees(child.pid(), 'S') && ::kill(child.pid(), SIGSTOP) == 0 &&
                 child.sees(child.pid(), 'T') && ::kill(child.pid(), SIGCONT) == 0;
  bool answered = stopped && ask(worker.client());
  Ended ended = worker.end();
  if (!answered) ended.log += "no answer";
  return ended;
}

Ended sleep_for_ever(Filter filter) {
  Child child([&]() -> int {
    go_under(filter);
    for (;;) ::pause();
  });
  if (child.sees(child.pid(), 'S')) ::kill(child.pid(), SIGKILL);
  return {.status = child.end(), .log = ""};
}

}  // namespace audit
