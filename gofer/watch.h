// Watch: looking at a word for some microseconds before sleeping on it. Waking a sleeper on another
// processor can take longer than a whole request; a client that asks again at once finds its server
// awake.
#pragma once

#include <atomic>
#include <cstdint>

namespace gofer {

// How often watching was worth it, for one channel.
class Eagerness {
 public:
  // Whether to watch this time.
  bool take() {
    if (pause_ == 0) return true;
    --pause_;
    return false;
  }
  // Watching in vain makes it rarer: every other time, every fourth, up to every 256th.
  void note(bool worth_it) {
    misses_ = worth_it ? 0 : misses_ < kMostMisses ? misses_ + 1 : kMostMisses;
    pause_ = (1U << misses_) - 1;
  }

 private:
  static constexpr unsigned kMostMisses = 8;
  unsigned misses_ = 0;
  unsigned pause_ = 0;
};

// One for all channels of a connection: at most one of their threads watches, so that a connection
// never keeps more than one processor busy with waiting.
class Watch {
 public:
  // Until then nobody watches. To be called when the process may run on more than one processor: on
  // the only one the client could not run meanwhile.
  void allow() { allowed_ = true; }

  // Watches `word` while it is `value`, for some microseconds at most, if that is worth it.
  void look(const std::atomic<uint32_t>& word, uint32_t value, Eagerness& eagerness);

 private:
  bool allowed_ = false;
  std::atomic<bool> taken_ = false;
};

}  // namespace gofer
