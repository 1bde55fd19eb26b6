// gofer: serves the mounts of an OCI bundle over 9P, each from its own jail.
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>

#include "cmd/check.h"
#include "cmd/launcher.h"
#include "cmd/options.h"
#include "cmd/report.h"
#include "cmd/runsc.h"
#include "cmd/subcommands.h"

namespace {

// Whoever starts us with these closed would get their log lines into a file or socket of ours.
bool standard_descriptors_are_open() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd)
    if (::fcntl(fd, F_GETFD) < 0 && ::open("/dev/null", O_RDWR) != fd) return false;
  return true;
}

int run(int argc, char** argv) {
  if (cmd::is_runsc_line(argc, argv)) return cmd::serve_runsc(argc, argv);
  if (const cmd::Subcommand* subcommand = cmd::find_subcommand(argc, argv))
    return cmd::run_subcommand(*subcommand, cmd::CommandWords(argv + 2, argv + argc));
  auto options = cmd::parse_options(argc, argv);
  if (!options) return cmd::report(options.error(), base::LogFormat::kText);
  switch (options->mode) {
    case cmd::Mode::kHelp:
      return std::fputs(cmd::help_text().c_str(), stdout) < 0;
    case cmd::Mode::kVersion:
      return std::fputs(cmd::version_text().c_str(), stdout) < 0;
    case cmd::Mode::kCheck:
      return cmd::check(*options);
    case cmd::Mode::kServe:
      return cmd::serve(*options);
  }
  return static_cast<int>(base::ExitCode::kInternal);
}

}  // namespace

// No destructor runs at the end: the supervisor is under a filter that knows no munmap(2).
int main(int argc, char** argv) {
  if (!standard_descriptors_are_open()) ::_exit(static_cast<int>(base::ExitCode::kInternal));
  int status = run(argc, argv);
  std::fflush(stdout);
  ::_exit(status);
}
