#include "cmd/check.h"

#include <cstdio>
#include <string>

#include "cmd/plan_text.h"
#include "cmd/report.h"
#include "cmd/served.h"
#include "cmd/start_plan.h"
#include "sandbox/skips.h"

namespace cmd {
namespace {

base::Outcome<std::string> check_text(const Options& options) {
  Options settled = options;
  StartPlan plan = TRY(read_plan(settled, TRY(sandbox::parse_skips(options.without))));
  Found found = TRY(look(options, plan.attach.attach_points));
  if (options.json) return dump(plan_json(found, plan.attach)) + "\n";
  return plan_table(found, plan.attach);
}

}  // namespace

int check(const Options& options) {
  base::Outcome<std::string> text = check_text(options);
  if (!text) return report(text.error(), options.log_format);
  std::fputs(text->c_str(), stdout);
  if (std::fflush(stdout) == 0) return static_cast<int>(base::ExitCode::kOk);
  return report(failed_call("check", "the plan cannot be printed", "write"), options.log_format);
}

}  // namespace cmd
