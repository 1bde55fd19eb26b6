// The processes of a launcher that serves, as /proc shows them and as its record says they should
// be.
#pragma once

#include <sys/types.h>

#include "cmd/audit_text.h"
#include "spec/base/problem.h"

namespace cmd {

// Workers that have ended are not among them; a note says how many. Errors: kUsage for what is no
// launcher of this program, kNoPermission where its record is hidden from us.
base::Outcome<Audit> audit_live(pid_t launcher);

}  // namespace cmd
