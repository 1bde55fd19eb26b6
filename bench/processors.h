// Which processors the two sides of a measurement run on.
#pragma once

#include <sys/types.h>

#include <optional>

namespace bench {

struct Processors {
  int client = 0;
  int server = 0;
};

// The first two processors that this process may use; none if there are not two.
std::optional<Processors> two_processors();

// A thread, 0 being this one; its children inherit it. Throws std::system_error, as the next.
void pin(pid_t thread, int processor);
// Every thread that a process has by now.
void pin_threads(pid_t process, int processor);

}  // namespace bench
