#include "cmd/audit.h"

#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/audit_live.h"
#include "cmd/audit_text.h"
#include "cmd/option_values.h"
#include "cmd/options.h"
#include "cmd/served.h"
#include "cmd/start_plan.h"
#include "sandbox/skips.h"

namespace cmd {
namespace {

using base::Outcome;

AuditedProcess planned(JailPlan plan) {
  AuditedProcess process{.plan = std::move(plan), .pid = {}, .rows = {}};
  for (const Fact& fact : process.plan.facts)
    process.rows.push_back({.name = fact.name, .expected = fact.value, .found = {}});
  return process;
}

// The line of a start that serves nothing: its options mean here what they mean there.
Outcome<Options> options_of_start(CommandWords words) {
  std::vector<const char*> line{"gofer", "--check"};
  line.insert(line.end(), words.begin(), words.end());
  return parse_options(static_cast<int>(line.size()), line.data());
}

Outcome<Audit> audit_spec(Options options) {
  sandbox::Skips skips = TRY(sandbox::parse_skips(options.without));
  StartPlan start = TRY(read_plan(options, skips));
  Found found = TRY(look(options, start.attach.attach_points));
  Circumstances here = circumstances_here(options, skips);
  Audit audit{.processes = {}, .notes = start.attach.notes};
  audit.notes.insert(audit.notes.end(), found.notes.begin(), found.notes.end());
  for (const Served& served : found.served)
    audit.processes.push_back(planned(plan_worker(served, here)));
  audit.processes.push_back(planned(plan_init(here)));
  audit.processes.push_back(planned(plan_supervisor(here, options.status_fd.has_value())));
  return audit;
}

Outcome<void> print(const Audit& audit, bool json) {
  std::string text =
      json ? spec::dump_indented(TRY(audit_json(audit))) + "\n" : TRY(audit_text(audit));
  std::fputs(text.c_str(), stdout);
  return {};
}

bool is_as_planned(const AuditedProcess& process) {
  return std::ranges::none_of(process.rows, &Compared::differs);
}

Outcome<int> live(std::vector<std::string_view> words) {
  bool json = std::erase(words, "--json") > 0;
  if (words.size() != 2 || words[0] != "--live")
    return base::failure(usage("audit", "--live stands alone with the pid of a launcher",
                               "expected --live PID [--json]"));
  uint64_t pid = TRY(parse_number("--live", words[1], 1, 1 << 22));
  Audit audit = TRY(audit_live(static_cast<pid_t>(pid)));
  TRY(print(audit, json));
  bool all_well = std::ranges::all_of(audit.processes, is_as_planned);
  return static_cast<int>(all_well ? base::ExitCode::kOk : base::ExitCode::kNotAsPlanned);
}

}  // namespace

Outcome<int> audit_command(CommandWords words) {
  std::vector<std::string_view> all(words.begin(), words.end());
  if (std::ranges::find(all, "--live") != all.end()) return live(std::move(all));
  Options options = TRY(options_of_start(words));
  if (options.mode != Mode::kCheck)
    return base::failure(usage("audit", "--help and --version are for gofer alone"));
  TRY(print(TRY(audit_spec(options)), options.json));
  return static_cast<int>(base::ExitCode::kOk);
}

}  // namespace cmd
