// The programs of all sets of extras, which are too many to be looked at one by one: each is the
// sum of programs that are.
#include <gtest/gtest.h>
#include <linux/audit.h>

#include <algorithm>
#include <iostream>
#include <vector>

#include "policies/programs.h"
#include "tests/audit/bpf_emulator.h"
#include "tests/audit/policy_files.h"
#include "tests/audit/verdicts.h"

namespace audit {
namespace {

using spec::Role;

constexpr uint32_t kX32Bit = 0x40000000;

// The programs of the role alone and of it with each of the extras.
std::vector<std::span<const sock_filter>> parts_of(const Policed& policed) {
  std::vector<std::span<const sock_filter>> parts{policies::program(policed.role)};
  for (spec::Extra extra : spec::kExtras)
    if (policed.extras.has(extra))
      parts.push_back(policies::program(policed.role, spec::Extras().with(extra)));
  return parts;
}

// Every set of extras that a worker can have: its program says of every call in every table, and of
// every number, what the roles' and the extras' own programs say together.
class EveryProgram : public testing::TestWithParam<Role> {};

INSTANTIATE_TEST_SUITE_P(Of, EveryProgram, testing::Values(Role::kReadOnly, Role::kReadWrite));

TEST_P(EveryProgram, AllowsWhatItsPartsAllowAndNothingElse) {
  std::size_t calls = 0;
  for (const Policed& policed : all_compiled()) {
    if (policed.role != GetParam()) continue;
    auto parts = parts_of(policed);
    auto expect_sum = [&](const seccomp_data& call, const char* what) {
      bool allowed = std::ranges::any_of(
          parts, [&](auto part) { return verdict(part, call) == SECCOMP_RET_ALLOW; });
      EXPECT_EQ(verdict(policed.program(), call),
                allowed ? SECCOMP_RET_ALLOW : SECCOMP_RET_KILL_PROCESS)
          << policed.name() << ": " << what << ", call " << call.nr;
      ++calls;
    };
    for (const Row& row : rows(policed)) {
      seccomp_data call{static_cast<int>(row.number), AUDIT_ARCH_X86_64, 0x1234, {}};
      std::ranges::copy(row.args, call.args);
      expect_sum(call, row.what);
      EXPECT_EQ(verdict(policed.program(), call) == SECCOMP_RET_ALLOW,
                row.verdict == Verdict::kAllowed)
          << policed.name() << ": " << row.what;
    }
    for (int number = 0; number < 512; ++number)
      expect_sum({number, AUDIT_ARCH_X86_64, 0x1234, {}}, "a call of nothing");
  }
  std::cout << name_of(GetParam()) << ": " << calls << " calls of all sets of extras\n";
}

TEST_P(EveryProgram, KillsForeignAbis) {
  for (const Policed& policed : all_compiled())
    for (uint32_t number = 0; number < 512; ++number) {
      auto answer = [&](uint32_t nr, uint32_t arch) {
        return verdict(policed.program(), {static_cast<int>(nr), arch, 0x1234, {}});
      };
      EXPECT_EQ(answer(number, AUDIT_ARCH_I386), SECCOMP_RET_KILL_PROCESS) << policed.name();
      EXPECT_EQ(answer(number | kX32Bit, AUDIT_ARCH_X86_64), SECCOMP_RET_KILL_PROCESS)
          << policed.name();
    }
}

}  // namespace
}  // namespace audit
