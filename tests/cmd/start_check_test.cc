// The start-up check: a jail that is not as it was planned is never announced. The faults are real:
// a system call of the lockdown succeeds and does nothing.
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cmd/p9/client.h"
#include "tests/cmd/attached.h"
#include "tests/support/bundle.h"
#include "tests/support/gofer_process.h"
#include "tests/support/proc.h"

namespace cmd {
namespace {

using support::End;
using Words = std::vector<std::string>;

constexpr uid_t kUser = 4242;
constexpr int kNotAsPlanned = 8;

// The filter that takes the effect away is one, too, but not one of the jail's.
struct Fault {
  std::string name;
  long call;
  std::optional<unsigned long> first_argument;
  std::string fact;  // that gives it away
};

class StartCheck : public Attached {
 protected:
  StartCheck() {
    support::make_file(bundle_.beside("library") / "book", "book");
    bundle_.mount("/library", bundle_.beside("library"), {"rbind", "ro"});
  }

  // A start with CMD that touches a file; its one line.
  std::string start_with(const Fault& fault, std::optional<uid_t> user = {}) {
    std::string first = fault.first_argument ? std::to_string(*fault.first_argument) : "any";
    support::Process process(
        {.words = {WITHOUT_EFFECT, std::to_string(fault.call), first, GOFER_BINARY, "--spec",
                   bundle_.config(), "--", "/bin/touch", bundle_.directory() / "ran"},
         .inherited = {},
         .environment = {},
         .user = user});
    EXPECT_EQ(process.wait(), End{.status = kNotAsPlanned}) << process.err();
    EXPECT_FALSE(std::filesystem::exists(bundle_.directory() / "ran"));
    return process.err();
  }
};

class StartCheckFinds : public StartCheck, public testing::WithParamInterface<Fault> {};

TEST_P(StartCheckFinds, TheFactThatIsNotAsPlanned) {
  bundle_.write();
  std::string line = start_with(GetParam());
  EXPECT_EQ(std::ranges::count(line, '\n'), 1) << line;
  EXPECT_TRUE(line.starts_with("gofer: start-up check: ")) << line;
  EXPECT_NE(line.find(": " + GetParam().fact + " is \""), line.npos) << line;
  EXPECT_NE(line.find("; expected \""), line.npos) << line;
}

INSTANTIATE_TEST_SUITE_P(
    Of, StartCheckFinds,
    testing::Values(Fault{"Filter", SYS_seccomp, 1, "filters"},
                    Fault{"Capabilities", SYS_capset, {}, "capabilities"},
                    Fault{"BoundingSet", SYS_prctl, PR_CAPBSET_DROP, "capabilities"},
                    Fault{"Tracer", SYS_ptrace, PTRACE_SEIZE, "tracer"},
                    Fault{"NetworkNamespace", SYS_unshare, CLONE_NEWNET, "network_namespace"},
                    Fault{"IpcNamespace", SYS_unshare, CLONE_NEWIPC, "ipc_namespace"},
                    Fault{"CgroupNamespace", SYS_unshare, CLONE_NEWCGROUP, "cgroup_namespace"},
                    Fault{"PidNamespace", SYS_unshare, CLONE_NEWPID, "pid_namespace"},
                    Fault{"MountAttributes", SYS_mount_setattr, {}, "mount_attributes"},
                    Fault{"WorkingDirectory", SYS_fchdir, 5, "working_directory"},
                    Fault{"Limits", SYS_prlimit64, 0, "limit_open_files"}),
    [](const auto& of) { return of.param.name; });

TEST_F(StartCheck, HoldsForAnOrdinaryUserAsFarAsTheKernelShows) {
  become(kUser);
  std::string line = start_with({"", SYS_prctl, PR_CAPBSET_DROP, ""}, kUser);
  EXPECT_NE(line.find("capabilities is \"effective"), line.npos) << line;
}

TEST_F(StartCheck, SaysWhatItCouldNotSee) {
  start();
  const spec::Json* jail = gofer().ready_event().find("jail");
  ASSERT_NE(jail, nullptr);
  EXPECT_EQ(support::text_of(*jail, "not_checked"), "");
}

TEST_F(StartCheck, SaysWhatItCouldNotSeeAsAnOrdinaryUser) {
  become(kUser);
  start();
  std::string hidden = support::text_of(*gofer().ready_event().find("jail"), "not_checked");
  EXPECT_NE(hidden.find("descriptors"), hidden.npos) << hidden;
  for (const char* seen : {"seccomp", "capabilities", "mount_attributes", "limit_open_files"})
    EXPECT_EQ(hidden.find(seen), hidden.npos) << hidden;
}

// Nothing of a worker can be seen then, and what it said of itself is compared all the same.
TEST_F(StartCheck, IsNoObstacleWhereProcessesAreHidden) {
  become(kUser);
  support::Process process(
      {.words = {"/usr/bin/unshare", "-m", "sh", "-c",
                 "mount -t proc -o hidepid=2 proc /proc && exec setpriv --reuid 4242 --regid 4242 "
                 "--clear-groups \"$@\" 3>&2",
                 "sh", GOFER_BINARY, "--spec", bundle_.config(), "--status-fd", "3", "--",
                 "/bin/true"},
       .inherited = {},
       .environment = {},
       .user = {}});
  EXPECT_EQ(process.wait(), End{.status = 0}) << process.err();
  std::string hidden = process.err();
  hidden.erase(0, hidden.find("\"not_checked\""));
  EXPECT_NE(hidden.find("seccomp"), hidden.npos) << process.err();
  EXPECT_EQ(hidden.find("landlock"), hidden.npos) << hidden;
}

// A worker whose client has gone before anybody looks at it is no fault.
TEST_F(StartCheck, IsNotConcernedWithWorkersThatHaveEnded) {
  bundle_.write();
  for (int start = 0; start < 5; ++start) {
    support::Gofer gofer(bundle_.config(), bundle_.attach_points(),
                         {.binary = GOFER_BINARY, .arguments = {}, .inherited = {}, .user = {}});
    for (std::size_t i = 0; i < bundle_.attach_points(); ++i) (void)gofer.take_client(i);
    EXPECT_EQ(gofer.process().wait(), End{.status = 0}) << gofer.process().err();
  }
}

}  // namespace
}  // namespace cmd
