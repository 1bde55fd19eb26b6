// RawChannel: a client's side of one channel that says whatever a test wants it to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "gofer/p9/dispatch.h"
#include "spec/base/fd.h"
#include "spec/base/result.h"

namespace support {

class RawChannel {
 public:
  // Maps the window at `offset` of `file`; `socket` is the client's end of the side socket. Throws
  // std::system_error.
  RawChannel(base::Fd file, uint64_t offset, base::UniqueFd socket);
  RawChannel(const RawChannel&) = delete;
  RawChannel& operator=(const RawChannel&) = delete;
  RawChannel(RawChannel&& other) noexcept;
  RawChannel& operator=(RawChannel&&) = delete;
  ~RawChannel();

  p9::WindowHeader& header();
  std::span<std::byte> datagram() { return memory_.subspan(p9::kDatagram); }

  // Passes the turn, whoever has it, with what lies in the datagram.
  void pass(uint32_t length);
  // Sleeps while it is the server's turn. Returns the state; kShutDown when the server is gone.
  uint32_t wait();

  // Says `bytes` and returns the answer; nothing when the server ended the channel.
  std::vector<std::byte> exchange(p9::Bytes bytes);
  // Whether the server answered the handshake as it should.
  bool shake_hands();

  // A request in a datagram.
  template <p9::Message M>
  static std::vector<std::byte> datagram_of(const M& message) {
    std::vector<std::byte> bytes(p9::kDatagramHeader + p9::body_size(message));
    bytes[0] = std::byte{M::kLine.type};
    (void)p9::encode_body(std::span(bytes).subspan(p9::kDatagramHeader), message);
    return bytes;
  }
  // Its reply, or its errno; EPROTO for what is neither, ECONNRESET when the channel has ended.
  // Views in the result are valid until the next call.
  template <p9::Message M>
  base::Result<typename M::Reply> call(const M& request) {
    last_ = exchange(datagram_of(request));
    if (last_.size() < p9::kDatagramHeader) return base::fail(ECONNRESET);
    p9::Reader in(p9::Bytes(last_).subspan(p9::kDatagramHeader));
    if (last_[0] == std::byte{p9::Rlerror::kLine.type}) {
      auto error = p9::read_members<p9::Rlerror>(in);
      return base::fail(in.finish() ? static_cast<int>(error.ecode) : EPROTO);
    }
    auto reply = p9::read_members<typename M::Reply>(in);
    if (last_[0] != std::byte{M::Reply::kLine.type} || !in.finish()) return base::fail(EPROTO);
    return reply;
  }
  // Whether the last answer announced a descriptor.
  bool announces_descriptor() const { return last_.at(p9::kHasFd) == std::byte{1}; }
  // The next descriptor that waits on the side socket, if any does.
  base::UniqueFd take_descriptor();

  base::Fd socket() const { return socket_; }

 private:
  bool has_server() const;

  base::UniqueFd socket_;
  std::span<std::byte> memory_;
  std::vector<std::byte> last_;
};

}  // namespace support
