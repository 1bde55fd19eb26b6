#include "tests/sandbox/prison.h"

#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <system_error>

#include "sandbox/mount_tree.h"
#include "sandbox/namespaces.h"
#include "sandbox/source.h"
#include "spec/base/worker_fd.h"
#include "tests/sandbox/child.h"
#include "tests/support/descriptors.h"

namespace sandbox_test {
namespace {

using base::Fd;
using base::Outcome;
using base::UniqueFd;

struct Jailed {
  pid_t pid = -1;
  sandbox::JailReport report;
};

constexpr sock_filter kAllowAll[] = {BPF_STMT(BPF_RET | BPF_K, 0x7fff0000U)};

// The launcher's side of one child's lockdown.
Outcome<sandbox::JailReport> attend(pid_t pid, Fd control) {
  std::optional<sandbox::JailReport> report;
  while (true) {
    auto message = TRY(sandbox::receive(control));
    if (!message && report) return *report;
    if (!message) return base::failure(base::Problem{.step = "test", .what = "a child died"});
    switch (message->kind) {
      case sandbox::MessageKind::kAttach:
        if (::ptrace(PTRACE_SEIZE, pid, nullptr, PTRACE_O_EXITKILL) != 0)
          return base::failure(base::Problem{.step = "test", .what = "cannot seize"});
        TRY(sandbox::send_go(control));
        break;
      case sandbox::MessageKind::kReport:
        report = message->report;
        break;
      case sandbox::MessageKind::kProblem:
        return base::failure(sandbox::unflatten(message->problem));
    }
  }
}

Outcome<Jailed> start_init(const PrisonOptions& options, Fd launcher) {
  auto handshake = TRY(sandbox::make_handshake());
  pid_t pid = ::fork();
  if (pid == 0) {
    if (options.before_init_lockdown) options.before_init_lockdown();
    sandbox::InitJail jail{.control = handshake.child,
                           .launcher = launcher,
                           .filter = options.init_filter,
                           .limits = options.limits,
                           .require_landlock = options.require_landlock,
                           .skips = options.skips};
    if (!sandbox::lock_down_init(jail)) ::_exit(7);
    while (true) ::pause();
  }
  handshake.child.reset();
  return Jailed{.pid = pid, .report = TRY(attend(pid, handshake.launcher))};
}

// Says what the body returned on the transport, then waits for the client to close it.
[[noreturn]] void be_worker(const PrisonOptions& options, const sandbox::WorkerJail& jail,
                            const std::function<std::string()>& body) {
  if (options.before_lockdown) options.before_lockdown();
  if (!sandbox::lock_down(jail)) ::_exit(7);
  std::string text = body();
  auto size = static_cast<uint32_t>(text.size());
  int transport = base::kWorkerTransport.raw();
  bool told = ::write(transport, &size, sizeof size) == sizeof size &&
              ::write(transport, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  char byte = 0;
  while (told && ::read(transport, &byte, 1) > 0) continue;
  ::_exit(0);
}

Outcome<Jailed> start_worker(const PrisonOptions& options, const std::function<std::string()>& body,
                             bool is_directory, std::array<Fd, 3> fds) {
  auto handshake = TRY(sandbox::make_handshake());
  pid_t pid = ::fork();
  if (pid == 0) {
    be_worker(options,
              {.where = "/mounts/0",
               .role = spec::worker_role(options.access),
               .xattrs = options.xattrs,
               .is_directory = is_directory,
               .tree = fds[0],
               .transport = fds[1],
               .control = handshake.child,
               .launcher = fds[2],
               .filter = options.filter,
               .limits = options.limits,
               .require_landlock = options.require_landlock,
               .skips = options.skips,
               .file_ids = options.file_ids,
               .make_threads = options.make_threads},
              body);
  }
  handshake.child.reset();
  return Jailed{.pid = pid, .report = TRY(attend(pid, handshake.launcher))};
}

Outcome<std::array<Jailed, 2>> start_all(const PrisonOptions& options,
                                         const std::function<std::string()>& body, Fd transport) {
  if (options.user != 0) become_user(options.user, options.groups);
  if (options.before_launch) options.before_launch();
  TRY(sandbox::enter_user_namespace());
  TRY(sandbox::enter_launcher_namespaces(options.skips));
  spec::AttachPoint point{.where = "/mounts/0",
                          .destination = "/x",
                          .source = options.source.string(),
                          .access = options.access,
                          .recursive = options.recursive,
                          .ids = options.ids};
  auto source = TRY(sandbox::open_source(point, {}));
  auto tree =
      TRY(sandbox::make_tree(source.fd, {.where = point.where,
                                         .access = options.tree_access.value_or(point.access),
                                         .propagation = options.propagation,
                                         .recursive = point.recursive,
                                         .ids = &point.ids}));
  auto self = TRY(sandbox::open_own_pidfd());
  TRY(sandbox::unshare_pid_namespace());
  Jailed init = TRY(start_init(options, self));
  Jailed worker =
      TRY(start_worker(options, body, source.is_directory, {Fd(tree.raw()), transport, self}));
  return std::array{init, worker};
}

void read_exactly(int fd, void* data, std::size_t size, const char* what) {
  if (::recv(fd, data, size, MSG_WAITALL) != static_cast<ssize_t>(size))
    throw std::system_error(errno, std::generic_category(), what);
}

// Waits for the worker, lets it go on when it stops, and ends pid 1 after it. Returns the worker's
// exit status, or 128 and the signal.
int supervise(pid_t init, pid_t worker) {
  int result = 255;
  int status = 0;
  while (true) {
    pid_t pid = ::waitpid(-1, &status, __WALL);
    if (pid < 0) return result;
    if (WIFSTOPPED(status)) {
      ::ptrace(PTRACE_CONT, pid, nullptr, nullptr);
    } else if (pid == worker) {
      result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
      ::kill(init, SIGKILL);
    }
  }
}

// Whether a process ends, waited for as a child that it has become by the launcher's death.
bool ends(pid_t pid) {
  UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!pidfd.valid()) return true;
  pollfd waited{.fd = pidfd.raw(), .events = POLLIN, .revents = 0};
  if (::poll(&waited, 1, 30'000) != 1) return false;
  ::waitpid(pid, nullptr, __WALL);
  return true;
}

}  // namespace

std::span<const sock_filter> allow_all() {
  return kAllowAll;
}

void Prison::launch(const PrisonOptions& options, const std::function<std::string()>& body,
                    Fd facts_to, Fd transport) {
  Facts facts;
  auto all = start_all(options, body, transport);
  if (all) {
    facts.started = true;
    facts.init = (*all)[0].pid;
    facts.worker = (*all)[1].pid;
    facts.report = (*all)[1].report;
    facts.init_report = (*all)[0].report;
  } else {
    facts.problem = sandbox::flatten(all.error());
  }
  ::close(transport.raw());
  if (::write(facts_to.raw(), &facts, sizeof facts) != sizeof facts || !all) ::_exit(1);
  if (options.supervise &&
      !sandbox::lock_down_supervisor({.keep = std::array{Fd(2)},
                                      .filter = options.supervisor_filter,
                                      .limits = options.limits,
                                      .require_landlock = options.require_landlock,
                                      .skips = options.skips}))
    ::_exit(7);
  ::_exit(supervise(facts.init, facts.worker));
}

PrisonOptions in_group(PrisonOptions options, gid_t group) {
  options.groups = {group};
  if (options.user == 0) options.before_launch = [group] { ::setgroups(1, &group); };
  return options;
}

Prison::Prison(const PrisonOptions& options, const std::function<std::string()>& body) {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);  // the launcher's children are ours when it dies
  auto [client, transport] = support::socket_pair();
  auto [facts_here, facts_there] = support::socket_pair();
  launcher_ = ::fork();
  if (launcher_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (launcher_ == 0) {
    launch(options, body, facts_there, transport);
  }
  transport.reset();
  facts_there.reset();
  client_ = std::move(client);
  read_exactly(facts_here.raw(), &facts_, sizeof facts_, "the launcher's facts");
  if (!facts_.started) {
    parts_ = sandbox::unflatten(facts_.problem);
    problem_ = base::to_line(parts_);
    return;
  }
  uint32_t size = 0;
  if (::recv(client_.raw(), &size, sizeof size, MSG_WAITALL) != sizeof size) return;
  said_.resize(size);
  read_exactly(client_.raw(), said_.data(), size, "the worker's words");
}

Prison::~Prison() {
  end_with_launcher();
  if (facts_.worker <= 0) return;
  for (pid_t pid : {facts_.worker, facts_.init}) {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, __WALL);
  }
}

bool Prison::end_with_launcher() {
  if (launcher_ <= 0) return true;
  ::kill(launcher_, SIGKILL);
  wait_for_launcher();
  bool worker_ended = facts_.worker <= 0 || ends(facts_.worker);
  bool init_ended = facts_.init <= 0 || ends(facts_.init);
  if (worker_ended && init_ended) facts_.worker = facts_.init = -1;
  return worker_ended && init_ended;
}

int Prison::wait_for_launcher() {
  int status = 0;
  ::waitpid(launcher_, &status, 0);
  launcher_ = -1;
  return status;
}

}  // namespace sandbox_test
