#include "gofer/window.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

#include "gofer/p9/messages.h"
#include "spec/base/futex.h"

namespace gofer {
namespace {

using base::fail;
using base::FutexScope;
using base::Result;

void copy(std::span<std::byte> to, p9::Bytes from) {
  std::memcpy(to.data(), from.data(), from.size());
  // A compiler may take the source for as good as the copy, and read it a second time.
  std::atomic_signal_fence(std::memory_order_seq_cst);
}

}  // namespace

p9::WindowHeader& Window::header() const {
  return *std::launder(reinterpret_cast<p9::WindowHeader*>(memory_.data()));
}

Result<std::size_t> Window::wait() {
  TRY(wait_for_turn());
  turn_ = 1;
  Result<std::size_t> length = stopped_ ? fail(ESHUTDOWN) : judged_length();
  if (!length) end_turn();
  return length;
}

Result<std::size_t> Window::judged_length() const {
  std::size_t length = header().length.load(std::memory_order_relaxed);
  if (length == 0) return fail(ESHUTDOWN);
  if (length < p9::kDatagramHeader || length > p9::kDatagramCapacity) return fail(EBADMSG);
  return length;
}

Result<void> Window::wait_for_turn() {
  if (watch_ != nullptr) watch_->look(header().state, p9::kClientActive, eagerness_);
  while (!stopped_) {
    switch (header().state.load(std::memory_order_acquire)) {
      case p9::kServerActive:
        return {};
      case p9::kClientActive:
        TRY(base::futex_wait(header().state, p9::kClientActive, FutexScope::kShared));
        break;
      case p9::kShutDown:
        return fail(ESHUTDOWN);
      default:
        return fail(EBADMSG);
    }
  }
  return fail(ESHUTDOWN);
}

p9::Datagram Window::take(std::size_t length, std::span<std::byte> room) const {
  p9::Bytes datagram = p9::Bytes(memory_).subspan(p9::kDatagram, length);
  std::size_t fixed = std::min(length, p9::kWriteFixed);
  copy(room, datagram.first(fixed));
  if (std::to_integer<uint8_t>(room[0]) == p9::Twrite::kLine.type)
    return {.bytes = room.first(fixed), .payload = datagram.subspan(fixed)};
  copy(room.subspan(fixed), datagram.subspan(fixed));
  return {.bytes = room.first(length), .payload = {}};
}

Result<void> Window::hand_over(std::size_t length) {
  header().length.store(static_cast<uint32_t>(length), std::memory_order_relaxed);
  uint32_t own = p9::kServerActive;
  bool passed =
      header().state.compare_exchange_strong(own, p9::kClientActive, std::memory_order_acq_rel);
  if (passed) base::futex_wake(header().state, 1, FutexScope::kShared);
  end_turn();
  if (passed) return {};
  return fail(own == p9::kShutDown ? ESHUTDOWN : EBADMSG);
}

void Window::close() {
  show_end();
  end_turn();
}

void Window::show_end() {
  header().state.store(p9::kShutDown);
  base::futex_wake(header().state, base::kWakeAll, FutexScope::kShared);
}

void Window::end_turn() {
  turn_ = 0;
  if (stopped_) base::futex_wake(turn_, 1, FutexScope::kPrivate);
}

void Window::stop() {
  stopped_ = true;
  show_end();
  while (turn_ != 0) (void)base::futex_wait(turn_, 1, FutexScope::kPrivate);
}

}  // namespace gofer
