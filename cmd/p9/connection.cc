#include "cmd/p9/connection.h"

#include <sys/socket.h>

#include <cstring>

namespace p9client {
namespace {

Result<void> receive_exactly(base::Fd socket, std::span<std::byte> room) {
  while (!room.empty()) {
    ssize_t n = ::recv(socket.raw(), room.data(), room.size(), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return base::fail_errno();
    if (n == 0) return fail(ECONNRESET);
    room = room.subspan(static_cast<std::size_t>(n));
  }
  return {};
}

}  // namespace

p9::Tag Frame::tag() const {
  p9::Tag tag;
  std::memcpy(&tag.value, &bytes[5], sizeof tag.value);
  return tag;
}

Result<void> Connection::send_raw(p9::Bytes bytes) {
  while (!bytes.empty()) {
    ssize_t n = ::send(socket_.raw(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return base::fail_errno();
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return {};
}

Result<Frame> Connection::receive() {
  Frame frame;
  frame.bytes.resize(p9::kHeaderSize);
  TRY(receive_exactly(socket_, frame.bytes));
  uint32_t size = 0;
  std::memcpy(&size, frame.bytes.data(), sizeof size);
  if (size < p9::kHeaderSize || size > largest_reply) return fail(EPROTO);
  frame.bytes.resize(size);
  TRY(receive_exactly(socket_, std::span(frame.bytes).subspan(p9::kHeaderSize)));
  return frame;
}

void Connection::finish_sending() {
  ::shutdown(socket_.raw(), SHUT_WR);
}

}  // namespace p9client
