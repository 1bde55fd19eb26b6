// What `gofer audit` prints of processes: for people, and as JSON.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "cmd/jail_plan.h"
#include "cmd/live_facts.h"
#include "spec/base/problem.h"
#include "spec/json.h"

namespace cmd {

struct AuditedProcess {
  JailPlan plan;
  std::optional<pid_t> pid;    // where it is alive, as /proc numbers it
  std::vector<Compared> rows;  // only expected, where it is not
};

struct Audit {
  std::vector<AuditedProcess> processes;
  std::vector<std::string> notes;
};

// Every process with its facts, then each policy among them with its rules and their reasons.
base::Outcome<std::string> audit_text(const Audit& audit);
base::Outcome<spec::Json> audit_json(const Audit& audit);

}  // namespace cmd
