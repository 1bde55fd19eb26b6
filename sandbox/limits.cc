#include "sandbox/limits.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#include <array>
#include <string>

#include "sandbox/failure.h"
#include "sandbox/runtime.h"
#include "sandbox/sys.h"

namespace sandbox {
namespace {

// <linux/prctl.h> of Debian 12 is older than the switches.
constexpr int kPrSetMdwe = 65;
constexpr int kPrGetMdwe = 66;
constexpr unsigned long kMdweRefuseExecGain = 1;

constexpr std::array<__rlimit_resource, 6> kNothingOf = {
    RLIMIT_CORE, RLIMIT_NPROC, RLIMIT_MEMLOCK, RLIMIT_MSGQUEUE, RLIMIT_NICE, RLIMIT_RTPRIO,
};

base::Outcome<void> set(__rlimit_resource resource, uint64_t value, std::string_view name,
                        std::string_view remedy) {
  return required(sys::setrlimit(resource, {.rlim_cur = value, .rlim_max = value}),
                  {.step = "limits",
                   .where = name,
                   .syscall = "setrlimit",
                   .what = "cannot set the limit to " + std::to_string(value),
                   .remedy = remedy});
}

}  // namespace

base::Outcome<void> set_limits(const Limits& limits) {
  TRY(set(RLIMIT_NOFILE, limits.descriptors, "RLIMIT_NOFILE",
          "raise the hard limit (ulimit -Hn) or ask for fewer with --fd-limit"));
  for (__rlimit_resource resource : kNothingOf) TRY(set(resource, 0, "RLIMIT_*", {}));
  if (limits.address_space != 0 && !kInstrumented)
    TRY(set(RLIMIT_AS, limits.address_space, "RLIMIT_AS", {}));
  return {};
}

base::Outcome<void> set_no_new_privs() {
  TRY(required(sys::prctl(PR_SET_NO_NEW_PRIVS, 1), {.step = "no_new_privs",
                                                    .where = {},
                                                    .syscall = "prctl",
                                                    .what = "cannot set no_new_privs",
                                                    .remedy = {}}));
  return {};
}

base::Outcome<bool> deny_write_execute() {
  if (kInstrumented) return false;
  auto done = sys::prctl(kPrSetMdwe, kMdweRefuseExecGain);
  if (done) return true;
  if (done.error().code() == EINVAL) return false;
  return base::failure(problem_of({.step = "mdwe",
                                   .where = {},
                                   .syscall = "prctl",
                                   .what = "cannot refuse memory that is writable and executable",
                                   .remedy = "--without mdwe starts without it"},
                                  done.error()));
}

bool can_deny_write_execute() {
  return !kInstrumented && sys::prctl(kPrGetMdwe).has_value();
}

base::Outcome<void> set_oom_score_adj(int score) {
  std::string what = "cannot set it to " + std::to_string(score);
  Call call{.step = "limits",
            .where = "oom_score_adj",
            .syscall = "openat",
            .what = what,
            .remedy = "less than it is needs CAP_SYS_RESOURCE"};
  auto file = TRY(
      required(sys::openat(sys::kWorkingDirectory, "/proc/self/oom_score_adj", O_WRONLY), call));
  call.syscall = "write";
  return required(sys::write(file, std::to_string(score)), call);
}

base::Outcome<void> set_dumpable(bool dumpable) {
  TRY(required(sys::prctl(PR_SET_DUMPABLE, dumpable ? 1 : 0), {.step = "dumpable",
                                                               .where = {},
                                                               .syscall = "prctl",
                                                               .what = "cannot set dumpable",
                                                               .remedy = {}}));
  return {};
}

}  // namespace sandbox
