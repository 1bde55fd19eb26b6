#include "sandbox/seccomp.h"

#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <utility>

#include "spec/base/result.h"

namespace sandbox {
namespace {

std::unexpected<base::Problem> trouble(std::string what, std::string syscall = "", int error = 0) {
  bool missing = error == ENOSYS || error == EINVAL || error == EOPNOTSUPP;
  return base::failure(
      base::Problem{.exit = missing ? base::ExitCode::kUnavailable : base::ExitCode::kInternal,
                    .step = "seccomp",
                    .what = std::move(what),
                    .expected = missing ? "needs CONFIG_SECCOMP_FILTER and Linux 4.14" : "",
                    .syscall = std::move(syscall),
                    .error = error});
}

long seccomp(unsigned operation, unsigned flags, const void* args) {
  return ::syscall(SYS_seccomp, operation, flags, args);
}

}  // namespace

base::Outcome<void> install_filter(std::span<const sock_filter> program) {
  if (program.empty() || program.size() > BPF_MAXINSNS)
    return trouble("the filter has " + std::to_string(program.size()) + " instructions");
  if (::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) return trouble("no_new_privs is not set");
#ifdef GOFER_MUTANT_NO_FILTER
  return {};  // the mutant proves that the other layers hold without this one
#endif
  uint32_t action = SECCOMP_RET_KILL_PROCESS;
  if (seccomp(SECCOMP_GET_ACTION_AVAIL, 0, &action) != 0)
    return trouble("the kernel cannot kill a process by filter", "seccomp", errno);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): the kernel only reads it
  sock_fprog description{.len = static_cast<unsigned short>(program.size()),
                         .filter = const_cast<sock_filter*>(program.data())};
  long result = seccomp(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &description);
  if (result > 0)
    return trouble("thread " + std::to_string(result) + " cannot be brought under the filter");
  if (result < 0) return trouble("the filter cannot be installed", "seccomp", errno);
  return {};
}

}  // namespace sandbox
