#include "cmd/launcher.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <utility>
#include <vector>

#include "cmd/command.h"
#include "cmd/jail_plan.h"
#include "cmd/patience.h"
#include "cmd/plan_text.h"
#include "cmd/report.h"
#include "cmd/served.h"
#include "cmd/start_audit.h"
#include "cmd/start_plan.h"
#include "cmd/status.h"
#include "cmd/supervisor.h"
#include "cmd/workers.h"
#include "policies/programs.h"
#include "sandbox/capabilities.h"
#include "sandbox/descriptors.h"
#include "sandbox/failure.h"
#include "sandbox/limits.h"
#include "sandbox/lockdown.h"
#include "sandbox/namespaces.h"
#include "sandbox/skips.h"
#include "sandbox/sys.h"

namespace cmd {
namespace {

using base::Fd;
using base::Outcome;
using base::UniqueFd;

constexpr Fd kStderr{2};
constexpr Fd kSupervisorStatus{3};  // the number that the supervisor's policy names
constexpr Fd kSupervisorRecord{4};  // which no call of the policy names

// The launcher holds a few descriptors per attach point while it starts.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

base::Log log_of(const Options& options) {
  return {kStderr, options.log_format, options.log_level, "gofer"};
}

// The start of `gofer`, one member function per phase, in order.
class Launcher {
 public:
  explicit Launcher(const Options& options)
      : options_(options),
        log_(log_of(options)),
        status_(options.status_fd ? std::optional(Fd(*options.status_fd)) : std::nullopt),
        supervisor_status_(options.status_fd ? std::optional(kSupervisorStatus) : std::nullopt),
        supervisor_(log_, supervisor_status_) {}

  Outcome<int> run() {
    block_signals();
    for (std::optional<int> fd : {options_.mounts_fd, options_.status_fd})
      if (fd) TRY(keep_from_children(*fd));
    skips_ = TRY(sandbox::parse_skips(options_.without));
    status_.phase("spec");
    plan_ = TRY(read_plan(options_, skips_));
    log_ = log_of(options_);
    status_.phase("clients");
    TRY(connect_clients());
    status_.phase("namespaces");
    audit_.begin();
    TRY(enter_namespaces());
    status_.phase("mounts");
    TRY(find_trees());
    if (options_.runsc) take_oom_score_adj();
    status_.phase("workers");
    Jailed jailed = TRY(
        start_workers(options_, skips_, found_.served, std::move(transports_), log_, supervisor_));
    status_.phase("check");
    checked_ = TRY(audit_.check(found_.served, jailed, circumstances(),
                                options_.status_fd.has_value(), supervisor_));
    TRY(announce(jailed));
    TRY(lock_down());
    return supervisor_.run();
  }

  const Options& options() const { return options_; }
  void tell(const base::Problem& problem) const { status_.failed(problem); }

 private:
  void block_signals() {
    sigset_t set = supervised_signals();
    ::sigprocmask(SIG_BLOCK, &set, &caller_mask_);
    (void)std::signal(SIGPIPE, SIG_IGN);
    raise_descriptor_limit();
  }

  Outcome<void> connect_clients() {
    return options_.command.empty() ? take_io_fds() : start_command();
  }

  Outcome<void> keep_from_children(int fd) {
    if (::fcntl(fd, F_SETFD, FD_CLOEXEC) == 0) return {};
    base::Problem problem = failed_call("options", "is not an open descriptor", "fcntl");
    problem.exit = base::ExitCode::kUsage;
    problem.where =
        (fd == options_.status_fd ? "--status-fd " : "--mounts-fd ") + std::to_string(fd);
    return base::failure(problem);
  }

