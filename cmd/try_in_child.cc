#include "cmd/try_in_child.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "cmd/report.h"
#include "sandbox/failure.h"
#include "spec/base/fd.h"

namespace cmd {
namespace {

using base::Outcome;

struct Answer {
  bool done = false;
  std::array<char, 201> text{};
  sandbox::FlatProblem problem;
};

[[noreturn]] void answer(const std::function<Outcome<std::string>()>& step, base::Fd to) {
  Outcome<std::string> outcome = step();
  Answer answer{.done = outcome.has_value(), .text = {}, .problem = {}};
  if (outcome)
    std::copy_n(outcome->begin(), std::min(outcome->size(), answer.text.size() - 1),
                answer.text.begin());
  else
    answer.problem = sandbox::flatten(outcome.error());
  ::_exit(::write(to.raw(), &answer, sizeof answer) == sizeof answer ? 0 : 1);
}

}  // namespace

Outcome<std::string> try_in_child(const std::function<Outcome<std::string>()>& step) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return base::failure(failed_call("doctor", "no pipe", "pipe2"));
  base::UniqueFd reading(ends[0]);
  base::UniqueFd writing(ends[1]);
  pid_t pid = ::fork();
  if (pid < 0) return base::failure(failed_call("doctor", "no process", "fork"));
  if (pid == 0) answer(step, writing);
  writing.reset();
  Answer heard;
  ssize_t size = ::read(reading.raw(), &heard, sizeof heard);
  ::waitpid(pid, nullptr, 0);
  if (size != sizeof heard)
    return base::failure(
        base::Problem{.step = "doctor", .what = "the process that tried it was ended"});
  if (!heard.done) return base::failure(sandbox::unflatten(heard.problem));
  return std::string(heard.text.data());
}

}  // namespace cmd
