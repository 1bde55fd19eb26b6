// Which processors the two sides of a measurement run on.
#pragma once

#include <sched.h>
#include <sys/types.h>

#include <optional>

namespace bench {

struct Processors {
  int client = 0;
  int server = 0;
};

// The first two processors that this process may use; none if there are not two.
std::optional<Processors> two_processors();

// Every thread that a process has by now; those that they make inherit it. Throws
// std::system_error.
void pin_threads(pid_t process, int processor);

// The calling thread is on one processor until this goes out of scope.
class [[nodiscard]] Pinned {
 public:
  explicit Pinned(int processor);  // throws std::system_error
  Pinned(const Pinned&) = delete;
  Pinned& operator=(const Pinned&) = delete;
  ~Pinned();

 private:
  cpu_set_t before_;
};

}  // namespace bench
