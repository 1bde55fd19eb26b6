// The mutation audit: a policy that was loosened in one place, by a condition less or by one bit of
// an argument more, is found by the table of shapes. Rules that are missing, and rules that nobody
// needs, are found by RuleUse.
#include <gtest/gtest.h>
#include <linux/audit.h>

#include <algorithm>
#include <iostream>
#include <iterator>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "policies/syscall_names.h"
#include "tests/audit/bpf_emulator.h"
#include "tests/audit/policy_files.h"
#include "tests/audit/shapes.h"

namespace audit {
namespace {

using spec::Comparison;
using spec::Condition;
using spec::Policy;
using spec::Rule;

class Mutation : public testing::TestWithParam<Policed> {
 protected:
  void SetUp() override {
    auto policy = GetParam().policy();
    ASSERT_TRUE(policy) << base::to_line(policy.error());
    policy_ = *std::move(policy);
    shapes_ = shapes(GetParam());
    variations_ = variations(shapes_);
  }

  bool allows(const Variation& call) const {
    seccomp_data data{static_cast<int>(call.shape->number), AUDIT_ARCH_X86_64, 0, {}};
    std::ranges::copy(call.arguments, data.args);
    return verdict(GetParam().program(), data) == SECCOMP_RET_ALLOW;
  }

  Policy policy_;
  std::vector<Shape> shapes_;
  std::vector<Variation> variations_;
};

INSTANTIATE_TEST_SUITE_P(Of, Mutation, testing::ValuesIn(all_policed()), PolicedName());

std::string text(const Variation& call) {
  std::string text = call.shape->what;
  text += " (" + std::string(policies::syscall_name(static_cast<uint64_t>(call.shape->number)));
  for (uint64_t argument : call.arguments) text += ", " + std::to_string(argument);
  return text + ")";
}

TEST_P(Mutation, ThePolicyAllowsWhatTheShapesPermitBitByBit) {
  for (const Variation& call : variations_)
    EXPECT_EQ(allows(call), permitted(shapes_, call.shape->number, call.arguments)) << text(call);
}

TEST_P(Mutation, EveryRuleHasItsShape) {
  for (const Rule& rule : policy_.rules)
    EXPECT_TRUE(std::ranges::any_of(
        shapes_,
        [&](const Shape& shape) {
          auto number = static_cast<uint64_t>(shape.number);
          return policies::syscall_name(number) == rule.syscall &&
                 std::ranges::all_of(rule.conditions, [&](const Condition& condition) {
                   return holds(condition, shape.example[condition.index]);
                 });
        }))
        << rule.syscall << " at " << rule.where;
}

// A rule that was loosened in one place.
struct Mutant {
  Rule rule;
  std::optional<Rule> more;  // all that it allows more, if that can be said in one rule
  std::string what;
};

Condition bits(unsigned index, uint64_t mask, uint64_t wanted) {
  if (mask == std::numeric_limits<uint64_t>::max())
    return {.index = index, .comparison = Comparison::kEqual, .value = wanted};
  return {.index = index,
          .comparison = Comparison::kMaskedEqual,
          .value = mask,
          .wanted = wanted & mask};
}

// Each bit that the condition looks at is left out once.
void add_bit_mutants(const Rule& rule, std::size_t at, std::vector<Mutant>& all) {
  const Condition& condition = rule.conditions[at];
  bool is_masked = condition.comparison == Comparison::kMaskedEqual;
  uint64_t mask = is_masked ? condition.value : std::numeric_limits<uint64_t>::max();
  uint64_t wanted = is_masked ? condition.wanted : condition.value;
  for (unsigned bit = 0; bit < 64; ++bit) {
    uint64_t one = uint64_t{1} << bit;
    if ((mask & one) == 0) continue;
    Mutant mutant{
        .rule = rule,
        .more = rule,
        .what = "bit " + std::to_string(bit) + " of argument " + std::to_string(condition.index)};
    mutant.rule.conditions[at] = bits(condition.index, mask & ~one, wanted);
    mutant.more->conditions[at] = bits(condition.index, mask, wanted ^ one);
    all.push_back(std::move(mutant));
  }
}

// Other comparisons hold for one number more.
void add_edge_mutant(const Rule& rule, std::size_t at, std::vector<Mutant>& all) {
  Mutant mutant{.rule = rule, .more = {}, .what = "the edge of argument "};
  Condition& condition = mutant.rule.conditions[at];
  mutant.what += std::to_string(condition.index);
  bool from_above =
      condition.comparison == Comparison::kLess || condition.comparison == Comparison::kLessOrEqual;
  condition.value += from_above ? 1 : std::numeric_limits<uint64_t>::max();
  all.push_back(std::move(mutant));
}

std::vector<Mutant> mutants_of(const Rule& rule) {
  std::vector<Mutant> all;
  for (std::size_t at = 0; at < rule.conditions.size(); ++at) {
    const Condition& condition = rule.conditions[at];
    Mutant dropped{.rule = rule, .more = {}, .what = "all of argument "};
    dropped.what += std::to_string(condition.index);
    dropped.rule.conditions.erase(dropped.rule.conditions.begin() +
                                  static_cast<std::ptrdiff_t>(at));
    all.push_back(std::move(dropped));
    if (condition.comparison == Comparison::kEqual ||
        condition.comparison == Comparison::kMaskedEqual)
      add_bit_mutants(rule, at, all);
    else
      add_edge_mutant(rule, at, all);
  }
  return all;
}

// Two rules that differ in one bit: what one allows more, loosened, the other allows anyway.
bool is_no_change(const Policy& policy, const Mutant& mutant) {
  return mutant.more && std::ranges::any_of(policy.rules, [&](const Rule& rule) {
           return spec::covers(rule, *mutant.more);
         });
}

bool covers(const Rule& rule, const Variation& call) {
  return policies::syscall_name(static_cast<uint64_t>(call.shape->number)) == rule.syscall &&
         std::ranges::all_of(rule.conditions, [&](const Condition& condition) {
           return holds(condition, call.arguments[condition.index]);
         });
}

TEST_P(Mutation, EveryLoosenedRuleIsNoticed) {
  std::size_t made = 0;
  std::size_t noticed = 0;
  std::vector<Variation> forbidden;
  std::ranges::copy_if(variations_, std::back_inserter(forbidden), [&](const Variation& call) {
    return !permitted(shapes_, call.shape->number, call.arguments);
  });
  for (const Rule& rule : policy_.rules)
    for (const Mutant& mutant : mutants_of(rule)) {
      if (is_no_change(policy_, mutant)) continue;
      ++made;
      bool found = std::ranges::any_of(
          forbidden, [&](const Variation& call) { return covers(mutant.rule, call); });
      if (found) ++noticed;
      EXPECT_TRUE(found) << rule.syscall << " at " << rule.where << ": " << mutant.what;
    }
  std::cout << "mutation: " << GetParam().name() << ": " << noticed << " of " << made
            << " loosened rules noticed\n";  // ./dev test adds them up
}

}  // namespace
}  // namespace audit
