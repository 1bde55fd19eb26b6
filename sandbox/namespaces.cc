#include "sandbox/namespaces.h"

#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <optional>
#include <sstream>
#include <string>

#include "sandbox/capabilities.h"
#include "sandbox/failure.h"
#include "sandbox/sys.h"

namespace sandbox {
namespace {

constexpr std::string_view kUserRemedy =
    "unprivileged user namespaces are switched off here (sysctl user.max_user_namespaces, "
    "kernel.unprivileged_userns_clone or kernel.apparmor_restrict_unprivileged_userns), or this "
    "runs in a chroot or a container that forbids them: allow them, or start as root";

base::Outcome<void> write_map(const char* file, const std::string& text) {
  constexpr std::string_view kStep = "user namespace";
  auto map = TRY(required(sys::openat(sys::kWorkingDirectory, file, O_WRONLY),
                          {.step = kStep,
                           .where = file,
                           .syscall = "openat",
                           .what = "cannot open the id map",
                           .remedy = "/proc must be mounted, and a process that changed its user "
                                     "id must be dumpable"}));
  return required(sys::write(map, text), {.step = kStep,
                                          .where = file,
                                          .syscall = "write",
                                          .what = "cannot write the id map",
                                          .remedy = kUserRemedy});
}

struct LauncherNamespace {
  int flag;
  std::string_view name;
  std::string_view step;
  std::optional<Skippable> skippable;
  bool may_be_given = false;
};

constexpr std::array<LauncherNamespace, 5> kLauncherNamespaces = {{
    {CLONE_NEWNS, "mount", "mount namespace", {}},
    {CLONE_NEWNET, "network", "network namespace", Skippable::kNetworkNamespace, true},
    {CLONE_NEWIPC, "IPC", "ipc namespace", Skippable::kIpcNamespace, true},
    {CLONE_NEWUTS, "UTS", "uts namespace", Skippable::kUtsNamespace, true},
    {CLONE_NEWCGROUP, "cgroup", "cgroup namespace", Skippable::kCgroupNamespace},
}};

base::Outcome<void> enter(const LauncherNamespace& space) {
  std::string remedy =
      "the kernel lacks the namespace, a limit of user.max_*_namespaces is reached, or the "
      "container this runs in forbids unshare(2)";
  if (space.skippable)
    remedy += "; --without " + std::string(name_of(*space.skippable)) + " starts without it";
  return required(sys::unshare(space.flag),
                  {.step = space.step,
                   .where = {},
                   .syscall = "unshare",
                   .what = "cannot enter a " + std::string(space.name) + " namespace",
                   .remedy = remedy});
}

// The kernel makes a process that changes its ids undumpable, and forgets whom it dies with.
base::Outcome<void> become_root() {
  int death_signal = 0;
  bool asked = ::prctl(PR_GET_PDEATHSIG, &death_signal) == 0;
  Call call{.step = "user namespace",
            .where = {},
            .syscall = "setresgid",
            .what = "cannot become root of the user namespace",
            .remedy = "the runtime's id maps must have an id for 0"};
  TRY(required(sys::setresgid(0), call));
  call.syscall = "setresuid";
  TRY(required(sys::setresuid(0), call));
  call.syscall = "prctl";
  if (asked && death_signal != 0)
    TRY(required(sys::prctl(PR_SET_PDEATHSIG, static_cast<unsigned long>(death_signal)), call));
  TRY(required(sys::prctl(PR_SET_DUMPABLE, 1), call));
  return {};
}

}  // namespace

bool is_privileged() {
  return holds(CAP_SYS_ADMIN);
}

base::Outcome<bool> enter_user_namespace() {
  if (is_privileged()) return false;
  std::string uid = std::to_string(::geteuid());
  std::string gid = std::to_string(::getegid());
  TRY(required(sys::unshare(CLONE_NEWUSER), {.step = "user namespace",
                                             .where = {},
                                             .syscall = "unshare",
                                             .what = "cannot enter a user namespace",
                                             .remedy = kUserRemedy}));
  TRY(write_map("/proc/self/setgroups", "deny"));
  TRY(write_map("/proc/self/uid_map", uid + " " + uid + " 1"));
  TRY(write_map("/proc/self/gid_map", gid + " " + gid + " 1"));
  return true;
}

base::Outcome<bool> has_single_id() {
  constexpr std::string_view kWhat = "cannot read the id map";
  auto file = TRY(required(sys::openat(sys::kWorkingDirectory, "/proc/self/uid_map", O_RDONLY),
                           {.step = "identity",
                            .where = {},
                            .syscall = "openat",
                            .what = kWhat,
                            .remedy = "/proc must be mounted"}));
  auto text = TRY(
      required(sys::read_all(file),
               {.step = "identity", .where = {}, .syscall = "read", .what = kWhat, .remedy = {}}));
  std::istringstream map(text);
  uint64_t inside = 0;
  uint64_t outside = 0;
  uint64_t size = 0;
  uint64_t second = 0;
  return map >> inside >> outside >> size && size == 1 && !(map >> second);
}

base::Outcome<bool> in_initial_user_namespace() {
  constexpr uint64_t kInitialInode = 0xEFFFFFFD;  // PROC_USER_INIT_INO of the kernel
  auto status = TRY(required(sys::statx(sys::kWorkingDirectory, "/proc/self/ns/user", 0, STATX_INO),
                             {.step = "identity",
                              .where = {},
                              .syscall = "statx",
                              .what = "cannot examine the user namespace",
                              .remedy = "/proc must be mounted"}));
  return status.stx_ino == kInitialInode;
}

base::Outcome<void> become_root_when_mapped(base::UniqueFd written) {
  auto said = TRY(required(sys::read_all(written), {.step = "user namespace",
                                                    .where = "--sync-userns-fd",
                                                    .syscall = "read",
                                                    .what = "cannot wait for the id maps",
                                                    .remedy = "expected an open descriptor"}));
  if (!said.empty())
    return base::failure(
        base::Problem{.exit = base::ExitCode::kUsage,
                      .step = "user namespace",
                      .where = "--sync-userns-fd",
                      .what = std::to_string(said.size()) + " bytes came before the end",
                      .expected = "expected nothing but the end of file"});
  return become_root();
}

bool is_in_pid_namespace_of_its_own() {
  return ::getpid() == 1;
}

base::Outcome<void> enter_launcher_namespaces(Skips skips, Given given) {
  for (const LauncherNamespace& space : kLauncherNamespaces) {
    if (space.skippable && skips.has(*space.skippable)) continue;
    if (space.may_be_given && given == Given::kByRuntime) continue;
    TRY(enter(space));
  }
  return required(sys::mount_propagation("/", MS_REC | MS_SLAVE),
                  {.step = "mount namespace",
                   .where = "/",
                   .syscall = "mount",
                   .what = "cannot make the mounts slaves of the host's",
                   .remedy = "/ must be a mount point: bind-mount the directory that this was "
                             "chrooted into onto itself"});
}

base::Outcome<void> unshare_pid_namespace() {
  return required(sys::unshare(CLONE_NEWPID),
                  {.step = "pid namespace",
                   .where = {},
                   .syscall = "unshare",
                   .what = "cannot make a pid namespace",
                   .remedy = "the kernel lacks it, user.max_pid_namespaces is reached, or the "
                             "container this runs in forbids unshare(2)"});
}

base::Outcome<base::UniqueFd> open_own_pidfd() {
  return required(sys::pidfd_open(::getpid()), {.step = "parent",
                                                .where = {},
                                                .syscall = "pidfd_open",
                                                .what = "cannot open a pidfd",
                                                .remedy = "Linux 5.3 or newer is needed"});
}

base::Outcome<void> die_with(base::Fd parent) {
  TRY(required(sys::prctl(PR_SET_PDEATHSIG, SIGKILL),
               {.step = "parent",
                .where = {},
                .syscall = "prctl",
                .what = "cannot ask to be killed with the launcher",
                .remedy = {}}));
  bool ended = TRY(required(sys::has_ended(parent), {.step = "parent",
                                                     .where = {},
                                                     .syscall = "poll",
                                                     .what = "cannot look after the launcher",
                                                     .remedy = {}}));
  if (ended)
    return base::failure(base::Problem{.step = "parent", .what = "the launcher has ended"});
  return {};
}

}  // namespace sandbox
