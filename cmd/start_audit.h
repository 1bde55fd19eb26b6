// StartAudit: what a start knows of its processes, checked before anybody is told that it is ready.
#pragma once

#include <string>
#include <vector>

#include "cmd/audit_record.h"
#include "cmd/jail_plan.h"
#include "cmd/proc_files.h"
#include "cmd/served.h"
#include "cmd/supervisor.h"
#include "cmd/workers.h"
#include "spec/base/fd.h"
#include "spec/base/problem.h"

namespace cmd {

class StartAudit {
 public:
  // Before the launcher leaves any namespace: that one is not the host's any more is a fact. They
  // are held until check() has ended: the number of a namespace that nobody holds goes to the next
  // one.
  void begin();

  struct Checked {
    std::string hidden;     // facts that the kernel does not show here, separated by commas
    base::UniqueFd record;  // for `gofer audit --live`
  };

  // After start_workers(), before lock_down_supervisor(). `start` as far as it is known without
  // `jailed`. Errors: kNotAsPlanned, as of verify().
  base::Outcome<Checked> check(const std::vector<Served>& served, const Jailed& jailed,
                               Circumstances start, bool has_status, Supervisor& supervisor);

 private:
  AuditRecord record_;
  std::vector<base::UniqueFd> held_;  // the namespaces of record_.started_in
};

}  // namespace cmd
