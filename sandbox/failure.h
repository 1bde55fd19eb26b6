// Failures of the jail: from an errno to the Problem an operator reads, and through a socket.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "spec/base/problem.h"
#include "spec/base/result.h"

namespace sandbox {

// A system call that a step needs, in the operator's words.
struct Call {
  std::string_view step;     // "root", "landlock" ...
  std::string_view where;    // JSON pointer of the mount, or empty
  std::string_view syscall;  // "open_tree"
  std::string_view what;     // "cannot clone the source"
  std::string_view remedy;   // the likely cause and what to do about it; may be empty
};

// ENOSYS, EINVAL, EOPNOTSUPP: the kernel lacks something (kUnavailable); EPERM, EACCES, EROFS: not
// allowed (kNoPermission); all else kInternal.
base::ExitCode exit_code_of(int error);

// The Problem of a call that failed with `error`.
base::Problem problem_of(const Call& call, base::Errno error);

// The value of a Result, or the Problem of the call that it came from.
template <class T>
base::Outcome<T> required(base::Result<T> result, const Call& call) {
  if (!result) return base::failure(problem_of(call, result.error()));
  if constexpr (std::is_void_v<T>) {
    return {};
  } else {
    return *std::move(result);
  }
}

// A Problem as a flat, trivially copyable struct: what a child process can send its parent.
// Texts are NUL-terminated and cut to fit.
struct FlatProblem {
  int exit = 0;
  int error = 0;
  std::array<char, 48> step{};
  std::array<char, 256> where{};
  std::array<char, 32> syscall{};
  std::array<char, 256> what{};
  std::array<char, 512> expected{};
};

FlatProblem flatten(const base::Problem& problem);

// Defined for any bytes.
base::Problem unflatten(const FlatProblem& flat);

}  // namespace sandbox
