// For programs that can do nothing about a failure but say so.
#pragma once

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace guest {

// Ends the program with what errno says, unless `good`.
inline void must(bool good, const std::string& what) {
  if (good) return;
  std::fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what.c_str(),
               std::strerror(errno));
  std::exit(1);
}

}  // namespace guest
