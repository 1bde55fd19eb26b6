// What each role may and may not call, asked of its compiled filter.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/audit.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "policies/programs.h"
#include "policies/syscall_names.h"
#include "tests/audit/bpf_emulator.h"
#include "tests/audit/policy_files.h"
#include "tests/audit/verdicts.h"

namespace audit {
namespace {

using spec::Role;

constexpr uint32_t kX32Bit = 0x40000000;

// The number of a rule's call, or one that no call has.
uint32_t number_of(const spec::Rule& rule) {
  for (uint32_t number = 0; number < 512; ++number)
    if (policies::syscall_name(number) == rule.syscall) return number;
  return ~0u;
}

class PolicyVerdict : public testing::TestWithParam<Policed> {
 protected:
  void SetUp() override {
    auto policy = GetParam().policy();
    ASSERT_TRUE(policy) << base::to_line(policy.error());
    policy_ = *std::move(policy);
  }

  bool allows(uint32_t number, const std::array<uint64_t, 6>& args,
              uint32_t arch = AUDIT_ARCH_X86_64) const {
    seccomp_data call{static_cast<int>(number), arch, 0x1234, {}};
    std::ranges::copy(args, call.args);
    auto answer = verdict(GetParam().program(), call);
    EXPECT_TRUE(answer == SECCOMP_RET_ALLOW || answer == SECCOMP_RET_KILL_PROCESS)
        << number << " is neither allowed nor does it kill the process";
    return answer == SECCOMP_RET_ALLOW;
  }

  std::set<uint32_t> listed() const {
    std::set<uint32_t> numbers;
    for (const spec::Rule& rule : policy_.rules) numbers.insert(number_of(rule));
    return numbers;
  }

