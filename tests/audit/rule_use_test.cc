// No rule is dead weight: with any one of them taken away, something that the role does dies.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <functional>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "policies/programs.h"
#include "sandbox/policy_compiler.h"
#include "tests/audit/policy_files.h"
#include "tests/audit/works.h"

namespace audit {
namespace {

using spec::Role;
using Works = std::vector<std::function<Ended(Filter)>>;

// In the order of how many rules they need, so that most rules are found needed at once.
Works works_of_role(Role role) {
  Works runtime{exit_with_six, abort_itself, log_a_line, read_the_clock, use_memory};
  switch (role) {
    case Role::kReadOnly:
      runtime.insert(runtime.begin(), {open_list_and_read, read_and_wait});
      return runtime;
    case Role::kReadWrite:
      runtime.insert(runtime.begin(), {change_files, write_and_wait});
      return runtime;
    case Role::kSupervisor: {
      Works works{report_a_native_call, report_an_i386_call, leave_a_worker_stopped, abort_itself,
                  read_the_clock};
      for (int signal : {SIGHUP, SIGINT, SIGQUIT, SIGTERM})
        works.emplace_back([signal](Filter filter) { return pass_on_to_command(filter, signal); });
      return works;
    }
    case Role::kInit:
      return {sleep_for_ever};
  }
  return {};
}

Works works_of_extra(Role role, spec::Extra extra) {
  bool writes = role == Role::kReadWrite;
  switch (extra) {
    case spec::Extra::kDonate:
      return {donate_descriptors};
    case spec::Extra::kXattr:
      return {writes ? read_and_change_xattrs : read_xattrs};
    case spec::Extra::kLocks:
      return {lock_files};
    case spec::Extra::kMknod:
      return {make_special_files};
    case spec::Extra::kUds:
      return {connect_to_sockets};
    case spec::Extra::kFifo:
      return {writes ? open_fifos : open_fifos_for_reading};
    case spec::Extra::kChannels:
      if (writes) return {serve_channels};
      return {serve_channels, panic_on_a_channel};
  }
  return {};
}

Works works_of(const Policed& policed) {
  Works works;
  for (spec::Extra extra : spec::kExtras)
    if (policed.extras.has(extra))
      std::ranges::copy(works_of_extra(policed.role, extra), std::back_inserter(works));
  std::ranges::copy(works_of_role(policed.role), std::back_inserter(works));
  return works;
}

class RuleUse : public testing::TestWithParam<Policed> {};

INSTANTIATE_TEST_SUITE_P(Of, RuleUse, testing::ValuesIn(all_policed()), PolicedName());

TEST_P(RuleUse, NothingDiesWithAllRules) {
  for (const auto& work : works_of(GetParam())) {
    Ended ended = work(GetParam().program());
    EXPECT_FALSE(ended.by(SIGSYS)) << ended.text();
  }
}

TEST_P(RuleUse, SomethingDiesWithoutAnyOne) {
  auto policy = GetParam().policy();
  ASSERT_TRUE(policy) << base::to_line(policy.error());
  Works works = works_of(GetParam());
  std::size_t missed = 0;
  for (std::size_t i = 0; i < policy->rules.size(); ++i) {
    spec::Policy mutant = *policy;
    mutant.rules.erase(mutant.rules.begin() + static_cast<std::ptrdiff_t>(i));
    auto program = sandbox::compile(mutant);
    ASSERT_TRUE(program) << base::to_line(program.error());
    bool dies = std::ranges::any_of(
        works, [&](const auto& work) { return work(program->instructions).by(SIGSYS); });
    EXPECT_TRUE(dies) << policy->rules[i].syscall << " at " << policy->rules[i].where
                      << " is needed by nothing";
    if (dies) ++missed;
  }
  std::cout << "mutation: " << GetParam().name() << ": " << missed << " of " << policy->rules.size()
            << " deleted rules missed\n";  // ./dev test adds them up
}

}  // namespace
}  // namespace audit
