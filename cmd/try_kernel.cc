#include <fcntl.h>
#include <linux/seccomp.h>
#include <sys/ptrace.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <csignal>
#include <functional>
#include <string_view>
#include <utility>

#include "cmd/host_health.h"
#include "cmd/report.h"
#include "cmd/try_in_child.h"
#include "sandbox/failure.h"
#include "sandbox/landlock.h"
#include "sandbox/limits.h"
#include "sandbox/mount_tree.h"
#include "sandbox/namespaces.h"
#include "sandbox/seccomp.h"
#include "sandbox/sys.h"

namespace cmd {
namespace {

using base::Outcome;
namespace sys = sandbox::sys;

sandbox::Call call(std::string_view name, std::string_view since) {
  return {.step = "doctor", .where = {}, .syscall = name, .what = "does not work", .remedy = since};
}

Outcome<std::string> try_calls() {
  open_how how{.flags = O_PATH | O_DIRECTORY, .mode = 0, .resolve = RESOLVE_IN_ROOT};
  [[maybe_unused]] auto root =
      TRY(sandbox::required(sys::openat2(sys::kWorkingDirectory, "/", how),
                            call("openat2", "Linux 5.6 or newer is needed")));
  TRY(sandbox::required(sys::close_range(UINT_MAX - 1, UINT_MAX),
                        call("close_range", "Linux 5.9 or newer is needed")));
  [[maybe_unused]] auto pidfd = TRY(sandbox::required(
      sys::pidfd_open(::getpid()), call("pidfd_open", "Linux 5.3 or newer is needed")));
  return std::string("openat2, close_range, pidfd_open");
}

Outcome<std::string> try_users() {
  if (!TRY(sandbox::enter_user_namespace())) return std::string("not needed: started as root");
  return std::string("one of its own, with one id");
}

Outcome<std::string> try_namespaces() {
  TRY(sandbox::enter_user_namespace());
  TRY(sandbox::enter_launcher_namespaces({}));
  TRY(sandbox::unshare_pid_namespace());
  return std::string("mount, network, ipc, uts, cgroup, pid");
}

// What mounts lie below the source may not be cloned away from an ordinary user: of /proc, and all.
Outcome<std::string> try_trees() {
  TRY(sandbox::enter_user_namespace());
  TRY(sandbox::enter_launcher_namespaces({}));
  auto root = TRY(sandbox::required(sys::openat(sys::kWorkingDirectory, "/", O_PATH | O_DIRECTORY),
                                    call("openat", "")));
  [[maybe_unused]] auto tree = TRY(sandbox::make_tree(root, {.where = "/", .recursive = true}));
  return std::string("cloned, with nosuid, nodev, noexec, nosymfollow and ro");
}

Outcome<std::string> try_filter() {
  constexpr std::array kAllowAll = {sock_filter{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW}};
  TRY(sandbox::set_no_new_privs());
  TRY(sandbox::install_filter(kAllowAll));
  return std::string("filters that end the process");
}

// A child that waits, and its end.
Outcome<std::string> try_trace() {
  pid_t child = ::fork();
  if (child < 0) return base::failure(failed_call("doctor", "no process", "fork"));
  if (child == 0)
    for (;;) ::pause();
  bool seized = ::ptrace(PTRACE_SEIZE, child, nullptr, nullptr) == 0;
  auto refused = failed_call("doctor", "a child may not be traced", "ptrace");
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, __WALL);
  if (!seized) return base::failure(refused);
  return std::string("children may be traced");
}

struct Trial {
  const char* name;
  Outcome<std::string> (*step)();
  Health without;  // what it is to lack it
  const char* costs;
  const char* remedy;  // where the step itself knows none
};

constexpr const char* kNoStart = "gofer does not start";

constexpr std::array kTrials = {
    Trial{"system_calls", try_calls, Health::kMissing, kNoStart, "Linux 5.14 or newer"},
    Trial{"user_namespaces", try_users, Health::kMissing, "an ordinary user cannot start gofer",
          "start as root"},
    Trial{"namespaces", try_namespaces, Health::kMissing, kNoStart,
          "start it on the host, or give its container CAP_SYS_ADMIN"},
    Trial{"mount_trees", try_trees, Health::kMissing, kNoStart, "Linux 5.14 or newer"},
    Trial{"seccomp", try_filter, Health::kMissing, kNoStart, "a kernel with CONFIG_SECCOMP_FILTER"},
    Trial{"trace", try_trace, Health::kDegraded,
          "a policy violation is reported without its system call",
          "sysctl kernel.yama.ptrace_scope=1, or a container that allows ptrace(2)"},
};

Finding find(const Trial& trial) {
  Finding finding{.name = trial.name};
  Outcome<std::string> tried = try_in_child(trial.step);
  if (tried) {
    finding.found = *tried;
    return finding;
  }
  const base::Problem& problem = tried.error();
  finding.health = trial.without;
  finding.found = problem.what;
  if (!problem.syscall.empty())
    finding.found += " (" + problem.syscall + ": " + base::errno_name(problem.error) + ")";
  finding.costs = trial.costs;
  finding.remedy = problem.expected.empty() ? trial.remedy : problem.expected;
  return finding;
}

// ABI 6 is the first with everything that a jail uses.
Finding find_landlock() {
  constexpr int kAllOfIt = 6;
  int abi = sandbox::landlock_abi();
  Finding finding{.name = "landlock", .found = "ABI " + std::to_string(abi)};
  if (abi >= kAllOfIt) return finding;
  finding.health = Health::kDegraded;
  finding.remedy = "Linux 6.12 or newer";
  if (abi > 0) {
    finding.costs =
        "less is refused twice: TCP from ABI 4, device ioctls from 5, abstract sockets "
        "and signals from 6";
    return finding;
  }
  finding.found = "not there, or switched off";
  finding.costs = "paths and names of a tree are held by the mounts and the filter alone";
  finding.remedy += ", with landlock in CONFIG_LSM or lsm= of its command line";
  return finding;
}

Finding find_mdwe() {
  Finding finding{.name = "mdwe", .found = "memory can be kept from being writable and executable"};
  if (sandbox::can_deny_write_execute()) return finding;
  return {.name = "mdwe",
          .health = Health::kDegraded,
          .found = "not there",
          .costs = "executable memory is refused by the filter alone",
          .remedy = "Linux 6.3 or newer"};
}

Finding find_kernel() {
  utsname name{};
  ::uname(&name);
  return {.name = "kernel", .found = std::string(name.sysname) + " " + name.release};
}

}  // namespace

std::vector<Finding> try_kernel(const HostFiles& host) {
  std::vector<Finding> findings{find_kernel()};
  for (const Trial& trial : kTrials) findings.push_back(find(trial));
  for (Finding& finding : findings)
    if (finding.name == "user_namespaces" && finding.health != Health::kOk)
      finding.remedy = user_namespace_remedy(host, finding.remedy);
  findings.push_back(find_landlock());
  findings.push_back(find_mdwe());
  return findings;
}

}  // namespace cmd
