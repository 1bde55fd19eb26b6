// Connection: the client's end of a 9P transport. One request at a time, typed; or raw frames.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "gofer/p9/dispatch.h"
#include "spec/base/fd.h"
#include "spec/base/result.h"

namespace p9client {

using base::fail;
using base::Result;
using base::UniqueFd;

inline constexpr p9::Tag kNoTag{p9::kNoTag};

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

class Connection {
 public:
  // Takes over a connected stream socket. A receive timeout that was set on it shows as EAGAIN.
  explicit Connection(UniqueFd socket) : socket_(std::move(socket)) {}

  // Sends one request and waits for its reply. Views in the result are valid until the next call
  // on this connection. Besides the server's errnos: ECONNRESET when the server hung up, EPROTO
  // for a reply that is malformed, larger than `largest_reply`, carries a foreign tag, or came with
  // more than one descriptor.
  template <p9::Message M>
  Result<typename M::Reply> call(const M& request) {
    p9::Tag tag = std::same_as<M, p9::Tversion> ? kNoTag : p9::Tag{0};
    TRY(send(tag, request));
    last_ = TRY(receive());
    if (last_.tag() != tag) return fail(EPROTO);
    return read_reply<typename M::Reply>(last_);
  }

  // The two halves of call(), for requests in flight together.
  template <p9::Message M>
  Result<void> send(p9::Tag tag, const M& request) {
    static_assert(kListed<M, p9::Requests>, "a request that is not in p9::Requests");
    out_.resize(p9::kHeaderSize + p9::body_size(request));
    TRY(p9::encode_frame(out_, tag, request));
    return send_raw(out_);
  }
  Result<Frame> receive();

  // The descriptor that came with the last reply of call(), once; it is closed by the next call.
  UniqueFd take_descriptor() { return std::move(last_.descriptor); }

  // Any bytes at all, whole. EPIPE when the server hung up.
  Result<void> send_raw(p9::Bytes bytes);

  // No further requests; replies can still be received.
  void finish_sending();

  base::Fd socket() const { return socket_; }
  uint32_t largest_reply = uint32_t{1} << 24;

 private:
  UniqueFd socket_;
  std::vector<std::byte> out_;
  Frame last_;
};

}  // namespace p9client
