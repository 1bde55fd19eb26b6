// `gofer policy` as an operator meets it. That runtimes take what it prints is in tests/interop.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "policies/programs.h"
#include "spec/json.h"
#include "spec/policy.h"
#include "spec/role.h"
#include "tests/cmd/said.h"

namespace cmd {
namespace {

using spec::Json;
using Words = std::vector<std::string>;

Words words_of(spec::Role role, spec::Extras extras) {
  Words words{"policy", "show", std::string(name_of(role))};
  for (spec::Extra extra : spec::kExtras)
    if (extras.has(extra)) words.emplace_back(name_of(extra));
  return words;
}

constexpr auto kEveryExtra = spec::Extras::of_index(spec::Extras::kSets - 1);

// Every role, and every worker with all of its extras.
std::vector<Words> all_shown() {
  std::vector<Words> all;
  for (spec::Role role : spec::kRoles) {
    all.push_back(words_of(role, {}));
    if (spec::is_worker(role)) all.push_back(words_of(role, completed(role, kEveryExtra)));
  }
  return all;
}

Json shown(const Words& words) {
  Said said = run(words);
  EXPECT_EQ(said.end.status, 0) << said.err;
  auto json = spec::parse_json(said.out, "test", "output");
  EXPECT_TRUE(json) << base::to_line(json.error());
  return json ? *std::move(json) : Json();
}

const Json::Array& rules_of(const Json& policy) {
  return *policy.find("syscalls")->as<Json::Array>();
}

base::Outcome<std::string> read_policy(std::string_view name) {
  std::ifstream file("policies/" + std::string(name) + ".json");
  return std::string(std::istreambuf_iterator<char>(file), {});
}

std::size_t names_in(const Json& policy) {
  std::size_t names = 0;
  for (const Json& rule : rules_of(policy)) names += rule.find("names")->as<Json::Array>()->size();
  return names;
}

TEST(PolicyShow, HasEveryRuleOfTheRoleAndItsExtras) {
  spec::for_each_policy([](spec::Role role, spec::Extras extras) {
    if (!spec::is_of_one(role, extras)) return;
    auto policy = spec::load_policy(role, extras, read_policy);
    ASSERT_TRUE(policy);
    EXPECT_EQ(names_in(shown(words_of(role, extras))), policy->rules.size())
        << name_of(role, extras);
  });
}

// What is printed is a policy file again, that stands alone and says the same.
TEST(PolicyShow, ReadsBackAsTheSameRules) {
  for (const Words& words : all_shown()) {
    Json policy = shown(words);
    policy.as<Json::Object>()->emplace_back("why", Json(std::string("of a test")));
    auto again = spec::parse_policy(dump(policy), "shown", read_policy);
    ASSERT_TRUE(again) << base::to_line(again.error());
    spec::Extras extras;
    for (std::size_t i = 3; i < words.size(); ++i)
      extras = extras.with(*spec::extra_named(words[i]));
    auto original = spec::load_policy(*spec::role_named(words[2]), extras, read_policy);
    ASSERT_EQ(again->rules.size(), original->rules.size());
    for (std::size_t i = 0; i < again->rules.size(); ++i) {
      EXPECT_EQ(again->rules[i].syscall, original->rules[i].syscall);
      EXPECT_EQ(again->rules[i].conditions, original->rules[i].conditions);
      EXPECT_EQ(again->rules[i].why, original->rules[i].why);
      EXPECT_EQ(again->rules[i].test, original->rules[i].test);
    }
  }
}

TEST(PolicyShow, StrictlyOciHasNothingElse) {
  for (Words words : all_shown()) {
    words.emplace_back("--oci");
    Json policy = shown(words);
    for (const auto& [key, value] : *policy.as<Json::Object>())
      EXPECT_TRUE(
          (std::set<std::string>{"defaultAction", "architectures", "syscalls"}.contains(key)))
          << key;
    for (const Json& rule : rules_of(policy))
      for (const auto& [key, value] : *rule.as<Json::Object>())
        EXPECT_TRUE((std::set<std::string>{"names", "action", "args"}.contains(key))) << key;
  }
}

TEST(PolicyShow, IsLaidOutAsPeopleReadIt) {
  EXPECT_EQ(run({"policy", "show", "init"}).out,
            "{\n"
            "  \"defaultAction\": \"SCMP_ACT_KILL_PROCESS\",\n"
            "  \"architectures\": [\"SCMP_ARCH_X86_64\"],\n"
            "  \"syscalls\": [\n"
            "    {\n"
            "      \"names\": [\"pause\"],\n"
            "      \"action\": \"SCMP_ACT_ALLOW\",\n"
            "      \"why\": \"it sleeps\",\n"
            "      \"test\": \"InitUnderFilter.SleepsUntilItIsKilled\"\n"
            "    }\n"
            "  ]\n"
            "}\n");
}

TEST(PolicyList, HasALineForEveryRoleAndForEveryExtraOfAWorker) {
  Said said = run({"policy", "list"});
  EXPECT_EQ(said.end.status, 0) << said.err;
  for (spec::Role role : spec::kRoles)
    EXPECT_NE(said.out.find("\n  " + std::string(name_of(role)) + " "), said.out.npos) << said.out;
  for (spec::Extra extra : spec::kExtras)
    EXPECT_NE(said.out.find("\n  + " + std::string(name_of(extra)) + " "), said.out.npos)
        << said.out;
}

TEST(PolicyPrograms, HasALineForEveryProgramWithItsDigest) {
  Said said = run({"policy", "programs"});
  EXPECT_EQ(said.end.status, 0) << said.err;
  std::ptrdiff_t lines = 0;
  spec::for_each_policy([&](spec::Role role, spec::Extras extras) {
    ++lines;
    EXPECT_NE(said.out.find("policy " + name_of(role, extras) + ": "), said.out.npos);
    EXPECT_NE(said.out.find(policies::digest(role, extras)), said.out.npos);
  });
  EXPECT_EQ(std::ranges::count(said.out, '\n'), lines);
}

TEST(Policy, AWrongLineIsOneLineAndStatusTwo) {
  for (const Words& words : {Words{}, Words{"list", "ro"}, Words{"show"}, Words{"show", "nobody"},
                             Words{"show", "ro", "nothing"}, Words{"show", "init", "uds"},
                             Words{"show", "ro", "mknod"}, Words{"hide"}}) {
    Words line{"policy"};
    line.insert(line.end(), words.begin(), words.end());
    Said said = run(line);
    EXPECT_EQ(said.end.status, 2) << said.out;
    EXPECT_EQ(std::ranges::count(said.err, '\n'), 1) << said.err;
    EXPECT_TRUE(said.err.starts_with("gofer: options: policy")) << said.err;
    EXPECT_EQ(said.out, "");
  }
}

}  // namespace
}  // namespace cmd
