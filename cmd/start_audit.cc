#include "cmd/start_audit.h"

#include <fcntl.h>
#include <unistd.h>

#include <utility>

#include "cmd/live_facts.h"
#include "cmd/verify.h"

namespace cmd {

using base::Outcome;

void StartAudit::begin() {
  record_.started_in = proc::namespaces_of("self");
  for (const auto& [name, number] : record_.started_in)
    held_.emplace_back(::open(proc::path_of("self", "ns/" + name).c_str(), O_RDONLY | O_CLOEXEC));
  if (auto status = proc::status("self"))
    record_.inherited_filters = proc::number((*status)["Seccomp_filters"]);
}

Outcome<StartAudit::Checked> StartAudit::check(const std::vector<Served>& served,
                                               const Jailed& jailed, Circumstances start,
                                               bool has_status, Supervisor& supervisor) {
  start.single_id = jailed.init_report.user_namespace;
  start.traced = jailed.named_violations;
  for (std::size_t i = 0; i < served.size(); ++i)
    record_.processes.push_back({.pid = jailed.pids[i],
                                 .plan = plan_worker(served[i], start),
                                 .reported = reported_facts(jailed.reports[i])});
  record_.processes.push_back({.pid = jailed.init,
                               .plan = plan_init(start),
                               .reported = reported_facts(jailed.init_report)});
  Reference reference = TRY(reference_to("self"));
  reference.started_in = record_.started_in;
  reference.inherited_filters = record_.inherited_filters;
  LiveFacts live(std::move(reference));
  Checked checked{.hidden = TRY(verify(record_.processes, live, supervisor)), .record = {}};
  held_.clear();
  record_.processes.push_back(
      {.pid = ::getpid(), .plan = plan_supervisor(start, has_status), .reported = {}});
  checked.record = TRY(write_record(record_));
  return checked;
}

}  // namespace cmd
