// The programs as text: a policy change is a diff in policies/golden, and the diff is reviewed.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "policies/programs.h"
#include "sandbox/policy_compiler.h"
#include "tests/audit/policy_files.h"

namespace audit {
namespace {

class PolicyGolden : public testing::TestWithParam<Policed> {
 protected:
  void SetUp() override {
    auto policy = GetParam().policy();
    ASSERT_TRUE(policy) << base::to_line(policy.error());
    auto program = sandbox::compile(*policy);
    ASSERT_TRUE(program) << base::to_line(program.error());
    program_ = *std::move(program);
    rules_ = policy->rules.size();
  }

  sandbox::Program program_;
  std::size_t rules_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Of, PolicyGolden, testing::ValuesIn(all_policed()), PolicedName());

std::vector<std::string> lines_of(std::istream&& text) {
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

TEST_P(PolicyGolden, IsTheTextInTheTree) {
  std::string path = "policies/golden/" + GetParam().name() + ".pfc";
  auto golden = lines_of(std::ifstream(path));
  auto compiled = lines_of(std::istringstream(program_.text));
  ASSERT_FALSE(golden.empty()) << path;
  auto [was, is] = std::ranges::mismatch(golden, compiled);
  EXPECT_TRUE(was == golden.end() && is == compiled.end())
      << path << ":" << (was - golden.begin() + 1)
      << " differs; if it should, build the target update-golden and review the diff"
      << "\n- " << (was == golden.end() ? "(end)" : *was) << "\n+ "
      << (is == compiled.end() ? "(end)" : *is);
}

TEST_P(PolicyGolden, IsTheProgramThatIsEmbedded) {
  auto embedded = GetParam().program();
  ASSERT_EQ(embedded.size(), program_.instructions.size());
  EXPECT_EQ(std::memcmp(embedded.data(), program_.instructions.data(), embedded.size_bytes()), 0);
  EXPECT_EQ(policies::rule_count(GetParam().role, GetParam().extras), rules_);
}

TEST_P(PolicyGolden, HasItsOwnDigest) {
  auto digest = [](const Policed& one) { return policies::digest(one.role, one.extras); };
  EXPECT_EQ(digest(GetParam()).size(), 64u);
  EXPECT_EQ(std::ranges::count(all_compiled(), digest(GetParam()), digest), 1);
}

TEST(PolicyGoldens, AreOfPoliciesThatThereAre) {
  std::set<std::string> expected;
  for (const Policed& policed : all_policed()) expected.insert(policed.name() + ".pfc");
  std::set<std::string> there;
  for (const auto& entry : std::filesystem::directory_iterator("policies/golden"))
    there.insert(entry.path().filename());
  EXPECT_EQ(there, expected);
}

}  // namespace
}  // namespace audit
