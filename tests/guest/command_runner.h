// Runs one command in the guest for the harness, from its start to its end.
#pragma once

#include <string_view>

#include "spec/base/fd.h"

namespace guest {

// `body` is that of a frame kRun: the line for /bin/sh, its timeout in seconds, uid, gid, other
// groups with blanks between them, and a directory. Passes input, signals and output on over the
// connection, and says at last how the command ended. To be called in a process of its own.
void serve_command(base::UniqueFd connection, std::string_view body);

}  // namespace guest
