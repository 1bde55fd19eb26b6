#include "spec/base/problem.h"

#include <cstring>

namespace base {

std::string to_line(const Problem& problem) {
  std::string line = problem.step;
  if (!problem.where.empty()) line += ": " + problem.where;
  line += ": " + problem.what;
  if (problem.error != 0) {
    const char* name = strerrorname_np(problem.error);
    line += " (" + (problem.syscall.empty() ? std::string("errno") : problem.syscall) + ": " +
            (name != nullptr ? name : std::to_string(problem.error)) + ", " +
            strerrordesc_np(problem.error) + ")";
  }
  if (!problem.expected.empty()) line += "; " + problem.expected;
  for (char& c : line)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  return line;
}

}  // namespace base