  spec::Policy policy_;
};

INSTANTIATE_TEST_SUITE_P(Of, PolicyVerdict, testing::ValuesIn(all_policed()), PolicedName());

bool satisfies(const Row& row, const spec::Condition& condition) {
  return holds(condition, row.args[condition.index]);
}

TEST_P(PolicyVerdict, IsWhatTheTableSays) {
  for (const Row& row : rows(GetParam()))
    EXPECT_EQ(allows(static_cast<uint32_t>(row.number), row.args), row.verdict == Verdict::kAllowed)
        << row.what;
}

TEST_P(PolicyVerdict, EveryRuleHasAnAllowedCallInTheTable) {
  auto table = rows(GetParam());
  for (const spec::Rule& rule : policy_.rules)
    EXPECT_TRUE(std::ranges::any_of(table,
                                    [&](const Row& row) {
                                      return row.verdict == Verdict::kAllowed &&
                                             row.number == static_cast<long>(number_of(rule)) &&
                                             std::ranges::all_of(rule.conditions, [&](auto& c) {
                                               return satisfies(row, c);
                                             });
                                    }))
        << rule.syscall << " at " << rule.where;
}

TEST_P(PolicyVerdict, EveryConditionHasANearMissInTheTable) {
  auto table = rows(GetParam());
  for (const spec::Rule& rule : policy_.rules)
    for (const spec::Condition& missed : rule.conditions)
      EXPECT_TRUE(std::ranges::any_of(table,
                                      [&](const Row& row) {
                                        return row.verdict == Verdict::kKilled &&
                                               row.number == static_cast<long>(number_of(rule)) &&
                                               std::ranges::all_of(rule.conditions, [&](auto& c) {
                                                 return satisfies(row, c) ==
                                                        (c.index != missed.index);
                                               });
                                      }))
          << rule.syscall << " argument " << missed.index << " at " << rule.where;
}

TEST_P(PolicyVerdict, EveryAllowedCallInTheTableHasARule) {
  auto numbers = listed();
  for (const Row& row : rows(GetParam())) {
    if (row.verdict == Verdict::kKilled) continue;
    EXPECT_TRUE(numbers.contains(static_cast<uint32_t>(row.number))) << row.what;
  }
}

TEST_P(PolicyVerdict, EveryNumberWithoutARuleKills) {
  std::vector<uint32_t> numbers;
  for (uint32_t n = 0; n < 4096; ++n) numbers.push_back(n);
  for (uint32_t edge : {0x10000u, 0x1000000u, kX32Bit, 0x7fffffffu, 0x80000000u, 0xc0000000u})
    for (uint32_t n = edge - 600; n != edge + 600; ++n) numbers.push_back(n);
  for (uint32_t n = 0; n < 600; ++n) numbers.push_back(~n);
  auto with_rule = listed();
  for (uint32_t n : numbers) {
    if (with_rule.contains(n)) continue;
    for (uint64_t fill : {0ULL, 1ULL, 3ULL, ~0ULL})
      EXPECT_FALSE(allows(n, {fill, fill, fill, fill, fill, fill})) << n;
  }
}

TEST_P(PolicyVerdict, EveryForeignAbiKills) {
  for (const Row& row : rows(GetParam()))
    for (uint32_t arch :
         std::array<uint32_t, 4>{AUDIT_ARCH_I386, AUDIT_ARCH_AARCH64, AUDIT_ARCH_ARM, 0})
      EXPECT_FALSE(allows(static_cast<uint32_t>(row.number), row.args, arch)) << row.what;
  for (uint32_t n = 0; n < 1024; ++n) {
    EXPECT_FALSE(allows(n, {}, AUDIT_ARCH_I386)) << n;
    EXPECT_FALSE(allows(n, {}, AUDIT_ARCH_AARCH64)) << n;
    EXPECT_FALSE(allows(n | kX32Bit, {})) << n;
  }
}

// An argument at which the answer of most operators changes.
uint64_t centre_of(const spec::Condition& condition) {
  bool masked = condition.comparison == spec::Comparison::kMaskedEqual;
  return masked ? condition.wanted : condition.value;
}

// An argument that satisfies the condition, or one that just may not.
uint64_t edge_of(const spec::Condition& condition, std::mt19937_64& random) {
  uint64_t centre = centre_of(condition);
  const uint64_t edges[] = {centre, centre - 1,       centre + 1,        0,
                            ~0ULL,  ~condition.value, centre | random(), random()};
  uint64_t chosen = random() % 16;
  return chosen < std::size(edges) ? edges[chosen] : centre ^ (1ULL << random() % 64);
}

// libseccomp's program against the meaning of the rules as spec/policy.h has it.
TEST_P(PolicyVerdict, AgreesWithTheRulesAtEveryEdge) {
  std::mt19937_64 random(20250101);  // NOLINT(cert-msc51-cpp): the same calls every time
  for (const spec::Rule& rule : policy_.rules) {
    uint32_t number = number_of(rule);
    auto permits = [&](const std::array<uint64_t, 6>& args) {
      return std::ranges::any_of(policy_.rules, [&](const spec::Rule& other) {
        return other.syscall == rule.syscall && std::ranges::all_of(other.conditions, [&](auto& c) {
                 return holds(c, args[c.index]);
               });
      });
    };
    for (int i = 0; i < 2000; ++i) {
      std::array<uint64_t, 6> args{};
      for (uint64_t& arg : args) arg = random();
      for (const spec::Condition& condition : rule.conditions)
        args[condition.index] =
            random() % 2 == 0 ? centre_of(condition) : edge_of(condition, random);
      ASSERT_EQ(allows(number, args), permits(args)) << rule.syscall << " at " << rule.where;
    }
  }
}

// Each of the 64 bits of the flags by itself, so that no flag slips in with a number in the file.
void expect_open_flags(Role role, uint64_t permitted) {
  for (unsigned bit = 0; bit < 64; ++bit) {
    uint64_t flag = 1ULL << bit;
    seccomp_data call{SYS_openat, AUDIT_ARCH_X86_64, 0, {4, 0, flag, 0, 0, 0}};
    EXPECT_EQ(verdict(policies::program(role), call) == SECCOMP_RET_ALLOW, (permitted & flag) != 0)
        << spec::name_of(role) << " O_ flag 0x" << std::hex << flag;
  }
}

constexpr uint64_t kReadFlags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

TEST(OpenFlags, OfAReadOnlyWorkerCannotWriteCreateOrCut) {
  expect_open_flags(Role::kReadOnly, kReadFlags);
}

TEST(OpenFlags, OfAReadWriteWorkerAreListedOneByOne) {
  expect_open_flags(Role::kReadWrite, kReadFlags | O_ACCMODE | O_CREAT | O_EXCL | O_TRUNC |
                                          O_APPEND | O_DSYNC | O_SYNC);
}

TEST(MemoryRights, NeverIncludeExecution) {
  for (Role role : {Role::kReadOnly, Role::kReadWrite})
    for (unsigned bit = 0; bit < 64; ++bit) {
      uint64_t right = 1ULL << bit;
      seccomp_data call{
          SYS_mmap, AUDIT_ARCH_X86_64, 0, {0, 4096, right, MAP_PRIVATE | MAP_ANONYMOUS, 0, 0}};
      EXPECT_EQ(verdict(policies::program(role), call) == SECCOMP_RET_ALLOW,
                right == PROT_READ || right == PROT_WRITE)
          << "bit " << bit;
    }
}

TEST(RoleSizes, AreSmall) {
  EXPECT_LE(policies::rule_count(Role::kReadOnly), 27u);
  EXPECT_LE(policies::rule_count(Role::kReadWrite), 41u);
  for (Role role : {Role::kReadOnly, Role::kReadWrite}) {
    bool writes = role == Role::kReadWrite;
    auto more = [role](spec::Extra extra) {
      return policies::rule_count(role, spec::Extras().with(extra)) - policies::rule_count(role);
    };
    EXPECT_EQ(more(spec::Extra::kDonate), 1u);
    EXPECT_EQ(more(spec::Extra::kXattr), writes ? 4u : 2u);
    EXPECT_EQ(more(spec::Extra::kLocks), 2u);
    EXPECT_EQ(more(spec::Extra::kMknod), writes ? 2u : 0u);
    EXPECT_EQ(more(spec::Extra::kUds), 1u + 4u);
    EXPECT_EQ(more(spec::Extra::kFifo), 1u + (writes ? 3u : 1u));
    EXPECT_EQ(more(spec::Extra::kChannels), 1u + (writes ? 4u : 5u));
  }
  EXPECT_LE(policies::rule_count(Role::kSupervisor), 20u);
  EXPECT_EQ(policies::rule_count(Role::kInit), 1u);
}

}  // namespace
}  // namespace audit
