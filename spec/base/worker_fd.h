// The descriptors of a worker. Their numbers are fixed so that policies can name them.
#pragma once

#include "spec/base/fd.h"

namespace base {

// 0 and 1 are /dev/null: a stray write to stdout must not land in a client's file.
inline constexpr Fd kWorkerLog{2};        // stderr of the launcher, or its log
inline constexpr Fd kWorkerTransport{3};  // the connected socket of the client
inline constexpr Fd kWorkerRoot{4};       // O_PATH: what is served, a directory or a regular file
inline constexpr Fd kWorkerOwnFds{5};     // detached /proc/self/fd: reopens the worker's own fds

// Only where the attach point has channels; each number but the first is that of channel 0.
inline constexpr Fd kWorkerWindows{7};         // the memory file of all windows
inline constexpr Fd kWorkerSideSockets{8};     // to 11: descriptors go to the client
inline constexpr Fd kWorkerClientSockets{12};  // to 15: the client's ends, given away

}  // namespace base
