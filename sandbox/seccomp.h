// install_filter: the last step of every lockdown.
#pragma once

#include <linux/filter.h>

#include <span>

#include "spec/base/problem.h"

namespace sandbox {

// From its return on, every system call of this process, in all its threads, is judged by
// `program`; there is no way back. man 2 seccomp: SECCOMP_SET_MODE_FILTER with TSYNC.
// Needs no_new_privs, which is checked even where a privileged caller could do without. Refused: a
// program that is empty or longer than BPF_MAXINSNS; a kernel without seccomp filters or that does
// not know SECCOMP_RET_KILL_PROCESS and would kill one thread alone (kUnavailable).
base::Outcome<void> install_filter(std::span<const sock_filter> program);

}  // namespace sandbox
