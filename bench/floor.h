// The floor: the least that serving an operation takes: the system calls of each
// (floor_operations.h), and nothing else: no check of anything, no bookkeeping beyond an array of
// descriptors. It is no server to use.
#pragma once

#include "bench/bare_window.h"
#include "bench/setting.h"
#include "spec/base/fd.h"

namespace bench {

// Serves `root` (a directory's descriptor) to a client that says what RawClient says, until it
// goes. One read(2) for all requests that are there, and one write(2) for their replies. In kGoogle
// one request at a time.
void serve_floor(base::Fd socket, base::Fd root, Dialect dialect);

// The same to a client on a channel, for ever; descriptors go over the socket `side`.
[[noreturn]] void serve_floor(BareWindow window, base::Fd side, base::Fd root, Dialect dialect);

}  // namespace bench
