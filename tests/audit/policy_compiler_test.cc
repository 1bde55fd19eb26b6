// The compiler: every operator means what spec/policy.h says, and what it cannot keep is refused.
#include "sandbox/policy_compiler.h"

#include <gtest/gtest.h>
#include <linux/audit.h>
#include <sys/syscall.h>

#include <string>
#include <vector>

#include "policies/syscall_names.h"
#include "tests/audit/bpf_emulator.h"

namespace audit {
namespace {

using spec::Comparison;
using spec::Condition;

spec::Policy policy_of(std::vector<spec::Rule> rules) {
  return {.name = "t", .rules = rules};
}

std::optional<uint32_t> ask(const sandbox::Program& program, uint64_t argument) {
  return verdict(program.instructions, {SYS_close, AUDIT_ARCH_X86_64, 0, {argument}});
}

TEST(PolicyCompiler, KeepsTheMeaningOfEveryOperator) {
  constexpr uint64_t kWide = (7ULL << 32) | 5;
  constexpr uint64_t kTop = 1ULL << 63;
  constexpr uint64_t kValues[] = {5, kWide, kTop};
  constexpr uint64_t kArguments[] = {0,    4,    5, 6, kWide - 1, kWide, kWide + 1, kWide & ~5ULL,
                                     kTop, ~0ULL};
  for (uint64_t value : kValues)
    for (auto comparison :
         {Comparison::kNotEqual, Comparison::kLess, Comparison::kLessOrEqual, Comparison::kEqual,
          Comparison::kGreaterOrEqual, Comparison::kGreater, Comparison::kMaskedEqual}) {
      Condition condition{.comparison = comparison, .value = value};
      if (comparison == Comparison::kMaskedEqual) condition.wanted = value & ~1ULL;
      auto program = sandbox::compile(policy_of({{.syscall = "close", .conditions = {condition}}}));
      ASSERT_TRUE(program) << base::to_line(program.error());
      for (uint64_t argument : kArguments)
        EXPECT_EQ(ask(*program, argument) == SECCOMP_RET_ALLOW, holds(condition, argument))
            << static_cast<int>(comparison) << " " << value << " " << argument;
    }
}

TEST(PolicyCompiler, JoinsConditionsWithAnd) {
  auto program = sandbox::compile(policy_of(
      {{.syscall = "close", .conditions = {{.index = 0, .value = 1}, {.index = 5, .value = 2}}}}));
  ASSERT_TRUE(program) << base::to_line(program.error());
  auto asked = [&](uint64_t first, uint64_t last) {
    return verdict(program->instructions,
                   {SYS_close, AUDIT_ARCH_X86_64, 0, {first, 0, 0, 0, 0, last}});
  };
  EXPECT_EQ(asked(1, 2), SECCOMP_RET_ALLOW);
  EXPECT_EQ(asked(1, 1), SECCOMP_RET_KILL_PROCESS);
  EXPECT_EQ(asked(2, 2), SECCOMP_RET_KILL_PROCESS);
}

TEST(PolicyCompiler, JoinsRulesWithOr) {
  auto program =
      sandbox::compile(policy_of({{.syscall = "close", .conditions = {{.index = 0, .value = 1}}},
                                  {.syscall = "close", .conditions = {{.index = 0, .value = 3}}}}));
  ASSERT_TRUE(program) << base::to_line(program.error());
  EXPECT_EQ(ask(*program, 1), SECCOMP_RET_ALLOW);
  EXPECT_EQ(ask(*program, 2), SECCOMP_RET_KILL_PROCESS);
  EXPECT_EQ(ask(*program, 3), SECCOMP_RET_ALLOW);
}

TEST(PolicyCompiler, GivesTheSameProgramEveryTime) {
  auto policy = policy_of({{.syscall = "close"}, {.syscall = "read"}, {.syscall = "fstatfs"}});
  auto first = sandbox::compile(policy);
  auto second = sandbox::compile(policy);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->text, second->text);
  EXPECT_EQ(first->instructions.size(), second->instructions.size());
}

TEST(PolicyCompiler, RefusesWhatIsNoSystemCallOfX8664) {
  // Unknown to everybody; known for other architectures only, where libseccomp has a negative
  // number for it.
  for (const char* name : {"no_such_call", "chown32", "socketcall", "arm_fadvise64_64"}) {
    auto program = sandbox::compile(policy_of({{.syscall = name, .where = "t.json#/syscalls/0"}}));
    ASSERT_FALSE(program) << name;
    EXPECT_EQ(program.error().exit, base::ExitCode::kBadSpec);
    EXPECT_EQ(program.error().where, "t.json#/syscalls/0");
    EXPECT_NE(program.error().what.find(name), std::string::npos) << program.error().what;
  }
}

TEST(PolicyCompiler, RefusesTwoConditionsOnOneArgument) {
  auto program = sandbox::compile(policy_of(
      {{.syscall = "close", .conditions = {{.index = 0, .value = 1}, {.index = 0, .value = 2}}}}));
  ASSERT_FALSE(program);
  EXPECT_EQ(program.error().error, EINVAL);
}

TEST(SyscallNames, AreThoseOfX8664) {
  EXPECT_EQ(policies::syscall_name(SYS_read), "read");
  EXPECT_EQ(policies::syscall_name(SYS_openat2), "openat2");
  EXPECT_EQ(policies::syscall_name(SYS_fchmod), "fchmod");
  EXPECT_EQ(policies::syscall_name(400), "unknown");
  EXPECT_EQ(policies::syscall_name(511), "unknown");
  EXPECT_EQ(policies::syscall_name(~0ULL), "unknown");
}

}  // namespace
}  // namespace audit
