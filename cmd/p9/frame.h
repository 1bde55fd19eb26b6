// Frame: a reply as it came from the wire, whichever way it came; and how it is read.
#pragma once

#include <sys/socket.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "gofer/p9/dispatch.h"
#include "spec/base/fd.h"
#include "spec/base/result.h"

namespace p9client {

using base::fail;
using base::Result;
using base::UniqueFd;

// One frame as it came from the wire. Views into it die with it.
struct Frame {
  std::vector<std::byte> bytes;  // the whole frame, header included; never shorter than a header
  UniqueFd descriptor = {};      // what came with its first byte, if anything did
  uint8_t type() const { return static_cast<uint8_t>(bytes[4]); }
  p9::Tag tag() const;
  p9::Bytes body() const { return p9::Bytes(bytes).subspan(p9::kHeaderSize); }
};

// Reads `reply` as an M: EPROTO if it is neither an M nor an Rlerror, or is not well formed; the
// server's errno if it is an Rlerror. Views in the result point into `reply`.
template <p9::Message M>
Result<M> read_reply(const Frame& reply) {
  p9::Reader in(reply.body());
  if (reply.type() == p9::Rlerror::kLine.type) {
    auto error = p9::read_members<p9::Rlerror>(in);
    return fail(in.finish() && error.ecode != 0 ? static_cast<int>(error.ecode) : EPROTO);
  }
  if (reply.type() != M::kLine.type) return fail(EPROTO);
  M message = p9::read_members<M>(in);
  if (!in.finish()) return fail(EPROTO);
  return message;
}

template <class M, class List>
inline constexpr bool kListed = false;
template <class M, class... Each>
inline constexpr bool kListed<M, p9::MessageList<Each...>> = (std::same_as<M, Each> || ...);

// All descriptors of a control message, owned. The kernel gives what fits in its buffer, and says
// MSG_CTRUNC if that was not all.
std::vector<UniqueFd> received_descriptors(msghdr& message);

}  // namespace p9client
