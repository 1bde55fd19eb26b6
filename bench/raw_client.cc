#include "bench/raw_client.h"

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>
namespace bench {
namespace {

constexpr std::size_t kNewfidAt = kBodyAt + 4;  // of Twalk

}  // namespace

RawClient::RawClient(base::UniqueFd socket) : socket_(std::move(socket)), replies_(socket_) {
  slots_.resize(kMostInFlight);
  queue_.reserve(kMostInFlight);
}

RawClient::RawClient(base::UniqueFd socket, Dialect dialect) : RawClient(std::move(socket)) {
  p9::Bytes agreed =
      call(support::RawFrame::of(p9::Tag{p9::kNoTag}, p9::Tversion{kMsize, version_of(dialect)}));
  if (load<uint8_t>(agreed.data() + kTypeAt) != p9::Rversion::kLine.type)
    throw std::runtime_error("the server agrees on no version");
  msize_ = load<uint32_t>(agreed.data() + kBodyAt);
  takes_descriptors_ = dialect == Dialect::kGoogle;
}

void RawClient::send(p9::Bytes frames) {
  if (!write_all(socket_, frames)) throw std::system_error(errno, std::generic_category(), "send");
}

std::span<std::byte> RawClient::receive() {
  for (;;) {
    std::span<std::byte> frame = replies_.buffered();
    if (!frame.empty()) return frame;
    bool more = takes_descriptors_ ? replies_.fill(descriptor_) : replies_.fill();
    if (!more) throw std::runtime_error("the server went, or does not answer");
  }
}

p9::Bytes RawClient::call(p9::Bytes request) {
  send(request);
  return receive();
}

void RawClient::fly(Script& script, std::size_t in_flight, steady_clock::time_point end,
                    Times& times) {
  Flight flight{.script = script, .end = end, .times = times};
  for (std::size_t slot = 0; slot < in_flight; ++slot) begin(flight, slot, steady_clock::now());
  flush();
  for (std::size_t flying = in_flight; flying > 0; flush()) {
    for (std::span<std::byte> reply = receive(); !reply.empty(); reply = replies_.buffered())
      if (!advance(flight, reply)) --flying;
  }
}

void RawClient::begin(const Flight& flight, std::size_t slot, steady_clock::time_point now) {
  slots_[slot] = {.step = 0, .begin = now};
  queue(flight.script.front(), slot);
}

bool RawClient::advance(const Flight& flight, p9::Bytes reply) {
  std::size_t slot = load<uint16_t>(reply.data() + kTagAt);
  Slot& state = slots_.at(slot);
  expect(flight.script[state.step], reply);
  if (++state.step < flight.script.size()) {
    queue(flight.script[state.step], slot);
    return true;
  }
  auto now = steady_clock::now();
  flight.times.add(now - state.begin);
  if (now >= flight.end) return false;
  begin(flight, slot, now);
  return true;
}

void RawClient::queue(Step& step, std::size_t slot) {
  std::size_t index = step.per_operation ? next_operation_++ % step.frames.size() : slot;
  std::byte* frame = step.frames[index].data();
  if (step.per_operation) {
    store(frame + kTagAt, static_cast<uint16_t>(slot));
    store(frame + kNewfidAt, own_fid(slot).value);
  }
  queue_.push_back({.iov_base = frame, .iov_len = step.frames[index].size()});
}

// One writev(2), unless the socket takes less.
void RawClient::flush() {
  if (queue_.empty()) return;
  std::size_t all = 0;
  for (const iovec& part : queue_) all += part.iov_len;
  ssize_t n = ::writev(socket_.raw(), queue_.data(), static_cast<int>(queue_.size()));
  if (n < 0) throw std::system_error(errno, std::generic_category(), "writev");
  auto sent = static_cast<std::size_t>(n);
  if (sent < all) {
    for (const iovec& part : queue_) {
      std::size_t done = std::min(sent, part.iov_len);
      send(std::span(static_cast<const std::byte*>(part.iov_base), part.iov_len).subspan(done));
      sent -= done;
    }
  }
  queue_.clear();
}

}  // namespace bench
