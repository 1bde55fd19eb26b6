#include "cmd/p9/connection.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
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

// The first bytes of a frame, and the descriptor that lies at the very first one. EPROTO if there
// is more than one.
Result<std::size_t> receive_beginning(base::Fd socket, std::span<std::byte> room, UniqueFd& fd) {
  iovec data{.iov_base = room.data(), .iov_len = room.size()};
  alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(4 * sizeof(int))> control{};
  for (;;) {
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    ssize_t n = ::recvmsg(socket.raw(), &message, MSG_CMSG_CLOEXEC);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return base::fail_errno();
    if (n == 0) return fail(ECONNRESET);
    std::vector<UniqueFd> all = received_descriptors(message);
    if (all.size() > 1 || (message.msg_flags & MSG_CTRUNC) != 0) return fail(EPROTO);
    if (!all.empty()) fd = std::move(all.front());
    return static_cast<std::size_t>(n);
  }
}

}  // namespace

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
  std::size_t have = TRY(receive_beginning(socket_, frame.bytes, frame.descriptor));
  TRY(receive_exactly(socket_, std::span(frame.bytes).subspan(have)));
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
