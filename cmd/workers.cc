#include "cmd/workers.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <utility>

#include "cmd/patience.h"
#include "cmd/report.h"
#include "cmd/worker.h"
#include "policies/programs.h"
#include "sandbox/cgroup.h"
#include "sandbox/lockdown.h"
#include "sandbox/namespaces.h"

namespace cmd {
namespace {

using base::Outcome;
using base::UniqueFd;

// A child that is locking itself down.
struct Starting {
  pid_t pid = -1;
  std::string where;
  UniqueFd control;
  std::optional<sandbox::JailReport> report = {};
};

class Start {
 public:
  Start(const Options& options, sandbox::Skips skips, const base::Log& log, Supervisor& supervisor)
      : options_(options), skips_(skips), log_(log), supervisor_(supervisor) {}

  Outcome<void> open_cgroup();
  Outcome<void> fork_init(base::Fd launcher);
  Outcome<void> fork_worker(const Served& served, base::Fd transport, base::Fd launcher);
  Outcome<void> wait_for_all();
  Jailed result() const;

 private:
  Outcome<void> hear(Starting& child);
  base::Problem died(const Starting& child);
  sandbox::Limits limits() const { return {.descriptors = options_.budgets.fd_limit}; }

  const Options& options_;
  sandbox::Skips skips_;
  const base::Log& log_;
  Supervisor& supervisor_;
  std::optional<sandbox::Cgroup> cgroup_;
  std::vector<Starting> children_;  // pid 1 first
  bool all_traced_ = true;
};

Outcome<void> Start::open_cgroup() {
  if (options_.cgroup.empty()) return {};
  cgroup_ = TRY(sandbox::Cgroup::open(options_.cgroup));
  return options_.memory_max > 0 ? cgroup_->limit_memory(options_.memory_max) : Outcome<void>();
}

Outcome<void> Start::fork_init(base::Fd launcher) {
  sandbox::Handshake handshake = TRY(sandbox::make_handshake());
  pid_t pid = ::fork();
  if (pid < 0) return base::failure(failed_call("workers", "pid 1 cannot be started", "fork"));
  if (pid == 0) {
    sandbox::InitJail jail{.control = handshake.child,
                           .launcher = launcher,
                           .filter = policies::program(spec::Role::kInit),
                           .limits = limits(),
                           .require_landlock = options_.require_landlock,
                           .skips = skips_};
    if (!sandbox::lock_down_init(jail)) ::_exit(static_cast<int>(base::WorkerExit::kSetup));
    for (;;) ::pause();
  }
  supervisor_.watch_init(pid);
  children_.push_back({.pid = pid, .where = "pid 1", .control = std::move(handshake.launcher)});
  return {};
}

Outcome<void> Start::fork_worker(const Served& served, base::Fd transport, base::Fd launcher) {
  sandbox::Handshake handshake = TRY(sandbox::make_handshake());
  pid_t pid = ::fork();
  if (pid < 0) return base::failure(failed_call("workers", "a worker cannot be started", "fork"));
  spec::Role role = spec::worker_role(served.point.access);
  spec::Extras extras = completed(role, extras_of(served.point.options));
  if (pid == 0) {
    sandbox::WorkerJail jail{.where = served.point.where,
                             .role = role,
                             .xattrs = served.point.options.xattrs,
                             .is_directory = served.source.is_directory,
                             .tree = served.tree,
                             .transport = transport,
                             .control = handshake.child,
                             .launcher = launcher,
                             .filter = policies::program(role, extras),
                             .limits = limits(),
                             .require_landlock = options_.require_landlock,
                             .skips = skips_,
                             .file_ids = owner_of_new_files(served.point.ids)};
    run_worker(std::move(jail), served, options_.budgets, log_);
  }
  supervisor_.add(pid, served.location.destination, name_of(role, extras));
  // Long before it hears of its client.
  if (cgroup_) TRY(cgroup_->add(pid));
  children_.push_back(
      {.pid = pid, .where = served.point.where, .control = std::move(handshake.launcher)});
  return {};
}

Outcome<void> Start::wait_for_all() {
  Patience patience = TRY(Patience::open(supervisor_));
  std::vector<pollfd> polled(children_.size());
  for (std::size_t open = children_.size(); open > 0;) {
    for (std::size_t i = 0; i < children_.size(); ++i)
      polled[i] = {.fd = children_[i].control.raw(), .events = POLLIN, .revents = 0};
    TRY(patience.wait(polled));
    open = 0;
    for (std::size_t i = 0; i < children_.size(); ++i) {
      if (polled[i].revents != 0) TRY(hear(children_[i]));
      if (children_[i].control.valid()) ++open;
    }
  }
  return {};
}

Outcome<void> Start::hear(Starting& child) {
  std::optional<sandbox::Message> message = TRY(sandbox::receive(child.control));
  if (!message) {
    if (!child.report) return base::failure(died(child));
    child.control.reset();
    return {};
  }
  switch (message->kind) {
    case sandbox::MessageKind::kAttach:
      if (!skips_.has(sandbox::Skippable::kTrace) && !supervisor_.seize(child.pid))
        all_traced_ = false;
      return sandbox::send_go(child.control);
    case sandbox::MessageKind::kReport:
      child.report = message->report;
      return {};
    case sandbox::MessageKind::kProblem:
      return base::failure(sandbox::unflatten(message->problem));
  }
  return base::failure(died(child));
}

base::Problem Start::died(const Starting& child) {
  // The socket closes before the process can be waited for.
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(child.pid), &info, WEXITED | WNOWAIT);
  supervisor_.drain();
  return {.step = "workers",
          .where = child.where,
          .what = info.si_code == CLD_EXITED
                      ? "ended with status " + std::to_string(info.si_status) +
                            " while it was being locked down"
                      : "was killed by signal " + std::to_string(info.si_status) +
                            " while it was being locked down"};
}

Jailed Start::result() const {
  Jailed jailed;
  // NOLINTBEGIN(bugprone-unchecked-optional-access): every child has reported
  jailed.init = children_.front().pid;
  jailed.init_report = *children_.front().report;
  for (std::size_t i = 1; i < children_.size(); ++i) {
    jailed.pids.push_back(children_[i].pid);
    jailed.reports.push_back(*children_[i].report);
  }
  // NOLINTEND(bugprone-unchecked-optional-access)
  jailed.named_violations = all_traced_ && !skips_.has(sandbox::Skippable::kTrace);
  return jailed;
}

}  // namespace

Outcome<Jailed> start_workers(const Options& options, sandbox::Skips skips,
                              std::vector<Served>& served, std::vector<UniqueFd> transports,
                              const base::Log& log, Supervisor& supervisor) {
  UniqueFd launcher = TRY(sandbox::open_own_pidfd());
  Start start(options, skips, log, supervisor);
  TRY(start.open_cgroup());
  TRY(sandbox::unshare_pid_namespace());
  TRY(start.fork_init(launcher));
  for (std::size_t i = 0; i < served.size(); ++i) {
    TRY(start.fork_worker(served[i], transports[i], launcher));
    transports[i].reset();
    served[i].tree.reset();
  }
  TRY(start.wait_for_all());
  return start.result();
}

}  // namespace cmd
