// ParkedThreads: threads that are made while a process may still make some, and that wait to be
// given work. They never end while the process serves, so that it needs no system call for that.
#pragma once

#include <pthread.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>

#include "spec/base/result.h"

namespace base {

class ParkedThreads {
 public:
  ParkedThreads() = default;
  ParkedThreads(const ParkedThreads&) = delete;
  ParkedThreads& operator=(const ParkedThreads&) = delete;
  // Ends the threads, all of which must be parked. A thread ends by system calls that no policy
  // has: a process under a filter ends without this.
  ~ParkedThreads();

  // Makes one more, with what the calling thread has (credentials, filter, working directory) but
  // every signal blocked, and a small stack. What a thread asks of the kernel at its beginning it
  // has asked when this returns. Errors: EAGAIN.
  Result<void> add();
  // Makes so many. Those that were made before an error are there.
  Result<void> add(std::size_t count);

  std::size_t size() const { return threads_.size(); }

  // Thread `index`, which is parked, does `work` once and is parked again.
  void run(std::size_t index, std::function<void()> work);
  // Waits until thread `index` is parked. What it did has happened before.
  void wait(std::size_t index);

 private:
  struct Thread {
    std::atomic<uint32_t> state = 0;
    std::function<void()> work;
    pthread_t id{};
  };
  static void* live(void* thread);

  std::deque<Thread> threads_;  // they stay where they are
};

}  // namespace base
