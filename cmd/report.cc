#include "cmd/report.h"

#include <cerrno>
#include <cstdio>
#include <string>

namespace cmd {
namespace {

constexpr base::Fd kStderr{2};

}  // namespace

base::Problem failed_call(const char* step, const char* what, const char* call) {
  return {.step = step, .where = {}, .what = what, .syscall = call, .error = errno};
}

int report(const base::Problem& problem, base::LogFormat format) {
  std::string line = to_line(problem);
  base::Log log(kStderr, format, base::LogLevel::kError, "gofer");
  switch (format) {
    case base::LogFormat::kText:
      std::fprintf(stderr, "gofer: %s\n", line.c_str());
      break;
    case base::LogFormat::kJson:
      log.write(base::LogLevel::kError, "failed", {{"message", line}});
      break;
    case base::LogFormat::kShim:
      log.write(base::LogLevel::kError, line);
      break;
  }
  return static_cast<int>(problem.exit);
}

int report(const base::Problem& problem, const Options& options) {
  if (options.runsc && options.runsc->log_fd)
    base::Log(base::Fd(*options.runsc->log_fd), base::LogFormat::kShim, base::LogLevel::kError,
              "gofer")
        .write(base::LogLevel::kError, to_line(problem));
  return report(problem, options.log_format);
}

}  // namespace cmd
