// report(): why a start failed, in one line where its log goes; and the failures that it makes.
#pragma once

#include "cmd/options.h"
#include "spec/base/log.h"
#include "spec/base/problem.h"

namespace cmd {

// That a call has failed just now, by errno. ExitCode::kInternal.
base::Problem failed_call(const char* step, const char* what, const char* call);

// One line on stderr; returns the exit status.
int report(const base::Problem& problem, base::LogFormat format);

// The same wherever a start with these options reports to.
int report(const base::Problem& problem, const Options& options);

}  // namespace cmd
