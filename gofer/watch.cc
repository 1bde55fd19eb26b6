#include "gofer/watch.h"

#include <chrono>

namespace gofer {
namespace {

// A client that was asleep is up again by then, and has asked the next thing.
constexpr std::chrono::microseconds kLongest{40};

bool changes(const std::atomic<uint32_t>& word, uint32_t value) {
  using std::chrono::steady_clock;
  for (auto end = steady_clock::now() + kLongest; steady_clock::now() < end;)
    for (int i = 0; i < 16; ++i) {
      if (word.load(std::memory_order_relaxed) != value) return true;
      __builtin_ia32_pause();
    }
  return false;
}

}  // namespace

// The word is the client's: what is seen is judged by whoever takes the turn.
void Watch::look(const std::atomic<uint32_t>& word, uint32_t value, Eagerness& eagerness) {
  if (!allowed_ || !eagerness.take() || taken_.exchange(true)) return;
  eagerness.note(changes(word, value));
  taken_ = false;
}

}  // namespace gofer
