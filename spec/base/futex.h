// The futex(2) calls of this program: waiting for a word to change, and waking who waits.
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

// Sleeps while `word` is `expected`. Returns at any time and for no reason as well: callers look at
// the word again. Errors: EFAULT when the word's memory cannot be had.
inline Result<void> futex_wait(std::atomic<uint32_t>& word, uint32_t expected, FutexScope scope) {
  long waited = ::syscall(SYS_futex, &word, static_cast<long>(FUTEX_WAIT | static_cast<int>(scope)),
                          static_cast<long>(expected), nullptr, nullptr, 0L);
  if (waited == 0 || errno == EAGAIN || errno == EINTR) return {};
  return fail_errno();
}

// The same for at most `limit`. Errors: ETIMEDOUT, too.
inline Result<void> futex_wait_for(std::atomic<uint32_t>& word, uint32_t expected, FutexScope scope,
                                   std::chrono::milliseconds limit) {
  timespec time{.tv_sec = limit.count() / 1000, .tv_nsec = limit.count() % 1000 * 1'000'000};
  long waited = ::syscall(SYS_futex, &word, FUTEX_WAIT | static_cast<int>(scope), expected, &time,
                          nullptr, 0);
  if (waited == 0 || errno == EAGAIN || errno == EINTR) return {};
  return fail_errno();
}

// Wakes up to `count` of those that sleep on `word`.
inline void futex_wake(std::atomic<uint32_t>& word, uint32_t count, FutexScope scope) {
  ::syscall(SYS_futex, &word, static_cast<long>(FUTEX_WAKE | static_cast<int>(scope)),
            static_cast<long>(count), nullptr, nullptr, 0L);
}

}  // namespace base
