// Launcher: from the command line to workers that serve, and on as their supervisor.
#pragma once

#include "cmd/options.h"

namespace cmd {

// Serves the bundle until the end. Returns the exit status of the program, which must end with it
// at once: once everything serves, this process is under its own filter. A start that fails says
// why in one line on stderr and on --status-fd.
int serve(const Options& options);

// --check: prints the resolved attach plan on stdout. Serves nothing, changes nothing.
int check(const Options& options);

// One line on stderr; returns the exit status.
int report(const base::Problem& problem, base::LogFormat format);

// The same wherever a start with these options reports to.
int report(const base::Problem& problem, const Options& options);

}  // namespace cmd
