// Problem: why a start failed, told to the operator in one line. Requests use Errno instead.
#pragma once

#include <expected>
#include <string>

#include "spec/base/exit_code.h"
#include "spec/base/result.h"

namespace base {

struct Problem {
  ExitCode exit = ExitCode::kInternal;
  std::string step;      // which step failed: "options", "spec", "source", "namespaces" ...
  std::string where;     // option ("--io-fds"), JSON pointer ("/mounts/3/source"), file or path
  std::string what;      // what is wrong, as a clause without a full stop
  std::string expected;  // what was expected, or the likely cause and its remedy; may be empty
  std::string syscall;   // the system call that failed; empty when none did
  int error = 0;         // its errno
};

// "ENOENT", or the number for an errno that has no name.
std::string errno_name(int error);

// "step: where: what (syscall: errno text): expected", one line, no newline at the end.
std::string to_line(const Problem& problem);

// A value, or the Problem that ends the start.
template <class T>
using Outcome = std::expected<T, Problem>;

}  // namespace base
