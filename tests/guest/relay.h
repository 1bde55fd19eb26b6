// Relay: carries bytes both ways between two connected stream sockets, in a thread of its own.
#pragma once

#include <thread>

#include "spec/base/fd.h"

namespace guest {

class Relay {
 public:
  // Until either side ends or fails, or `alive` becomes readable; then both sockets are closed at
  // once, since the one of a server and the one of a kernel have no half-open state. The thread
  // runs on `cpu`.
  Relay(base::UniqueFd left, base::UniqueFd right, base::UniqueFd alive, int cpu);
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;
  ~Relay();  // ends both

  // Ends both now, whatever is on its way.
  void stop();

 private:
  base::UniqueFd stop_;  // the thread has the other end
  std::thread thread_;
};

}  // namespace guest