  Outcome<void> take_io_fds();
  Outcome<void> start_command();
  Outcome<void> enter_namespaces() {
    if (options_.runsc && options_.runsc->sync_userns_fd)
      TRY(sandbox::become_root_when_mapped(UniqueFd(*options_.runsc->sync_userns_fd)));
    own_users_ = TRY(sandbox::enter_user_namespace());
    for (const spec::AttachPoint& point : plan_.attach.attach_points)
      TRY(sandbox::check_capabilities(point));
    return sandbox::enter_launcher_namespaces(skips_, given_namespaces());
  }
  sandbox::Given given_namespaces() const;
  Circumstances circumstances() const {
    Circumstances start = circumstances_here(options_, skips_);
    start.own_users = own_users_;
    start.namespaces_given = given_namespaces() == sandbox::Given::kByRuntime;
    return start;
  }
  void take_oom_score_adj() const;
  Outcome<void> find_trees();
  Outcome<void> announce(const Jailed& jailed);
  Outcome<void> write_mounts();
  Outcome<void> lock_down();
  void log_details(const Jailed& jailed) const;
  spec::Json::Object jail_json(const Jailed& jailed) const;

  Options options_;
  base::Log log_;
  Status status_;
  Status supervisor_status_;
  Supervisor supervisor_;
  sigset_t caller_mask_{};
  sandbox::Skips skips_;
  bool own_users_ = false;  // the user namespace is of our making
  StartPlan plan_;
  std::vector<UniqueFd> transports_;
  std::vector<int> command_fds_;  // CMD's ends, by attach point
  std::optional<Command> command_;
  Found found_;
  StartAudit audit_;
  StartAudit::Checked checked_;
};

Outcome<void> Launcher::take_io_fds() {
  std::size_t points = plan_.attach.attach_points.size();
  if (options_.io_fds.size() != points)
    return base::failure(base::Problem{
        .exit = base::ExitCode::kUsage,
        .step = "options",
        .where = "--io-fds",
        .what = std::to_string(options_.io_fds.size()) + " descriptors for " +
                std::to_string(points) + " attach points",
        .expected = "expected one for the root and one for each bind mount, in the spec's order"});
  for (int fd : options_.io_fds)
    TRY(sandbox::check_transport(Fd(fd), "--io-fds " + std::to_string(fd)));
  for (int fd : options_.io_fds) {
    (void)::fcntl(fd, F_SETFD, FD_CLOEXEC);
    transports_.emplace_back(fd);
  }
  return {};
}

Outcome<void> Launcher::start_command() {
  std::vector<UniqueFd> ends;
  for (std::size_t i = 0; i < plan_.attach.attach_points.size(); ++i) {
    int pair[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
      return base::failure(failed_call("clients", "no socket for an attach point", "socketpair"));
    transports_.emplace_back(pair[0]);
    ends.emplace_back(pair[1]);
    command_fds_.push_back(pair[1]);
  }
  command_ = TRY(Command::fork_waiting(options_.command, std::move(ends), caller_mask_));
  supervisor_.watch_command(command_->pid());
  return {};
}

// What is in the network namespace of a runtime is not known, and see read_plan().
sandbox::Given Launcher::given_namespaces() const {
  bool given =
      options_.runsc && sandbox::is_in_pid_namespace_of_its_own() && !serves_sockets(plan_.attach);
  return given ? sandbox::Given::kByRuntime : sandbox::Given::kNothing;
}

// A runtime of that kind sets it for the process that it has started, which knows of no others.
void Launcher::take_oom_score_adj() const {
  if (!plan_.bundle.oom_score_adj) return;
  auto set = sandbox::set_oom_score_adj(*plan_.bundle.oom_score_adj);
  if (!set) log_.write(base::LogLevel::kWarning, "note", {{"text", to_line(set.error())}});
}

Outcome<void> Launcher::find_trees() {
  found_ = TRY(prepare(options_, plan_.attach.attach_points, plan_.bundle.cwd));
  for (const auto* notes : {&plan_.attach.notes, &found_.notes})
    for (const std::string& note : *notes)
      log_.write(base::LogLevel::kWarning, "note", {{"text", note}});
  return {};
}

spec::Json::Object Launcher::jail_json(const Jailed& jailed) const {
  const sandbox::JailReport& report = jailed.reports.front();
  return {{"landlock_abi", spec::Json(int64_t{report.landlock_abi})},
          {"mdwe", spec::Json(report.mdwe)},
          {"filter", spec::Json(report.filter)},
          {"user_namespace", spec::Json(report.user_namespace)},
          {"groups_kept", spec::Json(int64_t{report.groups_kept})},
          {"named_violations", spec::Json(jailed.named_violations)},
          {"without", spec::Json(sandbox::to_text(skips_))},
          {"not_checked", spec::Json(checked_.hidden)}};
}

// What a `ready` event says in full, for those who have a log only.
void Launcher::log_details(const Jailed& jailed) const {
  const sandbox::JailReport& report = jailed.reports.front();
  for (std::size_t i = 0; i < found_.served.size(); ++i)
    log_.write(base::LogLevel::kDebug, "serving",
               {{"destination", found_.served[i].location.destination},
                {"source", found_.served[i].source.real_path},
                {"access", found_.served[i].read_only() ? "ro" : "rw"},
                {"pid", static_cast<uint64_t>(jailed.pids[i])}});
  log_.write(base::LogLevel::kDebug, "jail",
             {{"landlock_abi", static_cast<uint64_t>(report.landlock_abi)},
              {"mdwe", uint64_t{report.mdwe}},
              {"user_namespace", uint64_t{report.user_namespace}},
              {"named_violations", uint64_t{jailed.named_violations}},
              {"not_checked", checked_.hidden}});
}

Outcome<void> Launcher::announce(const Jailed& jailed) {
  if (!jailed.named_violations)
    log_.write(base::LogLevel::kWarning,
               "workers are not traced: a policy violation will be reported without its call");
  TRY(write_mounts());
  status_.ready(ready_json(found_.served, jailed.pids), jail_json(jailed));
  log_.write(base::LogLevel::kInfo, "ready", {{"attach_points", found_.served.size()}});
  log_details(jailed);
  if (command_) TRY(command_->release(gofer_mounts(found_.served, command_fds_)));
  return {};
}

Outcome<void> Launcher::write_mounts() {
  if (!options_.mounts_fd) return {};
  UniqueFd fd(*options_.mounts_fd);
  auto marks = options_.runsc ? Marks::kOverlayfs : Marks::kNone;
  return write_patiently(fd, resolved_mounts(plan_.bundle.raw_mounts, found_.served, marks),
                         supervisor_);
}

Outcome<void> Launcher::lock_down() {
  std::vector<Fd> keep{kStderr, kSupervisorRecord};
  // Out of the way of the two.
  UniqueFd record =
      TRY(sandbox::required(sandbox::sys::fcntl_dupfd(checked_.record, kSupervisorRecord.raw() + 1),
                            {.step = "supervisor",
                             .where = {},
                             .syscall = "fcntl",
                             .what = "no descriptor",
                             .remedy = {}}));
  if (options_.status_fd) {
    if (*options_.status_fd != kSupervisorStatus.raw() &&
        ::dup3(*options_.status_fd, kSupervisorStatus.raw(), O_CLOEXEC) < 0)
      return base::failure(
          failed_call("supervisor", "the status descriptor cannot be moved", "dup3"));
    keep.push_back(kSupervisorStatus);
    status_ = supervisor_status_;
  }
  if (::dup3(record.raw(), kSupervisorRecord.raw(), O_CLOEXEC) < 0)
    return base::failure(failed_call("supervisor", "the record cannot be moved", "dup3"));
  (void)record.release();  // closed with all that is not kept, as are these
  (void)checked_.record.release();
  TRY(sandbox::lock_down_supervisor({.keep = keep,
                                     .filter = policies::program(spec::Role::kSupervisor),
                                     .limits = {.descriptors = options_.budgets.fd_limit},
                                     .require_landlock = options_.require_landlock,
                                     .skips = skips_}));
  return {};
}

}  // namespace

int serve(const Options& options) {
  // Never destroyed: whoever calls ends the process, and under a filter nothing is freed.
  auto* launcher = new Launcher(options);  // NOLINT(cppcoreguidelines-owning-memory)
  Outcome<int> status = launcher->run();
  if (status) return *status;
  launcher->tell(status.error());
  return report(status.error(), launcher->options());
}

}  // namespace cmd
