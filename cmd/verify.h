// The start-up check: every process of a start, as the kernel shows it, against its plan.
#pragma once

#include <span>
#include <string>

#include "cmd/audit_record.h"
#include "cmd/live_facts.h"
#include "cmd/supervisor.h"
#include "spec/base/problem.h"

namespace cmd {

// Looks at each of `processes`, whose filters are in force or about to be. One that ends meanwhile
// is the supervisor's to report. Gives the names of the facts that the kernel hides from this
// process, separated by commas. Errors: the first fact that is not as planned (kNotAsPlanned).
base::Outcome<std::string> verify(std::span<const Audited> processes, LiveFacts& live,
                                  Supervisor& supervisor);

}  // namespace cmd
