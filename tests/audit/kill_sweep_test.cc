// The embedded programs on the running kernel: every call that a role does not list ends the
// process, through whichever door it comes.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/syscall.h>

#include <algorithm>
#include <set>
#include <string>

#include "policies/programs.h"
#include "policies/syscall_names.h"
#include "tests/audit/policy_files.h"
#include "tests/audit/probe.h"
#include "tests/audit/verdicts.h"

namespace audit {
namespace {

constexpr long kX32Bit = 0x40000000;
// Linux 6.14 and later let these two past every filter, because uprobes would kill traced
// processes otherwise. They are of no use to anybody: what they answer is the same without a
// filter.
constexpr long kUretprobe = 335;
constexpr long kUprobe = 336;

class KillSweep : public testing::TestWithParam<Policed> {
 protected:
  std::span<const sock_filter> program() const { return GetParam().program(); }

  void expect_killed(const Probe& probe, const std::string& what) const {
    End end = run(program(), probe);
    EXPECT_TRUE(end.by(SIGSYS)) << what << ": " << end.text();
  }
};

INSTANTIATE_TEST_SUITE_P(Of, KillSweep, testing::ValuesIn(all_policed()), PolicedName());

TEST_P(KillSweep, L2_EveryNativeNumberOutsideTheListKills) {
  auto policy = GetParam().policy();
  ASSERT_TRUE(policy) << base::to_line(policy.error());
  std::set<std::string_view> listed;
  for (const spec::Rule& rule : policy->rules) listed.insert(rule.syscall);
  std::size_t killed = 0;
  for (long number = 0; number < 1024; ++number) {
    if (listed.contains(policies::syscall_name(static_cast<uint64_t>(number)))) continue;
    if (number == kUretprobe || number == kUprobe) continue;
    expect_killed({.number = number}, "native " + std::to_string(number));
    ++killed;
  }
  EXPECT_EQ(killed, 1024 - 2 - listed.size());
}

TEST_P(KillSweep, L2_EveryX32NumberKills) {
  for (long number = 0; number < 600; ++number)
    expect_killed({.number = kX32Bit + number}, "x32 " + std::to_string(number));
}

TEST_P(KillSweep, L2_EveryI386NumberKills) {
  if (run({}, {.entry = Entry::kInt80, .number = 20}).by(SIGSEGV))
    GTEST_SKIP() << "this kernel has no int $0x80 (CONFIG_IA32_EMULATION)";
  for (long number = 0; number < 500; ++number)
    expect_killed({.entry = Entry::kInt80, .number = number}, "i386 " + std::to_string(number));
}

TEST_P(KillSweep, NumbersBeyondTheTableKill) {
  for (long number : {4096L, 0x3fffffffL, 0x7fffffffL, 0x80000000L, 0xfffffffeL, -1L, -2L})
    expect_killed({.number = number}, "native " + std::to_string(number));
}

// The vsyscall page answers three calls in the kernel, if it is there at all.
TEST_P(KillSweep, TheVsyscallPageIsNoWayAround) {
  for (long address : {-0xa00000L, -0xa00000L + 0x400, -0xa00000L + 0x800}) {
    End end = run(program(), {.entry = Entry::kVsyscall, .number = address});
    EXPECT_TRUE(end.by(SIGSYS) || end.by(SIGSEGV)) << std::hex << address << ": " << end.text();
  }
}

TEST_P(KillSweep, EveryNearMissOfTheTableKills) {
  for (const Row& row : rows(GetParam()))
    if (row.verdict == Verdict::kKilled)
      expect_killed({.number = row.number, .args = row.args}, row.what);
}

TEST_P(KillSweep, EveryAllowedCallOfTheTableReachesTheKernel) {
  for (const Row& row : rows(GetParam())) {
    if (row.verdict == Verdict::kKilled) continue;
    int patience = row.number == SYS_pause ? 10 : 0;
    End end = run(program(), {.number = row.number, .args = row.args}, patience);
    bool as_expected = end.returned();
    if (row.number == SYS_exit_group) as_expected = end.exited_with(0);
    if (row.number == SYS_pause) as_expected = end.by(SIGALRM);
    EXPECT_TRUE(as_expected) << row.what << ": " << end.text();
  }
}

TEST_P(KillSweep, UretprobeIsTheKernelsExceptionAndRaisesSigill) {
  End end = run(program(), {.number = kUretprobe});
  if (end.by(SIGSYS)) GTEST_SKIP() << "this kernel filters uretprobe";
  EXPECT_TRUE(end.by(SIGILL)) << end.text();
  EXPECT_TRUE(run({}, {.number = kUretprobe}).by(SIGILL));
}

TEST_P(KillSweep, UprobeIsTheKernelsExceptionAndDoesNothing) {
  End end = run(program(), {.number = kUprobe});
  if (end.by(SIGSYS)) GTEST_SKIP() << "this kernel filters uprobe";
  EXPECT_TRUE(end.by(SIGTRAP)) << "not ENXIO: " << end.text();
  EXPECT_TRUE(run({}, {.number = kUprobe}).by(SIGTRAP));
}

}  // namespace
}  // namespace audit
