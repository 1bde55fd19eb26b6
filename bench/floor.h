// The floor: the least that serving an operation takes. One read(2) for all requests that are
// there, the system calls of each, one write(2) for their replies, and nothing else: no check of
// anything, no bookkeeping beyond an array of descriptors. It is no server to use.
//
// What it takes for the system calls of an operation: a walk opens (O_PATH) and examines each of
// its components, so that no link is followed, and closes those on the way; opening a file reopens
// the descriptor that was walked to and closes that one; making one opens and examines it.
#pragma once

#include "spec/base/fd.h"

namespace bench {

// Serves `root` (a directory's descriptor) to a client that says what RawClient says, until it
// goes.
void serve_floor(base::Fd socket, base::Fd root);

}  // namespace bench
