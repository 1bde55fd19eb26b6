#include "cmd/command.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "cmd/write_all.h"

namespace cmd {
namespace {

using base::Outcome;
using base::UniqueFd;

base::Problem problem(const char* what, const char* call) {
  return {.step = "command", .where = "--", .what = what, .syscall = call, .error = errno};
}

// What the shell answers for a command that cannot be run.
constexpr int kCannotRun = 126;
constexpr int kNotFound = 127;

// Reads to end of file; empty if the launcher gave up.
std::string read_gate(base::Fd gate) {
  std::string text;
  char buffer[4096];
  for (;;) {
    ssize_t n = ::read(gate.raw(), buffer, sizeof buffer);
    if (n > 0)
      text.append(buffer, static_cast<std::size_t>(n));
    else if (n == 0 || errno != EINTR)
      return text;
  }
}

[[noreturn]] void run(const std::vector<std::string>& words, const std::vector<UniqueFd>& sockets,
                      const sigset_t& mask, base::Fd gate) {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  std::string mounts = read_gate(gate);
  if (mounts.empty()) ::_exit(EXIT_FAILURE);
  ::setenv("GOFER_MOUNTS", mounts.c_str(), 1);  // NOLINT(concurrency-mt-unsafe): one thread
  for (const UniqueFd& socket : sockets) ::fcntl(socket.raw(), F_SETFD, 0);
  ::sigprocmask(SIG_SETMASK, &mask, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  std::vector<char*> argv;
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  ::execvp(argv[0], argv.data());
  int error = errno;
  std::fprintf(stderr, "gofer: command: %s: cannot be run (execve: %s)\n", argv[0],
               std::strerror(error));
  ::_exit(error == ENOENT ? kNotFound : kCannotRun);
}

}  // namespace

// NOLINTBEGIN(performance-unnecessary-value-param): the sockets are taken over
Outcome<Command> Command::fork_waiting(const std::vector<std::string>& words,
                                       std::vector<UniqueFd> sockets, const sigset_t& mask) {
  // NOLINTEND(performance-unnecessary-value-param)
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return base::failure(problem("no pipe for CMD", "pipe2"));
  UniqueFd reading(ends[0]);
  UniqueFd writing(ends[1]);
  pid_t pid = ::fork();
  if (pid < 0) return base::failure(problem("CMD cannot be started", "fork"));
  if (pid == 0) {
    writing.reset();
    run(words, sockets, mask, reading);
  }
  return Command(pid, std::move(writing));
}

Outcome<void> Command::release(const std::string& mounts) {
  if (!write_all(gate_, mounts))
    return base::failure(problem("CMD ended before it was released", "write"));
  gate_.reset();
  return {};
}

}  // namespace cmd
