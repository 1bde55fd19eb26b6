#include "spec/base/problem.h"

#include <cstring>

namespace base {

std::string errno_name(int error) {
  const char* name = strerrorname_np(error);
  return name != nullptr ? name : std::to_string(error);
}

std::string to_line(const Problem& problem) {
  std::string line = problem.step;
  if (!problem.where.empty()) line += ": " + problem.where;
  line += ": " + problem.what;
  if (problem.error != 0) {
    line += " (" + (problem.syscall.empty() ? std::string("errno") : problem.syscall) + ": " +
            errno_name(problem.error) + ", " + std::strerror(problem.error) + ")";
  }
  if (!problem.expected.empty()) line += "; " + problem.expected;
  for (char& c : line)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  return line;
}

}  // namespace base
