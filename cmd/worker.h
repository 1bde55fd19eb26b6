// Worker: what a forked child does until its client hangs up.
#pragma once

#include <optional>

#include "cmd/budgets.h"
#include "cmd/served.h"
#include "sandbox/lockdown.h"
#include "spec/base/log.h"

namespace cmd {

// Whom new files on an id-mapped tree belong to until they are given their owner: the host's ids
// for the container's root, or where it is not mapped the host's root, or else the first ids of the
// map. None for a tree that is not mapped.
std::optional<sandbox::FileIds> owner_of_new_files(const spec::IdMap& ids);

// Locks the process down, serves `served` on the jail's transport and on its channels, and ends the
// process with the WorkerExit.
[[noreturn]] void run_worker(sandbox::WorkerJail jail, const Served& served, const Budgets& budgets,
                             const base::Log& log);

}  // namespace cmd
