// AuditRecord: what a launcher knows of its processes, kept in a sealed memory file that it alone
// holds: `gofer audit --live` reads it there.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "cmd/jail_plan.h"
#include "cmd/proc_files.h"
#include "spec/base/fd.h"
#include "spec/base/problem.h"

namespace cmd {

// A process, what it must look like, and what it said of itself.
struct Audited {
  pid_t pid = -1;  // as the launcher's pid namespace numbers it
  JailPlan plan;
  Facts reported;
};

struct AuditRecord {
  proc::Namespaces started_in;  // of the launcher, before it left any
  uint64_t inherited_filters = 0;
  std::vector<Audited> processes;
};

// What /proc calls the file.
inline constexpr std::string_view kAuditRecordName = "gofer plan";

// A sealed memory file that says it.
base::Outcome<base::UniqueFd> write_record(const AuditRecord& record);

// Errors: a text that write_record() did not write (kInternal), of another version of this program
// for example.
base::Outcome<AuditRecord> parse_record(std::string_view text);

}  // namespace cmd
