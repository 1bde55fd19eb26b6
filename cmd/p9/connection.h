// Connection: the client's end of the socket. One request at a time, typed; or raw frames.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "cmd/p9/frame.h"

namespace p9client {

inline constexpr p9::Tag kNoTag{p9::kNoTag};

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
