// The futex(2) calls of this program: waiting for a word to change, and waking who waits; and
// watching it for a moment before.
#pragma once

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>

#include "spec/base/result.h"

namespace base {

// Whether the word is waited on by other processes, too.
enum class FutexScope : int { kShared = 0, kPrivate = FUTEX_PRIVATE_FLAG };

inline constexpr uint32_t kWakeAll = INT32_MAX;

// Sleeps while `word` is `expected`, until `limit` if there is one (relative, borrowed). Returns at
// any time and for no reason as well: callers look at the word again. Errors: EFAULT when the
// word's memory cannot be had; ETIMEDOUT.
inline Result<void> futex_wait(std::atomic<uint32_t>& word, uint32_t expected, FutexScope scope,
                               const timespec* limit = nullptr) {
  long waited = ::syscall(SYS_futex, &word, static_cast<long>(FUTEX_WAIT | static_cast<int>(scope)),
                          static_cast<long>(expected), limit, nullptr, 0L);
  if (waited == 0 || errno == EAGAIN || errno == EINTR) return {};
  return fail_errno();
}

// The same, for at most `limit`.
inline Result<void> futex_wait_for(std::atomic<uint32_t>& word, uint32_t expected, FutexScope scope,
                                   std::chrono::milliseconds limit) {
  timespec time{.tv_sec = limit.count() / 1000, .tv_nsec = limit.count() % 1000 * 1'000'000};
  return futex_wait(word, expected, scope, &time);
}

// Wakes up to `count` of those that sleep on `word`.
inline void futex_wake(std::atomic<uint32_t>& word, uint32_t count, FutexScope scope) {
  ::syscall(SYS_futex, &word, static_cast<long>(FUTEX_WAKE | static_cast<int>(scope)),
            static_cast<long>(count), nullptr, nullptr, 0L);
}

// As long as it takes to wake a sleeper on another processor of a virtual machine, and to answer.
inline constexpr std::chrono::microseconds kWatch{40};

// Looks at `word` for kWatch at most, without sleeping, while it is `value`. Whether it changed.
inline bool watch_while(const std::atomic<uint32_t>& word, uint32_t value) {
  using std::chrono::steady_clock;
  for (auto end = steady_clock::now() + kWatch; steady_clock::now() < end;)
    for (int i = 0; i < 16; ++i) {
      if (word.load(std::memory_order_relaxed) != value) return true;
      __builtin_ia32_pause();
    }
  return false;
}

}  // namespace base
