// compile(Policy): the BPF program that the kernel runs at every system call of a role. Used by the
// build tool and by tests; the product embeds its results and does not link libseccomp.
#pragma once

#include <linux/filter.h>

#include <optional>
#include <string>
#include <vector>

#include "spec/base/problem.h"
#include "spec/policy.h"

namespace sandbox {

struct Program {
  std::vector<sock_filter> instructions;  // never empty, at most 4096 (BPF_MAXINSNS)
  std::string text;                       // libseccomp's pseudo filter code, for people
};

// What no rule allows, any other ABI included (i386, x32), is answered SECCOMP_RET_KILL_PROCESS.
// Refused, with ExitCode::kBadSpec and the place of the rule: a name that libseccomp does not know,
// and a call that x86-64 does not have (libseccomp would leave it out without a word). The result
// depends on the policy and on libseccomp's version, not on the kernel that compiles.
base::Outcome<Program> compile(const spec::Policy& policy);

// The name of an x86-64 system call, or nothing if libseccomp knows none with this number.
std::optional<std::string> syscall_name(int number);

}  // namespace sandbox
