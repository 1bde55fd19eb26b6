// `gofer doctor`: whether gofer would work on this host, and how well.
#pragma once

#include <vector>

#include "cmd/host_health.h"
#include "cmd/subcommands.h"
#include "spec/base/problem.h"

namespace cmd {

// `[--json]`. kOk: all is well; kWeaker: it works with less than it could have; kUnavailable: it
// does not start.
base::Outcome<int> doctor_command(CommandWords words);

// The worst of all.
Health worst_of(const std::vector<Finding>& findings);

}  // namespace cmd
