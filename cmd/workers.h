// Starts the workers and the pid 1 beside them, and waits until each is locked down.
#pragma once

#include <sys/types.h>

#include <vector>

#include "cmd/options.h"
#include "cmd/served.h"
#include "cmd/supervisor.h"
#include "sandbox/handshake.h"
#include "sandbox/skips.h"
#include "spec/base/fd.h"
#include "spec/base/log.h"
#include "spec/base/problem.h"

namespace cmd {

struct Jailed {
  std::vector<pid_t> pids;  // as the caller's pid namespace numbers them; by attach point
  std::vector<sandbox::JailReport> reports;  // by attach point
  pid_t init = -1;                           // pid 1 of the workers' pid namespace
  sandbox::JailReport init_report;
  bool named_violations = true;  // false: the kernel refused to trace a worker
};

// Forks pid 1 and one worker per attach point; `transports` corresponds to `served` by index and
// is closed here, so that a client sees the end of its worker. On return every filter is in force.
// A worker that fails ends the start with its own Problem; the others die with this process.
base::Outcome<Jailed> start_workers(const Options& options, sandbox::Skips skips,
                                    std::vector<Served>& served,
                                    std::vector<base::UniqueFd> transports, const base::Log& log,
                                    Supervisor& supervisor);

}  // namespace cmd
