#include "sandbox/lockdown.h"

#include <unistd.h>

#include <array>
#include <optional>
#include <utility>

#include "sandbox/capabilities.h"
#include "sandbox/descriptors.h"
#include "sandbox/failure.h"
#include "sandbox/jail_root.h"
#include "sandbox/landlock.h"
#include "sandbox/namespaces.h"
#include "sandbox/runtime.h"
#include "sandbox/seccomp.h"
#include "sandbox/sys.h"

namespace sandbox {
namespace {

using base::Fd;
using base::kWorkerLog;
using base::kWorkerOwnFds;
using base::kWorkerRoot;
using base::kWorkerTransport;
using base::Outcome;
using spec::Role;

// Numbers that are in use while the jail is built, next to those of a worker.
constexpr Fd kLauncher{7};
constexpr Fd kTree{8};

// A process on its way into its jail: what was asked for, and what came of it.
struct Prisoner {
  Role role;
  Skips skips;
  Limits limits;
  int require_landlock = 0;
  std::span<const sock_filter> filter;
  JailReport report;
  const WorkerJail* worker = nullptr;          // of a worker only
  const InitJail* init = nullptr;              // of init only
  const SupervisorJail* supervisor = nullptr;  // of the supervisor only
  std::optional<Fd> root = {};                 // of a worker, once it is entered
};

using Step = Outcome<void> (*)(Prisoner&);

struct NamedStep {
  std::string_view name;
  Step take;
  std::optional<Skippable> skippable = {};
};

Outcome<void> place_for_worker(Prisoner& prisoner) {
  const WorkerJail& jail = *prisoner.worker;
  return place_descriptors(
      std::array{Placement{jail.log, kWorkerLog}, Placement{jail.transport, kWorkerTransport},
                 Placement{jail.control, kWorkerControl}, Placement{jail.launcher, kLauncher},
                 Placement{jail.tree, kTree}});
}

Outcome<void> place_for_init(Prisoner& prisoner) {
  const InitJail& jail = *prisoner.init;
  return place_descriptors(std::array{Placement{jail.log, kWorkerLog},
                                      Placement{jail.control, kWorkerControl},
                                      Placement{jail.launcher, kLauncher}});
}

Outcome<void> keep_for_supervisor(Prisoner& prisoner) {
  return close_all_but(prisoner.supervisor->keep);
}

Outcome<void> settle_runtime(Prisoner&) {
  reset_signals_and_umask();
  wipe_environment();
  settle_allocator_and_unwinder();
  return {};
}

// The supervisor's signals are its own: it waits for them.
Outcome<void> settle_supervisor(Prisoner&) {
  wipe_environment();
  settle_allocator_and_unwinder();
  return {};
}

Outcome<void> leave_launchers_mounts(Prisoner&) {
  return enter_mount_namespace();
}

Outcome<void> enter_tree(Prisoner& prisoner) {
  auto own_fds = TRY(clone_own_fds());
  auto root =
      TRY(prisoner.worker->is_directory ? enter_directory_root(kTree) : enter_file_root(kTree));
  TRY(place_descriptors(
      std::array{Placement{Fd(0), Fd(0)}, Placement{Fd(1), Fd(1)},
                 Placement{kWorkerLog, kWorkerLog}, Placement{kWorkerTransport, kWorkerTransport},
                 Placement{root, kWorkerRoot}, Placement{own_fds, kWorkerOwnFds},
                 Placement{kWorkerControl, kWorkerControl}, Placement{kLauncher, kLauncher}}));
  (void)root.release();  // closed by place_descriptors
  (void)own_fds.release();
  prisoner.root = kWorkerRoot;
  return {};
}

// Extended attributes have no system calls that start at a descriptor on every kernel we run on:
// from here, a descriptor's number is a path to its file.
Outcome<void> stand_in_own_fds(Prisoner&) {
  return required(sys::fchdir(kWorkerOwnFds),
                  {.step = "working directory",
                   .where = {},
                   .syscall = "fchdir",
                   .what = "cannot make its own descriptors its working directory",
                   .remedy = {}});
}

Outcome<void> enter_nothing(Prisoner&) {
  return enter_empty_root();
}

Outcome<void> check_descriptors(Prisoner&) {
  return assert_descriptors(kWorkerOwnFds, std::array{0, 1, 2, 3, 4, 5, 6, 7});
}

Outcome<void> close_transport_to_descriptors(Prisoner& prisoner) {
  prisoner.report.pass_rights = !TRY(refuse_passed_descriptors(kWorkerTransport));
  return {};
}

Outcome<void> renounce_privileges(Prisoner&) {
  return set_no_new_privs();
}

Outcome<void> restrict_by_landlock(Prisoner& prisoner) {
  prisoner.report.landlock_abi =
      TRY(prisoner.root ? restrict_files(prisoner.role, *prisoner.root,
                                         prisoner.worker->is_directory, prisoner.require_landlock)
                        : restrict_files(prisoner.role, prisoner.require_landlock));
  return {};
}

Outcome<void> note_identity(Prisoner& prisoner) {
  prisoner.report.user_namespace = TRY(has_single_id());
  return {};
}

Outcome<void> leave_groups(Prisoner& prisoner) {
  prisoner.report.groups_kept = TRY(drop_groups());
  return {};
}

Outcome<void> shut_securebits(Prisoner&) {
  return lock_securebits();
}

// The kernel makes a process that changes its ids undumpable, and forgets whom it dies with.
Outcome<void> take_file_ids(Prisoner& prisoner) {
  const auto& ids = prisoner.worker->file_ids;
  if (!ids) return {};
  TRY(required(sys::setfsids(ids->uid, ids->gid),
               {.step = "file ids",
                .where = prisoner.worker->where,
                .syscall = "setfsuid",
                .what = "cannot become the owner of new files",
                .remedy = "ids of a map beyond one's own need root"}));
  return set_dumpable(true);
}

Outcome<void> keep_capabilities_of_role(Prisoner& prisoner) {
  const WorkerJail* worker = prisoner.worker;
  return drop_capabilities(prisoner.role, worker != nullptr ? worker->xattrs : spec::XattrNames{});
}

Outcome<void> tie_to_launcher(Prisoner&) {
  TRY(die_with(kLauncher));
  ::close(kLauncher.raw());
  return {};
}

Outcome<void> wait_for_tracer(Prisoner&) {
  return ask_to_be_attached(kWorkerControl);
}

// Threads inherit all that was taken away so far, are attached to like the first one, and will come
// under the filter together with it. After the limits there are no more.
Outcome<void> make_threads(Prisoner& prisoner) {
  if (!prisoner.worker->make_threads) return {};
  Outcome<void> made = prisoner.worker->make_threads();
  if (!made) made.error().exit = exit_code_of(made.error().error);
  return made;
}

Outcome<void> hide_memory(Prisoner&) {
  return set_dumpable(false);
}

Outcome<void> limit_resources(Prisoner& prisoner) {
  return set_limits(prisoner.limits);
}

Outcome<void> refuse_write_execute(Prisoner& prisoner) {
  prisoner.report.mdwe = TRY(deny_write_execute());
  return {};
}

Outcome<void> report_to_launcher(Prisoner& prisoner) {
  return send_report(kWorkerControl, prisoner.report);
}

Outcome<void> load_filter(Prisoner& prisoner) {
  if (!prisoner.report.filter) return {};
  return install_filter(prisoner.filter);
}

// The end of the handshake says that the filter is in force, so it comes after it.
Outcome<void> load_workers_filter(Prisoner& prisoner) {
  TRY(load_filter(prisoner));
  ::close(kWorkerControl.raw());
  return {};
}

Outcome<void> load_inits_filter(Prisoner& prisoner) {
  TRY(close_all_but(std::array{Fd(0), Fd(1), kWorkerLog}));
  return load_filter(prisoner);
}

constexpr auto kNoSkip = std::nullopt;

// Order is the security argument. What needs paths, mounts or capabilities comes while they are
// there; what takes them away follows; what forbids system calls is last.
constexpr std::array kWorkerSteps = {
    NamedStep{"descriptors", place_for_worker, kNoSkip},
    NamedStep{"runtime", settle_runtime, kNoSkip},
    NamedStep{"mount namespace", leave_launchers_mounts, kNoSkip},
    NamedStep{"identity", note_identity, kNoSkip},
    NamedStep{"groups", leave_groups, Skippable::kGroups},  // /proc says why they must stay
    NamedStep{"root", enter_tree, kNoSkip},                 // /proc and /dev are gone
    NamedStep{"working directory", stand_in_own_fds, kNoSkip},
    NamedStep{"descriptors checked", check_descriptors, kNoSkip},
    NamedStep{"passed descriptors", close_transport_to_descriptors, kNoSkip},
    NamedStep{"no_new_privs", renounce_privileges, kNoSkip},  // Landlock and filter need it
    NamedStep{"landlock", restrict_by_landlock, Skippable::kLandlock},
    NamedStep{"securebits", shut_securebits, kNoSkip},  // or new file ids would cost capabilities
    NamedStep{"file ids", take_file_ids, kNoSkip},
    NamedStep{"capabilities", keep_capabilities_of_role, kNoSkip},
    NamedStep{"parent", tie_to_launcher, kNoSkip},           // a change of ids would undo it
    NamedStep{"trace", wait_for_tracer, Skippable::kTrace},  // refused once it is undumpable
    NamedStep{"threads", make_threads, kNoSkip},
    NamedStep{"dumpable", hide_memory, kNoSkip},
    NamedStep{"limits", limit_resources, Skippable::kLimits},
    NamedStep{"mdwe", refuse_write_execute, Skippable::kMdwe},
    NamedStep{"report", report_to_launcher, kNoSkip},
    NamedStep{"filter", load_workers_filter, kNoSkip},
};

// Pid 1 of the workers' pid namespace: holds nothing, does nothing.
constexpr std::array kInitSteps = {
    NamedStep{"descriptors", place_for_init, kNoSkip},
    NamedStep{"runtime", settle_runtime, kNoSkip},
    NamedStep{"mount namespace", leave_launchers_mounts, kNoSkip},
    NamedStep{"identity", note_identity, kNoSkip},
    NamedStep{"groups", leave_groups, Skippable::kGroups},
    NamedStep{"root", enter_nothing, kNoSkip},
    NamedStep{"no_new_privs", renounce_privileges, kNoSkip},
    NamedStep{"landlock", restrict_by_landlock, Skippable::kLandlock},
    NamedStep{"securebits", shut_securebits, kNoSkip},
    NamedStep{"capabilities", keep_capabilities_of_role, kNoSkip},
    NamedStep{"parent", tie_to_launcher, kNoSkip},
    NamedStep{"dumpable", hide_memory, kNoSkip},
    NamedStep{"limits", limit_resources, Skippable::kLimits},
    NamedStep{"mdwe", refuse_write_execute, Skippable::kMdwe},
    NamedStep{"report", report_to_launcher, kNoSkip},
    NamedStep{"filter", load_inits_filter, kNoSkip},
};

// The launcher. It has attached to the workers before: capabilities are needed for no more.
constexpr std::array kSupervisorSteps = {
    NamedStep{"descriptors", keep_for_supervisor, kNoSkip},
    NamedStep{"runtime", settle_supervisor, kNoSkip},
    NamedStep{"identity", note_identity, kNoSkip},
    NamedStep{"groups", leave_groups, Skippable::kGroups},
    NamedStep{"root", enter_nothing, kNoSkip},
    NamedStep{"no_new_privs", renounce_privileges, kNoSkip},
    NamedStep{"landlock", restrict_by_landlock, Skippable::kLandlock},
    NamedStep{"securebits", shut_securebits, kNoSkip},
    NamedStep{"capabilities", keep_capabilities_of_role, kNoSkip},
    NamedStep{"dumpable", hide_memory, kNoSkip},
    NamedStep{"limits", limit_resources, Skippable::kLimits},
    NamedStep{"mdwe", refuse_write_execute, Skippable::kMdwe},
    NamedStep{"filter", load_filter, kNoSkip},
};

template <std::size_t kCount>
constexpr std::array<std::string_view, kCount> names_of(
    const std::array<NamedStep, kCount>& steps) {
  std::array<std::string_view, kCount> names;
  for (std::size_t i = 0; i < kCount; ++i) names[i] = steps[i].name;
  return names;
}

constexpr auto kWorkerStepNames = names_of(kWorkerSteps);

Outcome<void> take_all(std::span<const NamedStep> steps, Prisoner& prisoner) {
  prisoner.report.skipped = prisoner.skips.bits();
  prisoner.report.filter = !kInstrumented;
  for (const NamedStep& step : steps) {
    if (step.skippable && prisoner.skips.has(*step.skippable)) continue;
    TRY(step.take(prisoner));
  }
  return {};
}

// Before its descriptors are placed, a child's handshake has another number.
Outcome<JailReport> take_all_in_child(std::span<const NamedStep> steps, Prisoner& prisoner,
                                      Fd control, std::string_view where) {
  bool placed = false;
  Outcome<void> taken = take_all(steps.first(1), prisoner);
  if (taken) {
    placed = true;
    taken = take_all(steps.subspan(1), prisoner);
  }
  if (taken) return prisoner.report;
  base::Problem problem = std::move(taken.error());
  if (problem.where.empty()) problem.where = where;
  send_problem(placed ? kWorkerControl : control, problem);
  return base::failure(std::move(problem));
}

}  // namespace

Outcome<JailReport> lock_down(const WorkerJail& jail) {
  Prisoner prisoner{.role = jail.role,
                    .skips = jail.skips,
                    .limits = jail.limits,
                    .require_landlock = jail.require_landlock,
                    .filter = jail.filter,
                    .report = {},
                    .worker = &jail};
  return take_all_in_child(kWorkerSteps, prisoner, jail.control, jail.where);
}

Outcome<JailReport> lock_down_init(const InitJail& jail) {
  Prisoner prisoner{.role = Role::kInit,
                    .skips = jail.skips,
                    .limits = jail.limits,
                    .require_landlock = jail.require_landlock,
                    .filter = jail.filter,
                    .report = {},
                    .init = &jail};
  return take_all_in_child(kInitSteps, prisoner, jail.control, "pid 1");
}

Outcome<JailReport> lock_down_supervisor(const SupervisorJail& jail) {
  Prisoner prisoner{.role = Role::kSupervisor,
                    .skips = jail.skips,
                    .limits = jail.limits,
                    .require_landlock = jail.require_landlock,
                    .filter = jail.filter,
                    .report = {},
                    .supervisor = &jail};
  TRY(take_all(kSupervisorSteps, prisoner));
  return prisoner.report;
}

std::span<const std::string_view> worker_steps() {
  return kWorkerStepNames;
}

}  // namespace sandbox
