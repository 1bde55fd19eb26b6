// Window: the shared memory of one channel as the server sees it (gofer/p9/flipcall.h).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "gofer/p9/flipcall.h"
#include "gofer/watch.h"
#include "spec/base/result.h"

namespace gofer {

// The client may write anything anywhere in a window at any time. What it wrote is read once and
// judged afterwards; what the server writes it does not read again. One thread takes the turns;
// stop() alone is for another.
class Window {
 public:
  // `memory` is borrowed, shared with the client, and began as zeros.
  // `watch` is borrowed, and shared with other windows; without one wait() sleeps at once.
  explicit Window(std::span<std::byte, p9::kWindowSize> memory, Watch* watch = nullptr)
      : memory_(memory), watch_(watch) {}
  Window(const Window&) = delete;
  Window& operator=(const Window&) = delete;
  ~Window() = default;

  // Waits until it is the server's turn; returns the length of the datagram, which has at least
  // its header and fits into the window. Errors: ESHUTDOWN when either side has ended the channel
  // (a client may do so by a length of 0), EBADMSG when the client broke the rules, EFAULT when the
  // kernel cannot have the memory. What it returns is a turn, until hand_over() or close().
  base::Result<std::size_t> wait();

  // Copies the datagram of that length into `room`, which is as large as any, before anything looks
  // at it; but for the data of a Twrite, which stays where it is. Valid until hand_over().
  p9::Datagram take(std::size_t length, std::span<std::byte> room) const;

  // Where the reply goes.
  std::span<std::byte> reply_room() const { return memory_.subspan(p9::kDatagram); }

  // Passes the turn with a datagram of `length` bytes. Errors as for wait().
  base::Result<void> hand_over(std::size_t length);

  // Ends the channel for the client, which is woken up.
  void close();

  // From another thread: ends the channel for both sides. On return the turn under way is over, and
  // there will be no other, whatever the client does. It may keep the thread that sleeps in wait()
  // from being woken, by moving it to another word (futex(2), FUTEX_CMP_REQUEUE); that thread
  // sleeps on, then, and gets no turn when it wakes.
  void stop();

 private:
  p9::WindowHeader& header() const;
  base::Result<void> wait_for_turn();
  base::Result<std::size_t> judged_length() const;
  void end_turn();
  void show_end();

  std::span<std::byte, p9::kWindowSize> memory_;
  Watch* watch_;
  Eagerness eagerness_;
  std::atomic<uint32_t> turn_ = 0;  // 1: under way
  std::atomic<bool> stopped_ = false;
};

}  // namespace gofer
