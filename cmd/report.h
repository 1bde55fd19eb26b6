// report(): why a start failed, in one line where its log goes.
#pragma once

#include "cmd/options.h"
#include "spec/base/log.h"
#include "spec/base/problem.h"

namespace cmd {

// One line on stderr; returns the exit status.
int report(const base::Problem& problem, base::LogFormat format);

// The same wherever a start with these options reports to.
int report(const base::Problem& problem, const Options& options);

}  // namespace cmd
