#include "bench/processors.h"

#include <sched.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <string>
#include <system_error>

namespace bench {
namespace {

void check(bool good, const char* call) {
  if (!good) throw std::system_error(errno, std::generic_category(), call);
}

cpu_set_t allowed() {
  cpu_set_t all;
  check(::sched_getaffinity(0, sizeof all, &all) == 0, "sched_getaffinity");
  return all;
}

void pin(pid_t thread, int processor) {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(static_cast<unsigned>(processor), &one);
  check(::sched_setaffinity(thread, sizeof one, &one) == 0, "sched_setaffinity");
}

}  // namespace

std::optional<Processors> two_processors() {
  const cpu_set_t all = allowed();
  std::array<int, 2> found{};
  std::size_t count = 0;
  for (std::size_t i = 0; i < CPU_SETSIZE && count < found.size(); ++i)
    if (CPU_ISSET(i, &all)) found[count++] = static_cast<int>(i);
  if (count < found.size()) return std::nullopt;
  return Processors{.client = found[0], .server = found[1]};
}

void pin_threads(pid_t process, int processor) {
  for (const auto& task :
       std::filesystem::directory_iterator("/proc/" + std::to_string(process) + "/task"))
    pin(std::stoi(task.path().filename()), processor);
}

Pinned::Pinned(int processor) : before_(allowed()) {
  pin(0, processor);
}

Pinned::~Pinned() {
  ::sched_setaffinity(0, sizeof before_, &before_);
}

}  // namespace bench
