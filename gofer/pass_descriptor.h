// A descriptor on its way to a client.
#pragma once

#include <cstdint>

#include "gofer/p9/wire.h"
#include "spec/base/fd.h"
#include "spec/base/result.h"

namespace gofer {

// What a reply is without its descriptor, where that cannot go.
enum class Alone : uint8_t { kGood, kUseless };

// sendmsg(2) of `data`, which may be empty on a socket of packets, with `fd` (borrowed) on its
// first byte. Flags are MSG_NOSIGNAL and those of `more`. Returns how many bytes went. Errors:
// ETOOMANYREFS when the kernel holds too many descriptors that nobody collects; EAGAIN with
// MSG_DONTWAIT when the socket is full.
base::Result<std::size_t> pass_descriptor(base::Fd socket, p9::Bytes data, base::Fd fd, int more);

}  // namespace gofer
