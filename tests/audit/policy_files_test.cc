// The policy files as documents: what they refer to exists, and none of them is left over.
#include "tests/audit/policy_files.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>

namespace audit {
namespace {

namespace fs = std::filesystem;

// "Suite.Name" of every test in the tree.
std::set<std::string> tests_in_the_tree() {
  static const std::regex kTest(R"(TEST(_F|_P)?\(\s*(\w+),\s*(\w+)\))");
  std::set<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator("tests")) {
    if (entry.path().extension() != ".cc") continue;
    std::ifstream file(entry.path());
    std::string text(std::istreambuf_iterator<char>(file), {});
    for (std::sregex_iterator found(text.begin(), text.end(), kTest), end; found != end; ++found)
      names.insert((*found)[2].str() + "." + (*found)[3].str());
  }
  return names;
}

TEST(PolicyFiles, NameTestsThatExist) {
  auto tests = tests_in_the_tree();
  ASSERT_TRUE(tests.contains("PolicyFiles.NameTestsThatExist"));
  for (const Policed& policed : all_compiled()) {
    auto policy = policed.policy();
    ASSERT_TRUE(policy) << base::to_line(policy.error());
    for (const spec::Rule& rule : policy->rules)
      EXPECT_TRUE(tests.contains(rule.test))
          << rule.where << " (" << rule.syscall << ") names " << rule.test;
  }
}

TEST(PolicyFiles, AreAllPartOfAPolicy) {
  std::set<std::string> used;
  for (const Policed& policed : all_compiled()) {
    auto policy = policed.policy();
    ASSERT_TRUE(policy) << base::to_line(policy.error());
    for (const spec::Rule& rule : policy->rules)
      used.insert(rule.where.substr(0, rule.where.find('#')));
  }
  std::set<std::string> there;
  for (const auto& entry : fs::directory_iterator("policies"))
    if (entry.path().extension() == ".json") there.insert(entry.path().filename());
  EXPECT_EQ(used, there);
}

}  // namespace
}  // namespace audit
