// What a hostile client has of a channel, and what it does to it.
#pragma once

#include <fcntl.h>
#include <linux/futex.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

#include "cmd/p9/channel.h"
#include "spec/base/futex.h"
#include "tests/support/descriptors.h"
#include "tests/support/gofer_process.h"

namespace suite {

// The client's end without any manners.
class LawlessChannel {
 public:
  explicit LawlessChannel(p9client::Channel::Parts parts) : parts_(std::move(parts)) { map(); }

  base::Fd memory() const { return parts_.memory; }
  uint64_t offset() const { return parts_.offset; }
  base::Fd side() const { return parts_.side; }
  void close_side() { parts_.side.reset(); }
  std::span<std::byte> window() const { return window_->bytes(); }
  std::span<std::byte> datagram() const { return window().subspan(p9::kDatagram); }
  p9::WindowHeader& header() const { return *reinterpret_cast<p9::WindowHeader*>(window().data()); }

  void unmap() { window_.reset(); }
  void map() {
    auto window = p9client::Mapping::of(parts_.memory, parts_.offset, parts_.length);
    if (!window) throw std::runtime_error("a window cannot be mapped");
    window_.emplace(*std::move(window));
  }

  // Writes what fits of it, whatever the length says.
  void put(std::span<const std::byte> bytes) const {
    std::memcpy(datagram().data(), bytes.data(), std::min(bytes.size(), datagram().size()));
  }
  void say(uint32_t state, std::size_t length) const {
    header().length = static_cast<uint32_t>(length);
    header().state = state;
  }
  void wake(uint32_t count = 1) const {
    base::futex_wake(header().state, count, base::FutexScope::kShared);
  }
  void give(std::size_t length) const {
    say(p9::kServerActive, length);
    wake();
  }

  // Waits until the server has passed the turn or ended the channel; says which state that is.
  uint32_t settle() const {
    auto end = std::chrono::steady_clock::now() + support::kDeadline;
    for (;;) {
      uint32_t state = header().state;
      if (state == p9::kClientActive || state == p9::kShutDown) return state;
      if (std::chrono::steady_clock::now() > end)
        throw std::runtime_error("the server neither answers nor ends the channel");
      (void)base::futex_wait_for(header().state, state, base::FutexScope::kShared,
                                 std::chrono::milliseconds(5));
    }
  }
  // Breaks the rules for certain. Whether the server has ended the channel before cannot be known
  // where its word on that may have been overwritten; this gives it the time.
  void give_up() const {
    constexpr uint32_t kNone = 77;
    header().state = kNone;
    wake(base::kWakeAll);
    (void)base::futex_wait_for(header().state, kNone, base::FutexScope::kShared,
                               std::chrono::milliseconds(2));
  }

 private:
  p9client::Channel::Parts parts_;
  std::optional<p9client::Mapping> window_;
};

// A thread that writes to shared memory while the test goes on.
class Scribbler {
 public:
  struct Lie {
    std::size_t at = 0;            // in the window
    std::array<uint8_t, 4> one{};  // written in turns, `size` bytes of them
    std::array<uint8_t, 4> other{};
    std::size_t size = 1;
  };

  Scribbler() : thread_([this] { live(); }) {}
  Scribbler(const Scribbler&) = delete;
  Scribbler& operator=(const Scribbler&) = delete;
  ~Scribbler() {
    {
      std::scoped_lock lock(mutex_);
      done_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  void start(std::byte* window, std::vector<Lie> lies) {
    std::scoped_lock lock(mutex_);
    window_ = window;
    lies_ = std::move(lies);
    stop_ = false;
    changed_.notify_all();
  }
  // On return it does not write any more.
  void stop() {
    stop_ = true;
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return window_ == nullptr; });
  }

 private:
  void live() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [&] { return done_ || window_ != nullptr; });
      if (done_) return;
      for (bool odd = false; !stop_; odd = !odd)
        for (const Lie& lie : lies_)
          for (std::size_t i = 0; i < lie.size; ++i)
            write(window_[lie.at + i], odd ? lie.one[i] : lie.other[i]);
      window_ = nullptr;
      changed_.notify_all();
    }
  }
  static void write(std::byte& where, uint8_t what) {
    std::atomic_ref(where).store(std::byte{what}, std::memory_order_relaxed);
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::atomic<bool> stop_ = true;
  bool done_ = false;
  std::byte* window_ = nullptr;
  std::vector<Lie> lies_;
  std::thread thread_;
};

// Threads that sleep on the state of a channel, and so take wake-ups that are meant for the server.
class Sleepers {
 public:
  Sleepers(const LawlessChannel& channel, std::size_t count) : channel_(channel) {
    for (std::size_t i = 0; i < count; ++i) threads_.emplace_back([this] { sleep(); });
    while (asleep_ < count) std::this_thread::yield();
  }
  Sleepers(const Sleepers&) = delete;
  Sleepers& operator=(const Sleepers&) = delete;
  ~Sleepers() {
    done_ = true;
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  void sleep() {
    ++asleep_;
    std::atomic<uint32_t>& state = channel_.header().state;
    while (!done_)
      (void)base::futex_wait_for(state, state, base::FutexScope::kShared,
                                 std::chrono::milliseconds(1));
  }

  const LawlessChannel& channel_;
  std::atomic<bool> done_ = false;
  std::atomic<std::size_t> asleep_ = 0;
  std::vector<std::thread> threads_;
};

// Moves whoever sleeps on `from` to `to`, where nobody will wake them: FUTEX_CMP_REQUEUE.
inline void lead_astray(std::atomic<uint32_t>& from, std::atomic<uint32_t>& to) {
  ::syscall(SYS_futex, &from, FUTEX_CMP_REQUEUE, 0, INT32_MAX, &to, from.load());
}

// Sends descriptors over `socket` until it takes no more; says how many packets it took.
inline int flood(base::Fd socket, int most) {
  const std::vector<base::Fd> logs(64, base::Fd(STDERR_FILENO));
  int taken = 0;
  while (taken < most &&
         support::send_descriptors(socket, {}, logs, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
    ++taken;
  return taken;
}

}  // namespace suite
