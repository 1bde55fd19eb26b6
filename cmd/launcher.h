// Launcher: from the command line to workers that serve, and on as their supervisor.
#pragma once

#include "cmd/options.h"

namespace cmd {

// Serves the bundle until the end. Returns the exit status of the program, which must end with it
// at once: once everything serves, this process is under its own filter. A start that fails says
// why in one line on stderr and on --status-fd.
int serve(const Options& options);

}  // namespace cmd
