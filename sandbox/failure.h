// Failures of the jail: from an errno to the Problem an operator reads, and through a pipe.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "spec/base/problem.h"
#include "spec/base/result.h"

namespace sandbox {

// ENOSYS, EINVAL, EOPNOTSUPP: the kernel lacks something (kUnavailable); EPERM, EACCES, EROFS: not
// allowed (kNoPermission); all else kInternal.
base::ExitCode exit_code_of(int error);

// A system call of a step failed. `remedy` is the likely cause and what to do about it.
base::Problem call_failed(std::string_view step, std::string_view where, std::string_view what,
                          std::string_view syscall, base::Errno error,
                          std::string_view remedy = {});

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

// Safe for any bytes: the sender may have been taken over.
base::Problem unflatten(const FlatProblem& flat);

}  // namespace sandbox
