#include "sandbox/failure.h"

#include <algorithm>
#include <span>

namespace sandbox {
namespace {

void put(std::string_view text, std::span<char> room) {
  std::size_t length = std::min(text.size(), room.size() - 1);
  std::copy_n(text.begin(), length, room.begin());
  room[length] = '\0';
}

std::string take(std::span<const char> room) {
  return {room.begin(), std::find(room.begin(), room.end(), '\0')};
}

}  // namespace

base::ExitCode exit_code_of(int error) {
  switch (error) {
    case ENOSYS:
    case EINVAL:
    case EOPNOTSUPP:
      return base::ExitCode::kUnavailable;
    case EPERM:
    case EACCES:
    case EROFS:
      return base::ExitCode::kNoPermission;
    default:
      return base::ExitCode::kInternal;
  }
}

base::Problem problem_of(const Call& call, base::Errno error) {
  return {.exit = exit_code_of(error.code()),
          .step = std::string(call.step),
          .where = std::string(call.where),
          .what = std::string(call.what),
          .expected = std::string(call.remedy),
          .syscall = std::string(call.syscall),
          .error = error.code()};
}

FlatProblem flatten(const base::Problem& problem) {
  FlatProblem flat;
  flat.exit = static_cast<int>(problem.exit);
  flat.error = problem.error;
  put(problem.step, flat.step);
  put(problem.where, flat.where);
  put(problem.syscall, flat.syscall);
  put(problem.what, flat.what);
  put(problem.expected, flat.expected);
  return flat;
}

base::Problem unflatten(const FlatProblem& flat) {
  return {.exit = static_cast<base::ExitCode>(flat.exit),
          .step = take(flat.step),
          .where = take(flat.where),
          .what = take(flat.what),
          .expected = take(flat.expected),
          .syscall = take(flat.syscall),
          .error = flat.error};
}

}  // namespace sandbox
