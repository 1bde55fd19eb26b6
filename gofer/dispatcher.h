// The one place every request passes on its way to its handler.
#pragma once

#include <span>

#include "gofer/p9/dispatch.h"
#include "gofer/session.h"

namespace gofer {

// Serves one whole frame and encodes the reply into `room` (at least 4096 bytes); returns its size.
// Before a handler sees a request, these hold, from facts declared with the messages:
//   - a version was negotiated, unless it is the Tversion (else EINVAL);
//   - it cannot change a read-only attach point (else EROFS; where the attach point says so, the
//     attempt is logged and the session panics: then there is no answer to send).
//   - the files of its fids still lie in the tree (else ESTALE), unless it works on open files or
//     attributes alone.
// After it, a request that releases its fid has released it, however it ended.
// Fails (EBADMSG) only when the frame lies about its own size.
base::Result<std::size_t> serve_frame(Session& session, p9::Bytes frame, std::span<std::byte> room);

// The same for a datagram of a channel. `room` is memory that the client sees: it is written to and
// not read; `scratch`, as large, is not. Tversion and Tchannel are for the socket alone (EINVAL).
// Does not fail.
base::Result<std::size_t> serve_datagram(Session& session, const p9::Datagram& datagram,
                                         std::span<std::byte> room, std::span<std::byte> scratch);

}  // namespace gofer
