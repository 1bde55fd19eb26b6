// `gofer audit`: what each process of a bundle would get, or has. docs/audit.md.
#pragma once

#include "cmd/subcommands.h"
#include "spec/base/problem.h"

namespace cmd {

// `--spec FILE`, `--bundle DIR` or `--spec-fd N` with the options of a start: what it would come
// to.
// `--live PID`: what the processes of that launcher are like; kNotAsPlanned if one is not as it was
// planned. Either with `--json`. Errors: of a start that cannot be; kUsage for a PID that is no
// launcher; kNoPermission for one whose record is hidden from us.
base::Outcome<int> audit_command(CommandWords words);

}  // namespace cmd
