// `gofer --check`: what would be served.
#pragma once

#include "cmd/options.h"

namespace cmd {

// Prints the resolved attach plan on stdout; serves nothing, changes nothing. Gives the exit
// status.
int check(const Options& options);

}  // namespace cmd
