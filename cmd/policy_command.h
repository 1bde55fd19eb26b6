// `gofer policy`: which policies there are, and what each says.
#pragma once

#include "cmd/subcommands.h"
#include "spec/base/problem.h"

namespace cmd {

// `list`, or `show ROLE [EXTRA...] [--oci]`. Errors: words that are neither (kUsage).
base::Outcome<int> policy_command(CommandWords words);

}  // namespace cmd
