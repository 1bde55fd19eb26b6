#include "cmd/verify.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "cmd/proc_files.h"
#include "sandbox/failure.h"
#include "sandbox/sys.h"

namespace cmd {
namespace {

using base::Outcome;

// Test builds leave out one layer of the jail to see what the others hold: such a jail is not as it
// was planned, and is to be tried all the same.
#ifdef GOFER_MUTANT_NO_VERIFY
constexpr bool kEnabled = false;
#else
constexpr bool kEnabled = true;
#endif

// Only a process that is not as planned is looked at again, in case that it is ending.
constexpr std::chrono::milliseconds kPause(10);
constexpr int kLooks = 20;
// Pid 1 says that it is done before its filter is in force.
constexpr int kLooksForFilter = 500;

base::Problem problem_of(const Audited& one, const Compared& row) {
  return {.exit = base::ExitCode::kNotAsPlanned,
          .step = "start-up check",
          .where = one.plan.where,
          .what = row.name + " is \"" + row.found.value_or("") + "\"",
          .expected = "expected \"" + row.expected.value_or("") + "\""};
}

class Check {
 public:
  Check(LiveFacts& live, Supervisor& supervisor) : live_(live), supervisor_(supervisor) {}

  Outcome<void> look_at(const Audited& one) {
    // Its number may be another's by now.
    if (const Worker* worker = std::as_const(supervisor_).find(one.pid);
        worker != nullptr && !worker->alive)
      return {};
    auto pidfd = TRY(
        sandbox::required(sandbox::sys::pidfd_open(one.pid), {.step = "start-up check",
                                                              .where = one.plan.where,
                                                              .syscall = "pidfd_open",
                                                              .what = "cannot look at a process",
                                                              .remedy = {}}));
    auto number = proc::number_of(pidfd);
    std::vector<Compared> rows;
    for (int look = 0;; ++look) {
      rows = compare(one.plan.facts, number ? seen_of(*number, one) : SeenFacts{});
      auto wrong = std::ranges::find_if(rows, &Compared::differs);
      if (wrong == rows.end()) break;
      supervisor_.drain();
      if (sandbox::sys::has_ended(pidfd).value_or(false)) return {};
      if (look >= looks_for(*wrong, one)) return base::failure(problem_of(one, *wrong));
      std::this_thread::sleep_for(kPause);
    }
    // What is hidden of a process that is gone is no news.
    if (sandbox::sys::has_ended(pidfd).value_or(false)) return {};
    for (const Compared& row : rows)
      if (row.hidden) hidden_.insert(row.name);
    return {};
  }

  std::string hidden() const {
    std::string names;
    for (const std::string& name : hidden_) names.append(names.empty() ? "" : ", ").append(name);
    return names;
  }

 private:
  SeenFacts seen_of(pid_t number, const Audited& one) {
    SeenFacts seen = live_.of(number, one.plan);
    for (const Fact& fact : one.reported) seen.push_back({fact.name, fact.value});
    return seen;
  }
  static int looks_for(const Compared& wrong, const Audited& one) {
    bool filter_may_come =
        one.plan.role == spec::Role::kInit && (wrong.name == "seccomp" || wrong.name == "filters");
    return filter_may_come ? kLooksForFilter : kLooks;
  }

  LiveFacts& live_;
  Supervisor& supervisor_;
  std::set<std::string> hidden_;
};

}  // namespace

Outcome<std::string> verify(std::span<const Audited> processes, LiveFacts& live,
                            Supervisor& supervisor) {
  if (!kEnabled) return {};
  Check check(live, supervisor);
  for (const Audited& one : processes) TRY(check.look_at(one));
  return check.hidden();
}

}  // namespace cmd
