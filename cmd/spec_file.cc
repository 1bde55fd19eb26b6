#include "cmd/spec_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "spec/base/fd.h"
#include "spec/json.h"

namespace cmd {
namespace {

using base::Outcome;
using base::UniqueFd;

base::Problem problem(const Options& options, const char* what, const char* call,
                      const char* expected) {
  int error = errno;
  bool denied = error == EACCES || error == EPERM;
  return {.exit = denied ? base::ExitCode::kNoPermission : base::ExitCode::kBadSpec,
          .step = "spec",
          .where = spec_name(options),
          .what = what,
          .expected = expected,
          .syscall = call,
          .error = error};
}

Outcome<UniqueFd> open_spec(const Options& options) {
  if (options.spec_fd) {
    UniqueFd fd(*options.spec_fd);
    // A pipe has no offset to go back to; anything else is read from its start.
    if (::lseek(fd.raw(), 0, SEEK_SET) < 0 && errno != ESPIPE) {
      auto failed = problem(options, "cannot be read", "lseek", "expected an open descriptor");
      failed.exit = base::ExitCode::kUsage;
      failed.where = "--spec-fd " + std::to_string(fd.release());  // it was never open
      return base::failure(failed);
    }
    return fd;
  }
  UniqueFd fd(::open(options.spec.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!fd.valid())
    return base::failure(
        problem(options, "cannot be opened", "open", "expected the config.json of an OCI bundle"));
  return fd;
}

}  // namespace

std::string spec_name(const Options& options) {
  return options.spec_fd ? "descriptor " + std::to_string(*options.spec_fd) : options.spec;
}

Outcome<std::string> read_spec(const Options& options) {
  UniqueFd fd = TRY(open_spec(options));
  struct stat status = {};
  if (::fstat(fd.raw(), &status) != 0)
    return base::failure(problem(options, "cannot be read", "fstat", ""));
  errno = 0;
  if (!S_ISREG(status.st_mode) && !(options.spec_fd && S_ISFIFO(status.st_mode)))
    return base::failure(problem(options, "is no regular file", "", "expected a JSON text"));
  constexpr std::size_t kLimit = spec::JsonLimits{}.bytes;
  std::string text;
  char buffer[16384];
  // One byte more than allowed is enough for the parser to refuse it.
  while (text.size() <= kLimit) {
    ssize_t n = ::read(fd.raw(), buffer, sizeof buffer);
    if (n == 0) break;
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return base::failure(problem(options, "cannot be read", "read", ""));
    text.append(buffer, static_cast<std::size_t>(n));
  }
  return text;
}

}  // namespace cmd
