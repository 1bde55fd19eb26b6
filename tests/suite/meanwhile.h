// Meanwhile: what the host does while a client is at work.
#pragma once

#include <atomic>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>
#include <utility>

namespace suite {

// How often something is tried: `usual`, or as often as the environment's GOFER_ROUNDS says.
inline int rounds_or(int usual) {
  const char* asked = std::getenv("GOFER_ROUNDS");
  return asked == nullptr ? usual : std::stoi(asked);
}

// How often a client tries what the host may spoil.
#ifdef GOFER_INSTRUMENTED
inline constexpr int kRoundsMeanwhile = 2'000;
#else
inline constexpr int kRoundsMeanwhile = 20'000;
#endif

// Does the same thing over and over in a thread of the host, until it goes out of scope.
class Meanwhile {
 public:
  explicit Meanwhile(std::function<void()> action)
      : thread_([this, action = std::move(action)] {
          while (!stop_.load(std::memory_order_relaxed)) {
            action();
            ++times_;
            std::this_thread::yield();  // or it would hold the directory's lock nearly always
          }
        }) {}
  Meanwhile(const Meanwhile&) = delete;
  Meanwhile& operator=(const Meanwhile&) = delete;
  ~Meanwhile() { stop(); }
  void stop() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }
  long times() const { return times_; }

 private:
  std::atomic<bool> stop_ = false;
  std::atomic<long> times_ = 0;
  std::thread thread_;
};

}  // namespace suite
