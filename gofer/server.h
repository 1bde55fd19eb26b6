// The server loop: frames in, frames out, until the client hangs up.
#pragma once

#include "gofer/attach_point.h"
#include "spec/base/exit_code.h"
#include "spec/base/fd.h"
#include "spec/base/log.h"

namespace gofer {

// Serves one connection on `socket` (a connected stream socket, borrowed) until the client
// closes it (kHangup), sends what is no frame (kProtocol), or tries to write to a panic-on-write
// attach point (kPanicOnWrite, after logging operation, path and fields; what came before it is
// answered, it is not). Anything that fails for no fault of the client's is kInternal. All fids are
// released on return, and no thread of the attach point's channels serves any more.
//
// The process ignores SIGPIPE and SIGXFSZ and has a umask of 0: modes are what the client says.
// SIGPIPE is ignored by the process: a client that left shows as EPIPE.
base::WorkerExit serve(base::Fd socket, const AttachPoint& attach_point, const base::Log& log);

}  // namespace gofer
