// Feeds any bytes to the reader of policies, and asks the program that comes of one about calls
// that just satisfy its rules and calls that just do not.
#include <linux/audit.h>
#include <linux/seccomp.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "sandbox/policy_compiler.h"
#include "spec/policy.h"
#include "tests/audit/bpf_emulator.h"

namespace {

using Arguments = std::array<uint64_t, spec::kSyscallArguments>;

void require(bool holds, const char* promise) {
  if (holds) return;
  std::fprintf(stderr, "broken promise: %s\n", promise);
  std::abort();
}

void check_problem(const base::Problem& problem) {
  require(problem.exit == base::ExitCode::kBadSpec, "a refusal is one of the policy");
  require(!problem.where.empty() && !problem.what.empty(), "a refusal says where and what");
}

constexpr std::string_view kIncluded = R"({
  "why": "included", "defaultAction": "SCMP_ACT_KILL_PROCESS",
  "architectures": ["SCMP_ARCH_X86_64"],
  "syscalls": [ { "names": ["getpid"], "action": "SCMP_ACT_ALLOW", "why": "w", "test": "A.B" } ]
})";

base::Outcome<std::string> include(std::string_view name) {
  if (name == "there") return std::string(kIncluded);
  return base::failure(base::Problem{
      .exit = base::ExitCode::kBadSpec, .where = std::string(name), .what = "cannot be read"});
}

std::optional<int> number_of(std::string_view syscall) {
  for (int number = 0; number < 512; ++number)
    if (sandbox::syscall_name(number) == syscall) return number;
  return std::nullopt;
}

bool allows(const spec::Rule& rule, const Arguments& arguments) {
  return std::ranges::all_of(rule.conditions, [&](const spec::Condition& condition) {
    return holds(condition, arguments[condition.index]);
  });
}

void ask(const spec::Policy& policy, const sandbox::Program& program, std::string_view syscall,
         int number, const Arguments& arguments) {
  seccomp_data call{number, AUDIT_ARCH_X86_64, 0, {}};
  std::ranges::copy(arguments, call.args);
  bool allowed = std::ranges::any_of(policy.rules, [&](const spec::Rule& rule) {
    return rule.syscall == syscall && allows(rule, arguments);
  });
  require(audit::verdict(program.instructions, call) ==
              (allowed ? SECCOMP_RET_ALLOW : SECCOMP_RET_KILL_PROCESS),
          "the program says what the rules say");
}

// Values around which a condition changes its mind.
std::array<uint64_t, 6> edges(const spec::Condition& condition) {
  return {condition.value,  condition.value - 1, condition.value + 1,
          condition.wanted, ~condition.value,    condition.wanted ^ (condition.value & 1)};
}

void ask_at_edges(const spec::Policy& policy, const sandbox::Program& program) {
  for (const spec::Rule& rule : policy.rules) {
    auto number = number_of(rule.syscall);
    require(number.has_value(), "what was compiled has a number");
    Arguments arguments{};
    for (const spec::Condition& condition : rule.conditions)
      arguments[condition.index] = condition.comparison == spec::Comparison::kMaskedEqual
                                       ? condition.wanted
                                       : condition.value;
    ask(policy, program, rule.syscall, *number, arguments);
    for (const spec::Condition& condition : rule.conditions)
      for (uint64_t value : edges(condition)) {
        Arguments changed = arguments;
        changed[condition.index] = value;
        ask(policy, program, rule.syscall, *number, changed);
      }
  }
}

void check_rules(const spec::Policy& policy) {
  for (const spec::Rule& rule : policy.rules) {
    require(!rule.why.empty() && !rule.test.empty(), "every rule has its reason and its test");
    require(covers(rule, rule), "a rule covers itself");
    for (const spec::Rule& other : policy.rules)
      require(&rule == &other || !covers(rule, other), "no rule allows what another one does");
  }
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto policy = spec::parse_policy(text, "fuzz", include);
  if (!policy) {
    check_problem(policy.error());
    return 0;
  }
  check_rules(*policy);
  auto program = sandbox::compile(*policy);
  if (program)
    ask_at_edges(*policy, *program);
  else
    check_problem(program.error());
  return 0;
}
