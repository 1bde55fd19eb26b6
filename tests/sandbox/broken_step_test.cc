// Each step of the jail is made to fail in turn: nothing is ever served half-jailed.
#include <gtest/gtest.h>
#include <linux/prctl.h>
#include <linux/securebits.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <iterator>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "gofer/channels.h"
#include "sandbox/skips.h"
#include "spec/base/worker_fd.h"
#include "tests/sandbox/broken_call.h"
#include "tests/sandbox/prison.h"
#include "tests/support/temp_dir.h"

namespace sandbox_test {
namespace {

using base::ExitCode;
using sandbox::Skippable;

constexpr uint32_t kSetMdwe = 65;
enum class In : uint8_t { kLauncher, kInit, kWorker };

struct Broken {
  const char* name;
  In where;
  BrokenCall call;
  const char* step;
  ExitCode exit;
  std::optional<Skippable> skip = {};  // with which it starts all the same
  uid_t user = 0;

  friend void PrintTo(const Broken& broken, std::ostream* out) { *out << broken.name; }
};

constexpr Broken kAll[] = {
    {"UserNamespace",
     In::kLauncher,
     {SYS_unshare, EPERM, CLONE_NEWUSER},
     "user namespace",
     ExitCode::kNoPermission,
     {},
     65534},
    {"LauncherMounts",
     In::kLauncher,
     {SYS_unshare, EPERM, CLONE_NEWNS},
     "mount namespace",
     ExitCode::kNoPermission},
    {"Propagation", In::kLauncher, {SYS_mount, EINVAL}, "mount namespace", ExitCode::kUnavailable},
    {"Network",
     In::kLauncher,
     {SYS_unshare, EINVAL, CLONE_NEWNET},
     "network namespace",
     ExitCode::kUnavailable,
     Skippable::kNetworkNamespace},
    {"Ipc",
     In::kLauncher,
     {SYS_unshare, EINVAL, CLONE_NEWIPC},
     "ipc namespace",
     ExitCode::kUnavailable,
     Skippable::kIpcNamespace},
    {"Uts",
     In::kLauncher,
     {SYS_unshare, EINVAL, CLONE_NEWUTS},
     "uts namespace",
     ExitCode::kUnavailable,
     Skippable::kUtsNamespace},
    {"Cgroup",
     In::kLauncher,
     {SYS_unshare, EINVAL, CLONE_NEWCGROUP},
     "cgroup namespace",
     ExitCode::kUnavailable,
     Skippable::kCgroupNamespace},
    {"Pid",
     In::kLauncher,
     {SYS_unshare, EPERM, CLONE_NEWPID},
     "pid namespace",
     ExitCode::kNoPermission},
    {"Openat2", In::kLauncher, {SYS_openat2, ENOSYS}, "source", ExitCode::kUnavailable},
    {"OpenTree", In::kLauncher, {SYS_open_tree, ENOSYS}, "mount tree", ExitCode::kUnavailable},
    {"MountSetattr",
     In::kLauncher,
     {SYS_mount_setattr, EINVAL},
     "mount tree",
     ExitCode::kUnavailable},
    {"Pidfd", In::kLauncher, {SYS_pidfd_open, ENOSYS}, "parent", ExitCode::kUnavailable},
    {"CloseRange", In::kWorker, {SYS_close_range, ENOSYS}, "descriptors", ExitCode::kUnavailable},
    {"WorkerMounts", In::kWorker, {SYS_unshare, ENOSPC}, "mount namespace", ExitCode::kInternal},
    {"OwnDescriptors", In::kWorker, {SYS_open_tree, EPERM}, "root", ExitCode::kNoPermission},
    {"MoveMount", In::kWorker, {SYS_move_mount, EINVAL}, "root", ExitCode::kUnavailable},
    {"PivotRoot", In::kWorker, {SYS_pivot_root, EPERM}, "root", ExitCode::kNoPermission},
    {"Umount", In::kWorker, {SYS_umount2, EINVAL}, "root", ExitCode::kUnavailable},
    {"ListOfDescriptors",
     In::kWorker,
     {SYS_getdents64, EACCES},
     "descriptors",
     ExitCode::kNoPermission},
    {"PassedDescriptors",
     In::kWorker,
     {SYS_setsockopt, EPERM},
     "descriptors",
     ExitCode::kNoPermission},
    {"NoNewPrivs",
     In::kWorker,
     {SYS_prctl, EINVAL, PR_SET_NO_NEW_PRIVS},
     "no_new_privs",
     ExitCode::kUnavailable},
    {"LandlockRule",
     In::kWorker,
     {SYS_landlock_add_rule, EBADFD},
     "landlock",
     ExitCode::kInternal,
     Skippable::kLandlock},
    {"LandlockRestrict",
     In::kWorker,
     {SYS_landlock_restrict_self, EPERM},
     "landlock",
     ExitCode::kNoPermission,
     Skippable::kLandlock},
    {"Securebits",
     In::kWorker,
     {SYS_prctl, EPERM, PR_SET_SECUREBITS},
     "securebits",
     ExitCode::kNoPermission},
    {"Ambient",
     In::kWorker,
     {SYS_prctl, EPERM, PR_CAP_AMBIENT},
     "capabilities",
     ExitCode::kNoPermission},
    {"Bounding",
     In::kWorker,
     {SYS_prctl, EPERM, PR_CAPBSET_DROP},
     "capabilities",
     ExitCode::kNoPermission},
    {"Capset", In::kWorker, {SYS_capset, EPERM}, "capabilities", ExitCode::kNoPermission},
    {"DeathSignal",
     In::kWorker,
     {SYS_prctl, EINVAL, PR_SET_PDEATHSIG},
     "parent",
     ExitCode::kUnavailable},
    {"Dumpable",
     In::kWorker,
     {SYS_prctl, EINVAL, PR_SET_DUMPABLE},
     "dumpable",
     ExitCode::kUnavailable},
    {"Windows", In::kWorker, {SYS_memfd_create, ENOSYS}, "threads", ExitCode::kUnavailable},
    {"WindowsSize", In::kWorker, {SYS_ftruncate, EPERM}, "threads", ExitCode::kNoPermission},
    {"SideSockets", In::kWorker, {SYS_socketpair, EMFILE}, "threads", ExitCode::kInternal},
    {"SideSocketsEnd", In::kWorker, {SYS_shutdown, EACCES}, "threads", ExitCode::kNoPermission},
    {"Threads", In::kWorker, {SYS_clone3, EAGAIN}, "threads", ExitCode::kInternal},
    {"Limits",
     In::kWorker,
     {SYS_prlimit64, EPERM},
     "limits",
     ExitCode::kNoPermission,
     Skippable::kLimits},
    {"Mdwe",
     In::kWorker,
     {SYS_prctl, EPERM, kSetMdwe},
     "mdwe",
     ExitCode::kNoPermission,
     Skippable::kMdwe},
    {"Filter", In::kWorker, {SYS_seccomp, EINVAL}, "seccomp", ExitCode::kUnavailable},
    {"InitDescriptors",
     In::kInit,
     {SYS_close_range, ENOSYS},
     "descriptors",
     ExitCode::kUnavailable},
    {"InitMounts", In::kInit, {SYS_unshare, ENOSPC}, "mount namespace", ExitCode::kInternal},
    {"InitRoot", In::kInit, {SYS_pivot_root, EPERM}, "root", ExitCode::kNoPermission},
    {"InitNoNewPrivs",
     In::kInit,
     {SYS_prctl, EINVAL, PR_SET_NO_NEW_PRIVS},
     "no_new_privs",
     ExitCode::kUnavailable},
    {"InitLandlock",
     In::kInit,
     {SYS_landlock_restrict_self, EPERM},
     "landlock",
     ExitCode::kNoPermission,
     Skippable::kLandlock},
    {"InitSecurebits",
     In::kInit,
     {SYS_prctl, EPERM, PR_SET_SECUREBITS},
     "securebits",
     ExitCode::kNoPermission},
    {"InitCapset", In::kInit, {SYS_capset, EPERM}, "capabilities", ExitCode::kNoPermission},
    {"InitDeathSignal",
     In::kInit,
     {SYS_prctl, EINVAL, PR_SET_PDEATHSIG},
     "parent",
     ExitCode::kUnavailable},
    {"InitDumpable",
     In::kInit,
     {SYS_prctl, EINVAL, PR_SET_DUMPABLE},
     "dumpable",
     ExitCode::kUnavailable},
    {"InitLimits",
     In::kInit,
     {SYS_prlimit64, EPERM},
     "limits",
     ExitCode::kNoPermission,
     Skippable::kLimits},
    {"InitMdwe",
     In::kInit,
     {SYS_prctl, EPERM, kSetMdwe},
     "mdwe",
     ExitCode::kNoPermission,
     Skippable::kMdwe},
};

// In the worker, which ends without freeing them.
base::Outcome<void> make_threads() {
  return (new gofer::Channels)
      ->make(2, gofer::Channels::Numbers{base::kWorkerWindows, base::kWorkerSideSockets,
                                         base::kWorkerClientSockets});
}

class BrokenStep : public testing::TestWithParam<Broken> {
 protected:
  PrisonOptions options() {
    const Broken& broken = GetParam();
    PrisonOptions options{.source = dir_.path(), .user = broken.user};
    if (broken.step == std::string_view("threads")) options.make_threads = make_threads;
    auto break_it = [call = broken.call] { break_call(call); };
    hook(options, broken.where) = break_it;
    return options;
  }
  static std::function<void()>& hook(PrisonOptions& options, In process) {
    switch (process) {
      case In::kLauncher:
        return options.before_launch;
      case In::kInit:
        return options.before_init_lockdown;
      case In::kWorker:
        break;
    }
    return options.before_lockdown;
  }
  support::TempDir dir_;
};

TEST_P(BrokenStep, L1_StopsTheStartAndNamesTheStep) {
  Prison prison(options(), [] { return "served"; });
  EXPECT_FALSE(prison.started());
  EXPECT_EQ(prison.said(), "");
  EXPECT_EQ(prison.problem_parts().step, GetParam().step) << prison.problem();
  EXPECT_EQ(prison.problem_parts().exit, GetParam().exit) << prison.problem();
  EXPECT_EQ(prison.problem_parts().error, GetParam().call.error) << prison.problem();
  EXPECT_NE(prison.problem_parts().syscall, "") << prison.problem();
}

class SkippableStep : public BrokenStep {};

TEST_P(SkippableStep, IsLeftOutWhenItsNameIsGiven) {
  PrisonOptions broken = options();
  broken.skips.add(*GetParam().skip);
  Prison prison(broken, [] { return "served"; });
  EXPECT_EQ(prison.said(), "served") << prison.problem();
  EXPECT_EQ(sandbox::Skips::of_bits(prison.report().skipped).has(*GetParam().skip), true);
}

std::vector<Broken> skippable() {
  std::vector<Broken> some;
  std::copy_if(std::begin(kAll), std::end(kAll), std::back_inserter(some),
               [](const Broken& broken) { return broken.skip.has_value(); });
  return some;
}

std::string name_of(const testing::TestParamInfo<Broken>& broken) {
  return broken.param.name;
}

INSTANTIATE_TEST_SUITE_P(Each, BrokenStep, testing::ValuesIn(kAll), name_of);
INSTANTIATE_TEST_SUITE_P(Each, SkippableStep, testing::ValuesIn(skippable()), name_of);

// What a kernel may lack without a start being refused, and what is reported then.
class LackingKernel : public testing::Test {
 protected:
  PrisonOptions without(const BrokenCall& call) {
    PrisonOptions options{.source = dir_.path()};
    options.before_lockdown = [call] { break_call(call); };
    return options;
  }
  support::TempDir dir_;
};

TEST_F(LackingKernel, StartsWithoutLandlockAndSaysSo) {
  Prison prison(without({SYS_landlock_create_ruleset, EOPNOTSUPP}), [] { return "served"; });
  EXPECT_EQ(prison.said(), "served") << prison.problem();
  EXPECT_EQ(prison.report().landlock_abi, 0);
}

TEST_F(LackingKernel, L1_StopsWithoutLandlockWhenItIsRequired) {
  PrisonOptions options = without({SYS_landlock_create_ruleset, ENOSYS});
  options.require_landlock = 1;
  Prison prison(options, [] { return "served"; });
  EXPECT_FALSE(prison.started());
  EXPECT_EQ(prison.problem_parts().exit, ExitCode::kUnavailable);
  EXPECT_EQ(prison.problem_parts().step, "landlock");
}

TEST_F(LackingKernel, StartsWithoutMdweAndSaysSo) {
  Prison prison(without({SYS_prctl, EINVAL, kSetMdwe}), [] { return "served"; });
  EXPECT_EQ(prison.said(), "served") << prison.problem();
  EXPECT_FALSE(prison.report().mdwe);
}

TEST_F(LackingKernel, StartsWithoutPassRightsAndSaysSo) {
  Prison prison(without({SYS_setsockopt, ENOPROTOOPT}), [] { return "served"; });
  EXPECT_EQ(prison.said(), "served") << prison.problem();
  EXPECT_TRUE(prison.report().pass_rights);
}

TEST_F(LackingKernel, MoreDescriptorsThanAllowedAreRefused) {
  PrisonOptions options{.source = dir_.path()};
  options.limits.descriptors = uint64_t{1} << 40;
  Prison prison(options, [] { return "served"; });
  EXPECT_FALSE(prison.started());
  EXPECT_EQ(prison.problem_parts().step, "limits");
  EXPECT_EQ(prison.problem_parts().exit, ExitCode::kNoPermission);
}

}  // namespace
}  // namespace sandbox_test
