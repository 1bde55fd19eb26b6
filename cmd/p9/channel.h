// Channel: the client's end of a shared-memory channel. One request at a time, typed; or raw
// datagrams.
//
// A channel is a window of a memory file, in which a request lies and then its reply, and a socket
// beside it for descriptors. Who may touch the window is said by its state word; the other one
// sleeps on it (gofer/p9/flipcall.h).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

#include "cmd/p9/connection.h"
#include "gofer/p9/flipcall.h"

namespace p9client {

// A shared mapping of part of a file, until it goes out of scope.
class Mapping {
 public:
  // Errors: those of mmap(2).
  static Result<Mapping> of(base::Fd file, uint64_t offset, uint64_t length);
  Mapping(Mapping&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  Mapping& operator=(Mapping&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping();

  std::span<std::byte> bytes() const { return bytes_; }

 private:
  explicit Mapping(std::span<std::byte> bytes) : bytes_(bytes) {}
  std::span<std::byte> bytes_;
};

class Channel {
 public:
  // What a server gives for two Tchannel.
  struct Parts {
    UniqueFd memory;
    uint64_t offset = 0;
    uint64_t length = 0;
    UniqueFd side;  // a connected socket, over which descriptors come
  };

  // Asks for channel `id` over the socket. Errors: the server's; EPROTO for a reply that brings no
  // descriptor, or an impossible window.
  static Result<Parts> ask(Connection& connection, uint32_t id);
  // Maps the window and shakes hands. `connection` is borrowed for the life of the channel: while
  // it waits, the channel looks whether the server has hung up there, and a receive timeout set on
  // the socket counts here, too.
  static Result<Channel> open(Parts parts, base::Fd connection);

  // Sends one request and waits for its reply. Views in the result are valid until the next call on
  // this channel. Besides the server's errnos: ECONNRESET when the server hung up or gave this
  // channel up, EAGAIN at the timeout, EPROTO for a reply that is malformed or whose descriptor did
  // not come, EMSGSIZE for a request that does not fit. After one of these the channel is of no
  // use.
  template <p9::Message M>
  Result<typename M::Reply> call(const M& request) {
    static_assert(kListed<M, p9::Requests>, "a request that is not in p9::Requests");
    p9::Writer out(datagram());
    out.number(M::kLine.type);
    out.number(uint8_t{0});
    p9::write_members(out, request);
    TRY(exchange(TRY(out.finish()), last_));
    return read_reply<typename M::Reply>(last_);
  }

  // Where a request is written, and its reply lies afterwards.
  std::span<std::byte> datagram() const { return window_.bytes().subspan(p9::kDatagram); }
  // Hands over the `size` bytes there, and waits for what comes back. `reply` gets it as a frame
  // with the tag 0.
  Result<void> exchange(std::size_t size, Frame& reply);
  // The same for a frame of the socket, whose size and tag don't go over a channel.
  Result<void> exchange(p9::Bytes frame, Frame& reply);

  // The descriptor that came with the last reply of call(), once; it is closed by the next call.
  UniqueFd take_descriptor() { return std::move(last_.descriptor); }

  // Whether it watches for a reply before it sleeps.
  bool watches = true;

 private:
  Channel(Mapping window, UniqueFd side, base::Fd connection)
      : window_(std::move(window)), side_(std::move(side)), connection_(connection) {}

  p9::WindowHeader& header() const {
    return *reinterpret_cast<p9::WindowHeader*>(window_.bytes().data());
  }
  Result<void> shake_hands();
  // Hands over and waits; the result is the length of what came back.
  Result<std::size_t> round_trip(std::size_t size);
  Result<void> hand_over(std::size_t size);
  Result<void> await_turn() const;
  Result<UniqueFd> receive_descriptor() const;

  Mapping window_;
  UniqueFd side_;
  base::Fd connection_;
  std::chrono::milliseconds patience_{};  // 0: without end
  Frame last_;
};

}  // namespace p9client
