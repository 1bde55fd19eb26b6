// Times: how long each of many operations took.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

namespace bench {

using std::chrono::nanoseconds;
using std::chrono::steady_clock;

class Times {
 public:
  // So that adding that many does not allocate.
  void reserve(std::size_t count) { all_.reserve(count); }
  void add(nanoseconds time) { all_.push_back(time); }

  template <class Round>
  void take(int rounds, Round&& round) {
    for (int i = 0; i < rounds; ++i) {
      auto begin = steady_clock::now();
      round();
      add(steady_clock::now() - begin);
    }
  }

  // One round after the other until `end`, but one at least.
  template <class Round>
  void take_until(steady_clock::time_point end, Round&& round) {
    auto begin = steady_clock::now();
    do {
      round();
      auto now = steady_clock::now();
      add(now - begin);
      begin = now;
    } while (begin < end);
  }

  std::size_t count() const { return all_.size(); }
  // In microseconds: `share` of the operations took no longer. There has been one at least.
  double quantile(double share) {
    auto at = all_.begin() + static_cast<std::ptrdiff_t>(share * double(all_.size() - 1));
    std::ranges::nth_element(all_, at);
    return double(at->count()) / 1000;
  }
  double median() { return quantile(0.5); }

 private:
  std::vector<nanoseconds> all_;
};

}  // namespace bench
