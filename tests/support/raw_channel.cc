#include "tests/support/raw_channel.h"

#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <new>
#include <system_error>
#include <utility>

#include "spec/base/futex.h"
#include "tests/support/descriptors.h"

namespace support {

RawChannel::RawChannel(base::Fd file, uint64_t offset, base::UniqueFd socket)
    : socket_(std::move(socket)) {
  void* memory = ::mmap(nullptr, p9::kWindowSize, PROT_READ | PROT_WRITE, MAP_SHARED, file.raw(),
                        static_cast<off_t>(offset));
  if (memory == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "mmap");
  memory_ = {static_cast<std::byte*>(memory), p9::kWindowSize};
}

RawChannel::RawChannel(RawChannel&& other) noexcept
    : socket_(std::move(other.socket_)),
      memory_(std::exchange(other.memory_, {})),
      last_(std::move(other.last_)) {}

RawChannel::~RawChannel() {
  if (!memory_.empty()) ::munmap(memory_.data(), memory_.size());
}

p9::WindowHeader& RawChannel::header() {
  return *std::launder(reinterpret_cast<p9::WindowHeader*>(memory_.data()));
}

void RawChannel::pass(uint32_t length) {
  header().length.store(length, std::memory_order_relaxed);
  header().state.store(p9::kServerActive, std::memory_order_release);
  base::futex_wake(header().state, 1, base::FutexScope::kShared);
}

// A server that was killed passes no turn, but its sockets close.
bool RawChannel::has_server() const {
  pollfd polled{.fd = socket_.raw(), .events = 0, .revents = 0};
  return ::poll(&polled, 1, 0) <= 0;
}

uint32_t RawChannel::wait() {
  constexpr std::chrono::milliseconds kLook{50};
  uint32_t state = p9::kServerActive;
  while ((state = header().state.load(std::memory_order_acquire)) == p9::kServerActive) {
    auto waited = base::futex_wait_for(header().state, state, base::FutexScope::kShared, kLook);
    if (!waited && waited.error().code() == ETIMEDOUT && !has_server()) return p9::kShutDown;
  }
  return state;
}

std::vector<std::byte> RawChannel::exchange(p9::Bytes bytes) {
  std::ranges::copy(bytes, datagram().begin());
  pass(static_cast<uint32_t>(bytes.size()));
  if (wait() != p9::kClientActive) return {};
  std::size_t length = std::min<std::size_t>(header().length, p9::kDatagramCapacity);
  std::span<std::byte> answer = datagram().first(length);
  return {answer.begin(), answer.end()};
}

bool RawChannel::shake_hands() {
  auto greeting = std::as_bytes(std::span(p9::kHandshake));
  return std::ranges::equal(exchange(greeting), greeting);
}

base::UniqueFd RawChannel::take_descriptor() {
  Received received = receive_descriptors(socket_, {}, MSG_DONTWAIT);
  if (received.bytes != 0 || received.descriptors.empty()) return {};
  return std::move(received.descriptors.front());
}

}  // namespace support
