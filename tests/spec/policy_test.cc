// Policy files: what they say is taken exactly, and what may be meant otherwise is refused.
#include "spec/policy.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "spec/base/result.h"

namespace spec {
namespace {

using Files = std::map<std::string, std::string, std::less<>>;

constexpr std::string_view kHead =
    R"("why": "w", "defaultAction": "SCMP_ACT_KILL_PROCESS", "architectures": ["SCMP_ARCH_X86_64"])";

std::string file(std::string_view syscalls, std::string_view more = "") {
  return "{" + std::string(kHead) + std::string(more) + ", \"syscalls\": [" +
         std::string(syscalls) + "]}";
}

std::string rule(std::string_view names, std::string_view more = "") {
  return R"({"names": [)" + std::string(names) +
         R"(], "action": "SCMP_ACT_ALLOW", "why": "w", "test": "T.N")" + std::string(more) + "}";
}

std::string with_args(std::string_view args) {
  return rule(R"("close")", R"(, "args": [)" + std::string(args) + "]");
}

std::string equal(int index, int value) {
  return R"({"index": )" + std::to_string(index) + R"(, "op": "SCMP_CMP_EQ", "value": )" +
         std::to_string(value) + "}";
}

std::string condition(std::string_view op, std::string_view value, std::string_view more = "") {
  return R"({"index": 0, "op": "SCMP_CMP_)" + std::string(op) + R"(", "value": )" +
         std::string(value) + std::string(more) + "}";
}

base::Outcome<Policy> parse(std::string_view text, const Files& files = {}) {
  return parse_policy(text, "t", [&](std::string_view name) -> base::Outcome<std::string> {
    auto found = files.find(name);
    if (found == files.end())
      return base::failure(base::Problem{.where = std::string(name), .what = "no such file"});
    return found->second;
  });
}

TEST(Policy, TakesARuleExactly) {
  auto policy = parse(file(rule(R"("openat")",
                                R"(, "since": "2.6.16", "args": [
        {"index": 2, "op": "SCMP_CMP_MASKED_EQ", "value": 18446744073706698751, "valueTwo": 0},
        {"index": 0, "op": "SCMP_CMP_LE", "value": 5}])")));
  ASSERT_TRUE(policy) << base::to_line(policy.error());
  EXPECT_EQ(policy->name, "t");
  ASSERT_EQ(policy->rules.size(), 1u);
  const Rule& only = policy->rules[0];
  EXPECT_EQ(only.syscall, "openat");
  EXPECT_EQ(only.why, "w");
  EXPECT_EQ(only.test, "T.N");
  EXPECT_EQ(only.since, "2.6.16");
  EXPECT_EQ(only.where, "t.json#/syscalls/0");
  const std::vector<Condition> expected = {
      {.index = 0, .comparison = Comparison::kLessOrEqual, .value = 5},
      {.index = 2, .comparison = Comparison::kMaskedEqual, .value = 18446744073706698751ULL}};
  EXPECT_EQ(only.conditions, expected);
}

TEST(Policy, MakesARuleOfEachName) {
  auto policy = parse(file(rule(R"("fsync", "fdatasync")")));
  ASSERT_TRUE(policy) << base::to_line(policy.error());
  ASSERT_EQ(policy->rules.size(), 2u);
  EXPECT_EQ(policy->rules[0].syscall, "fsync");
  EXPECT_EQ(policy->rules[1].syscall, "fdatasync");
}

TEST(Policy, PutsIncludedRulesFirst) {
  auto policy = parse(file(rule(R"("read")"), R"(, "include": ["a", "b"])"),
                      {{"a", file(rule(R"("write")"), R"(, "include": ["c"])")},
                       {"b", file(rule(R"("close")"))},
                       {"c", file(rule(R"("brk")"))}});
  ASSERT_TRUE(policy) << base::to_line(policy.error());
  std::vector<std::string> calls;
  for (const Rule& each : policy->rules) calls.push_back(each.syscall + " " + each.where);
  EXPECT_EQ(calls,
            (std::vector<std::string>{"brk c.json#/syscalls/0", "write a.json#/syscalls/0",
                                      "close b.json#/syscalls/0", "read t.json#/syscalls/0"}));
}

TEST(Policy, KeepsRulesForDifferentArgumentsApart) {
  auto policy = parse(file(with_args(equal(0, 2)) + "," + with_args(equal(0, 3)) + "," +
                           with_args(equal(1, 3)) + "," +
                           with_args(condition("MASKED_EQ", "240", R"(, "valueTwo": 16)"))));
  ASSERT_TRUE(policy) << base::to_line(policy.error());
  EXPECT_EQ(policy->rules.size(), 4u);
}

struct Refusal {
  const char* name;
  std::string text;
  const char* where;
  const char* what;
  Files files = {};
};

class PolicyRefuses : public testing::TestWithParam<Refusal> {};

TEST_P(PolicyRefuses, It) {
  auto policy = parse(GetParam().text, GetParam().files);
  ASSERT_FALSE(policy);
  EXPECT_EQ(policy.error().exit, base::ExitCode::kBadSpec);
  EXPECT_EQ(policy.error().step, "policy");
  EXPECT_EQ(policy.error().where, GetParam().where) << policy.error().what;
  EXPECT_NE(policy.error().what.find(GetParam().what), std::string::npos) << policy.error().what;
}

std::string head_with(std::string_view from, std::string_view to) {
  std::string text = file(rule(R"("close")"));
  return text.replace(text.find(from), from.size(), to);
}

const Refusal kHeads[] = {
    {"ATopLevelThatIsNoObject", "[]", "t.json#", "is an array"},
    {"AnUnknownKey", head_with(R"("why")", R"("wyh": 1, "why")"), "t.json#/wyh", "not a key"},
    {"AMissingReason", head_with(R"("why": "w", )", ""), "t.json#/why", "is missing"},
    {"AMissingDefault", head_with(R"("defaultAction": "SCMP_ACT_KILL_PROCESS", )", ""),
     "t.json#/defaultAction", "is missing"},
    {"ADefaultOfErrno", head_with("KILL_PROCESS", "ERRNO"), "t.json#/defaultAction",
     "is not SCMP_ACT_KILL_PROCESS"},
    {"ADefaultThatKillsOneThread", head_with("KILL_PROCESS", "KILL"), "t.json#/defaultAction",
     "is not SCMP_ACT_KILL_PROCESS"},
    {"AnUnknownArchitecture", head_with("SCMP_ARCH_X86_64", "SCMP_ARCH_Z80"),
     "t.json#/architectures", "is not"},
    {"ASecondArchitecture",
     head_with(R"("SCMP_ARCH_X86_64")", R"("SCMP_ARCH_X86_64", "SCMP_ARCH_X86")"),
     "t.json#/architectures", "is not"},
    {"NoArchitecture", head_with(R"("SCMP_ARCH_X86_64")", ""), "t.json#/architectures", "is empty"},
    {"AnArchitectureThatIsNoString", head_with(R"("SCMP_ARCH_X86_64")", "64"),
     "t.json#/architectures/0", "is an integer"},
    {"NoRules", file(""), "t.json#/syscalls", "is empty"},
    {"MissingRules", "{" + std::string(kHead) + "}", "t.json#/syscalls", "is missing"},
    {"RulesThatAreNoArray", "{" + std::string(kHead) + R"(, "syscalls": {}})", "t.json#/syscalls",
     "is an object"},
};

const Refusal kRules[] = {
    {"ARuleThatIsNoObject", file("1"), "t.json#/syscalls/0", "is an integer"},
    {"AnUnknownKeyOfARule", file(rule(R"("close")", R"(, "errnoRet": 1)")),
     "t.json#/syscalls/0/errnoRet", "not a key"},
    {"AnUnknownAction",
     file(R"({"names": ["close"], "action": "SCMP_ACT_MAYBE", "why": "w", "test": "t"})"),
     "t.json#/syscalls/0/action", "is not SCMP_ACT_ALLOW"},
    {"AnActionThatConflicts",
     file(rule(R"("close")") +
          R"(, {"names": ["close"], "action": "SCMP_ACT_KILL_PROCESS", "why": "w", "test": "t"})"),
     "t.json#/syscalls/1/action", "is not SCMP_ACT_ALLOW"},
    {"AMissingAction", file(R"({"names": ["close"], "why": "w", "test": "t"})"),
     "t.json#/syscalls/0/action", "is missing"},
    {"ARuleWithoutAReason",
     file(R"({"names": ["close"], "action": "SCMP_ACT_ALLOW", "test": "t"})"),
     "t.json#/syscalls/0/why", "is missing"},
    {"AnEmptyReason",
     file(R"({"names": ["close"], "action": "SCMP_ACT_ALLOW", "why": "", "test": "t"})"),
     "t.json#/syscalls/0/why", "is empty"},
    {"ARuleWithoutATest", file(R"({"names": ["close"], "action": "SCMP_ACT_ALLOW", "why": "w"})"),
     "t.json#/syscalls/0/test", "is missing"},
    {"AnEmptySince", file(rule(R"("close")", R"(, "since": "")")), "t.json#/syscalls/0/since",
     "is empty"},
    {"ARuleWithoutNames", file(R"({"action": "SCMP_ACT_ALLOW", "why": "w", "test": "t"})"),
     "t.json#/syscalls/0/names", "is missing"},
    {"NoNames", file(rule("")), "t.json#/syscalls/0/names", "is empty"},
    {"ANameThatIsNoString", file(rule("3")), "t.json#/syscalls/0/names/0", "is an integer"},
    {"TheSameNameTwiceInARule", file(rule(R"("close", "close")")), "t.json#/syscalls/0",
     "allows no more"},
    {"TheSameRuleTwice", file(rule(R"("close")") + "," + rule(R"("close")")), "t.json#/syscalls/1",
     "allows no more"},
    {"TheSameConditionsInAnotherOrder",
     file(with_args(equal(0, 1) + "," + equal(1, 2)) + "," +
          with_args(equal(1, 2) + "," + equal(0, 1))),
     "t.json#/syscalls/1", "allows no more"},
    {"ARuleThatSwallowsAnother", file(with_args(equal(0, 1)) + "," + rule(R"("close")")),
     "t.json#/syscalls/1", "meaningless by allowing more"},
    {"ARuleThatIsSwallowed", file(rule(R"("close")") + "," + with_args(equal(0, 1))),
     "t.json#/syscalls/1", "allows no more"},
    {"ARuleThatAConditionLessSwallows",
     file(with_args(equal(0, 1)) + "," + with_args(equal(0, 1) + "," + equal(1, 2))),
     "t.json#/syscalls/1", "allows no more"},
    {"ANumberInsideAnothersRange",
     file(with_args(condition("LE", "3")) + "," + with_args(equal(0, 2))), "t.json#/syscalls/1",
     "allows no more"},
    {"ARangeInsideAnother",
     file(with_args(condition("LT", "3")) + "," + with_args(condition("LE", "3"))),
     "t.json#/syscalls/1", "meaningless by allowing more"},
    {"AnUpperRangeInsideAnother",
     file(with_args(condition("GE", "3")) + "," + with_args(condition("GT", "3"))),
     "t.json#/syscalls/1", "allows no more"},
    {"FlagsAmongMoreFlags",
     file(with_args(condition("MASKED_EQ", "18446744073709551612", R"(, "valueTwo": 0)")) + "," +
          with_args(condition("MASKED_EQ", "18446744073709551614", R"(, "valueTwo": 0)"))),
     "t.json#/syscalls/1", "allows no more"},
};

const Refusal kConditions[] = {
    {"ArgsThatAreNoArray", file(rule(R"("close")", R"(, "args": {})")), "t.json#/syscalls/0/args",
     "is an object"},
    {"EmptyArgs", file(with_args("")), "t.json#/syscalls/0/args", "is empty"},
    {"NullArgs", file(rule(R"("close")", R"(, "args": null)")), "t.json#/syscalls/0/args",
     "is null"},
    {"AConditionThatIsNoObject", file(with_args("1")), "t.json#/syscalls/0/args/0",
     "is an integer"},
    {"AnUnknownKeyOfACondition", file(with_args(condition("EQ", "1", R"(, "value2": 1)"))),
     "t.json#/syscalls/0/args/0/value2", "not a key"},
    {"ASeventhArgument", file(with_args(equal(6, 1))), "t.json#/syscalls/0/args/0/index", "is 6"},
    {"AnIndexBeyond32Bits",
     file(with_args(R"({"index": 4294967296, "op": "SCMP_CMP_EQ", "value": 1})")),
     "t.json#/syscalls/0/args/0/index", "is 4294967296"},
    {"MoreThanSixConditions",
     file(with_args(equal(0, 1) + "," + equal(1, 1) + "," + equal(2, 1) + "," + equal(3, 1) + "," +
                    equal(4, 1) + "," + equal(5, 1) + "," + equal(0, 2))),
     "t.json#/syscalls/0/args/6", "second condition on argument 0"},
    {"TwoConditionsOnOneArgument", file(with_args(equal(1, 1) + "," + equal(1, 2))),
     "t.json#/syscalls/0/args/1", "second condition on argument 1"},
    {"AMissingIndex", file(with_args(R"({"op": "SCMP_CMP_EQ", "value": 1})")),
     "t.json#/syscalls/0/args/0/index", "is missing"},
    {"AMissingOperator", file(with_args(R"({"index": 0, "value": 1})")),
     "t.json#/syscalls/0/args/0/op", "is missing"},
    {"AnUnknownOperator", file(with_args(condition("ALMOST", "1"))), "t.json#/syscalls/0/args/0/op",
     "SCMP_CMP_ALMOST"},
    {"AMissingValue", file(with_args(R"({"index": 0, "op": "SCMP_CMP_EQ"})")),
     "t.json#/syscalls/0/args/0/value", "is missing"},
    {"ANegativeValue", file(with_args(condition("EQ", "-1"))), "t.json#/syscalls/0/args/0/value",
     "no integer"},
    {"AFloat", file(with_args(condition("EQ", "1.0"))), "t.json#/syscalls/0/args/0/value",
     "no integer"},
    {"AValueBeyond64Bits", file(with_args(condition("EQ", "18446744073709551616"))),
     "t.json#/syscalls/0/args/0/value", "no integer"},
    {"ANumberInAString", file(with_args(condition("EQ", R"("1")"))),
     "t.json#/syscalls/0/args/0/value", "no integer"},
    {"AMaskWithoutAWantedValue", file(with_args(condition("MASKED_EQ", "1"))),
     "t.json#/syscalls/0/args/0/valueTwo", "is missing"},
    {"AWantedValueWithoutAMask", file(with_args(condition("EQ", "1", R"(, "valueTwo": 0)"))),
     "t.json#/syscalls/0/args/0/valueTwo", "only with SCMP_CMP_MASKED_EQ"},
    {"WantedBitsOutsideTheMask", file(with_args(condition("MASKED_EQ", "1", R"(, "valueTwo": 2)"))),
     "t.json#/syscalls/0/args/0", "outside the mask"},
    {"AnEmptyMask", file(with_args(condition("MASKED_EQ", "0", R"(, "valueTwo": 0)"))),
     "t.json#/syscalls/0/args/0", "empty mask"},
    {"LessThanZero", file(with_args(condition("LT", "0"))), "t.json#/syscalls/0/args/0",
     "never true"},
    {"MoreThanTheMaximum", file(with_args(condition("GT", "18446744073709551615"))),
     "t.json#/syscalls/0/args/0", "never true"},
    {"AtMostTheMaximum", file(with_args(condition("LE", "18446744073709551615"))),
     "t.json#/syscalls/0/args/0", "always true"},
    {"AtLeastZero", file(with_args(condition("GE", "0"))), "t.json#/syscalls/0/args/0",
     "always true"},
};

const Files kFragment = {{"a", file(rule(R"("close")"))}};

const Refusal kIncludes[] = {
    {"AnIncludeThatIsNoArray", file(rule(R"("read")"), R"(, "include": "a")"), "t.json#/include",
     "is a string"},
    {"AnEmptyInclude", file(rule(R"("read")"), R"(, "include": [])"), "t.json#/include",
     "is empty"},
    {"AnIncludeThatIsNoString", file(rule(R"("read")"), R"(, "include": [1])"), "t.json#/include/0",
     "is an integer"},
    {"AnIncludeByPath", file(rule(R"("read")"), R"(, "include": ["../a"])"), "t.json#/include/0",
     "no name of a policy file"},
    {"AFileIncludedTwice", file(rule(R"("read")"), R"(, "include": ["a", "a"])"),
     "t.json#/include/1", "included already", kFragment},
    {"AFileThatIncludesItself", file(rule(R"("read")"), R"(, "include": ["t"])"),
     "t.json#/include/0", "included already"},
    {"ACycle",
     file(rule(R"("read")"), R"(, "include": ["b"])"),
     "c.json#/include/0",
     "included already",
     {{"b", file(rule(R"("brk")"), R"(, "include": ["c"])")},
      {"c", file(rule(R"("close")"), R"(, "include": ["b"])")}}},
    {"AFileIncludedByTwoWays",
     file(rule(R"("read")"), R"(, "include": ["a", "b"])"),
     "b.json#/include/0",
     "included already",
     {{"a", file(rule(R"("close")"))}, {"b", file(rule(R"("brk")"), R"(, "include": ["a"])")}}},
    {"AFaultInAnIncludedFile",
     file(rule(R"("read")"), R"(, "include": ["a"])"),
     "a.json#/syscalls/0/args/0/index",
     "is 6",
     {{"a", file(with_args(equal(6, 1)))}}},
    {"AnIncludedFileThatKillsOneThread",
     file(rule(R"("read")"), R"(, "include": ["a"])"),
     "a.json#/defaultAction",
     "is not SCMP_ACT_KILL_PROCESS",
     {{"a", head_with("KILL_PROCESS", "KILL_THREAD")}}},
    {"ARuleOfItsOwnThatAnIncludeHas", file(rule(R"("close")"), R"(, "include": ["a"])"),
     "t.json#/syscalls/0", "allows no more of close than a.json#/syscalls/0", kFragment},
    {"ARuleOfItsOwnThatWidensAnInclude",
     file(with_args(condition("LE", "3")), R"(, "include": ["a"])"),
     "t.json#/syscalls/0",
     "a.json#/syscalls/0 meaningless",
     {{"a", file(with_args(equal(0, 2)))}}},
};

auto refusal_name = [](const auto& info_of) { return std::string(info_of.param.name); };
INSTANTIATE_TEST_SUITE_P(OfTheFile, PolicyRefuses, testing::ValuesIn(kHeads), refusal_name);
INSTANTIATE_TEST_SUITE_P(OfARule, PolicyRefuses, testing::ValuesIn(kRules), refusal_name);
INSTANTIATE_TEST_SUITE_P(OfACondition, PolicyRefuses, testing::ValuesIn(kConditions), refusal_name);
INSTANTIATE_TEST_SUITE_P(OfAnInclude, PolicyRefuses, testing::ValuesIn(kIncludes), refusal_name);

TEST(Policy, IsRefusedIfItIsNotJson) {
  auto policy = parse("{");
  ASSERT_FALSE(policy);
  EXPECT_EQ(policy.error().exit, base::ExitCode::kBadSpec);
  EXPECT_EQ(policy.error().step, "policy");
  EXPECT_EQ(policy.error().where.find("t.json"), 0u) << policy.error().where;
}

TEST(Policy, IsRefusedIfAKeyIsThereTwice) {
  EXPECT_FALSE(parse(head_with(R"("why")", R"("why": "w", "why")")));
}

TEST(Policy, PassesOnWhyAnIncludedFileCannotBeRead) {
  auto policy = parse(file(rule(R"("read")"), R"(, "include": ["gone"])"));
  ASSERT_FALSE(policy);
  EXPECT_EQ(policy.error().what, "no such file");
}

TEST(PolicyCondition, HoldsForExactlyItsNumbers) {
  struct Case {
    Comparison comparison;
    bool below, at, above;
  };
  for (auto [comparison, below, at, above] :
       {Case{Comparison::kNotEqual, true, false, true}, Case{Comparison::kLess, true, false, false},
        Case{Comparison::kLessOrEqual, true, true, false},
        Case{Comparison::kEqual, false, true, false},
        Case{Comparison::kGreaterOrEqual, false, true, true},
        Case{Comparison::kGreater, false, false, true}}) {
    Condition condition{.comparison = comparison, .value = 1ULL << 40};
    EXPECT_EQ(holds(condition, (1ULL << 40) - 1), below);
    EXPECT_EQ(holds(condition, 1ULL << 40), at);
    EXPECT_EQ(holds(condition, (1ULL << 40) + 1), above);
  }
  Condition masked{.comparison = Comparison::kMaskedEqual, .value = 0xf0, .wanted = 0x10};
  EXPECT_TRUE(holds(masked, 0x1f));
  EXPECT_FALSE(holds(masked, 0x2f));
}

TEST(PolicyCondition, IsNeverSaidToCoverWhatItDoesNot) {
  const Comparison kAll[] = {Comparison::kNotEqual,       Comparison::kLess,
                             Comparison::kLessOrEqual,    Comparison::kEqual,
                             Comparison::kGreaterOrEqual, Comparison::kGreater,
                             Comparison::kMaskedEqual};
  std::vector<Rule> rules;
  for (Comparison comparison : kAll)
    for (uint64_t value = 1; value < 8; ++value)
      for (uint64_t wanted = 0; wanted <= (comparison == Comparison::kMaskedEqual ? value : 0);
           ++wanted)
        if ((wanted & ~value) == 0)
          rules.push_back({.conditions = {{0, comparison, value, wanted}}});
  for (const Rule& wide : rules)
    for (const Rule& narrow : rules)
      for (uint64_t number = 0; covers(wide, narrow) && number < 16; ++number)
        EXPECT_TRUE(holds(wide.conditions[0], number) || !holds(narrow.conditions[0], number));
}

}  // namespace
}  // namespace spec
