#include "cmd/p9/channel.h"

#include <poll.h>
#include <sys/mman.h>
#include <sys/time.h>

#include <array>
#include <cstring>
#include <limits>

#include "spec/base/futex.h"

namespace p9client {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// How long a sleep on the state word lasts at most, before the socket is looked at: a server that
// was killed wakes nobody.
constexpr milliseconds kLook{200};

bool hung_up(base::Fd connection) {
  pollfd poll{connection.raw(), POLLRDHUP, 0};
  return ::poll(&poll, 1, 0) > 0 && (poll.revents & (POLLHUP | POLLRDHUP | POLLERR)) != 0;
}

milliseconds receive_timeout(base::Fd socket) {
  timeval limit{};
  socklen_t size = sizeof limit;
  if (::getsockopt(socket.raw(), SOL_SOCKET, SO_RCVTIMEO, &limit, &size) != 0) return {};
  return std::chrono::duration_cast<milliseconds>(std::chrono::seconds(limit.tv_sec) +
                                                  std::chrono::microseconds(limit.tv_usec));
}

}  // namespace

Result<Mapping> Mapping::of(base::Fd file, uint64_t offset, uint64_t length) {
  void* at = ::mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_SHARED, file.raw(),
                    static_cast<off_t>(offset));
  if (at == MAP_FAILED) return base::fail_errno();
  return Mapping({static_cast<std::byte*>(at), length});
}

Mapping::~Mapping() {
  if (!bytes_.empty()) ::munmap(bytes_.data(), bytes_.size());
}

Result<Channel::Parts> Channel::ask(Connection& connection, uint32_t id) {
  p9::Rchannel window = TRY(connection.call(p9::Tchannel{id, p9::kChannelMemory}));
  Parts parts{.memory = connection.take_descriptor(),
              .offset = window.offset,
              .length = window.length,
              .side = {}};
  TRY(connection.call(p9::Tchannel{id, p9::kChannelSocket}));
  parts.side = connection.take_descriptor();
  if (!parts.memory.valid() || !parts.side.valid()) return fail(EPROTO);
  if (parts.length <= p9::kDatagram || parts.length > std::numeric_limits<uint32_t>::max())
    return fail(EPROTO);
  return parts;
}

Result<Channel> Channel::open(Parts parts, base::Fd connection) {
  Mapping window = TRY(Mapping::of(parts.memory, parts.offset, parts.length));
  Channel channel(std::move(window), std::move(parts.side), connection);
  channel.patience_ = receive_timeout(connection);
  TRY(channel.shake_hands());
  return channel;
}

// Another process may have used the channel before, and have left in the middle of a request. Then
// hands are shaken already, and what is sent here is a request that does not exist.
Result<void> Channel::shake_hands() {
  TRY(await_turn());
  std::memcpy(datagram().data(), p9::kHandshake.data(), p9::kHandshake.size());
  std::size_t length = TRY(round_trip(p9::kHandshake.size()));
  auto first = static_cast<uint8_t>(datagram().front());
  if (length == 0 || (first != '{' && first != p9::Rlerror::kLine.type)) return fail(EPROTO);
  return {};
}

Result<void> Channel::exchange(std::size_t size, Frame& reply) {
  reply.descriptor.reset();
  std::size_t length = TRY(round_trip(size));
  if (length < p9::kDatagramHeader) return fail(EPROTO);
  // Once, before it is looked at: a server that is not what it should be may write on.
  std::size_t body = length - p9::kDatagramHeader;
  reply.bytes.resize(p9::kHeaderSize + body);
  auto frame_size = static_cast<uint32_t>(reply.bytes.size());
  std::memcpy(reply.bytes.data(), &frame_size, sizeof frame_size);
  reply.bytes[4] = datagram()[0];
  bool brings_descriptor = datagram()[1] != std::byte{0};
  reply.bytes[5] = reply.bytes[6] = std::byte{0};
  std::memcpy(reply.bytes.data() + p9::kHeaderSize, datagram().data() + p9::kDatagramHeader, body);
  if (brings_descriptor) reply.descriptor = TRY(receive_descriptor());
  return {};
}

Result<void> Channel::exchange(p9::Bytes frame, Frame& reply) {
  p9::Writer out(datagram());
  out.put(frame.subspan(4, 1));
  out.number(uint8_t{0});
  out.put(frame.subspan(p9::kHeaderSize));
  return exchange(TRY(out.finish()), reply);
}

Result<std::size_t> Channel::round_trip(std::size_t size) {
  TRY(hand_over(size));
  TRY(await_turn());
  uint32_t length = header().length.load(std::memory_order_relaxed);
  if (length > datagram().size()) return fail(EPROTO);
  return length;
}

Result<void> Channel::hand_over(std::size_t size) {
  header().length.store(static_cast<uint32_t>(size), std::memory_order_relaxed);
  uint32_t state = p9::kClientActive;
  auto& turn = header().state;
  if (!turn.compare_exchange_strong(state, p9::kServerActive, std::memory_order_acq_rel))
    return fail(state == p9::kShutDown ? ECONNRESET : EPROTO);
  base::futex_wake(turn, 1, base::FutexScope::kShared);
  return {};
}

Result<void> Channel::await_turn() const {
  auto& turn = header().state;
  auto began = steady_clock::now();
  if (watches) (void)base::watch_while(turn, p9::kServerActive);
  for (;;) {
    uint32_t state = turn.load(std::memory_order_acquire);
    if (state == p9::kClientActive) return {};
    if (state == p9::kShutDown) return fail(ECONNRESET);
    if (state != p9::kServerActive) return fail(EPROTO);
    if (base::futex_wait_for(turn, state, base::FutexScope::kShared, kLook)) continue;
    if (hung_up(connection_)) return fail(ECONNRESET);
    if (patience_.count() > 0 && steady_clock::now() - began > patience_) return fail(EAGAIN);
  }
}

Result<UniqueFd> Channel::receive_descriptor() const {
  alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(4 * sizeof(int))> control{};
  msghdr message{};
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  // The server sends it before it hands over.
  if (::recvmsg(side_.raw(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) < 0) return fail(EPROTO);
  std::vector<UniqueFd> all = received_descriptors(message);
  if (all.size() != 1 || (message.msg_flags & MSG_CTRUNC) != 0) return fail(EPROTO);
  return std::move(all.front());
}

}  // namespace p9client
