// Limits: resource limits and the one-way switches of prctl(2).
#pragma once

#include <cstdint>

#include "spec/base/problem.h"

namespace sandbox {

struct Limits {
  uint64_t descriptors = 4096;  // RLIMIT_NOFILE
  uint64_t address_space = 0;   // RLIMIT_AS in bytes; 0: as inherited. Not in instrumented builds.
};

// NOFILE; and 0 for core dumps, processes, locked memory, message queues, real-time priority.
// Errors: EPERM for more descriptors than the hard limit allows.
base::Outcome<void> set_limits(const Limits& limits);

base::Outcome<void> set_no_new_privs();

// Memory is either writable or executable for ever (PR_SET_MDWE, Linux 6.3). Returns false where
// the kernel lacks it.
base::Outcome<bool> deny_write_execute();

// Whether deny_write_execute() would do something here.
bool can_deny_write_execute();

// How soon this process, and what it forks, goes when memory is short (man 5 proc, oom_score_adj).
// Needs /proc. Errors: EACCES for less than now without CAP_SYS_RESOURCE.
base::Outcome<void> set_oom_score_adj(int score);

// Whether other processes of the user may look into this one (PR_SET_DUMPABLE).
base::Outcome<void> set_dumpable(bool dumpable);

}  // namespace sandbox
