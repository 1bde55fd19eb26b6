// Worker: what a forked child does until its client hangs up.
#pragma once

#include <cstdint>
#include <optional>

#include "cmd/served.h"
#include "gofer/attach_point.h"
#include "sandbox/lockdown.h"
#include "spec/base/log.h"

namespace cmd {

// Whom new files on an id-mapped tree belong to until they are given their owner: the host's ids
// for the container's root, or where it is not mapped the host's root, or else the first ids of the
// map. None for a tree that is not mapped.
std::optional<sandbox::FileIds> owner_of_new_files(const spec::IdMap& ids);

// The budgets of a worker that may have `fd_limit` descriptors open, 64 or more: an open file, a
// node and a lock owner hold one each, and all of them leave room for those of a request.
// Each channel takes two more, and all of them one.
gofer::Limits limits_of(uint64_t fd_limit, unsigned channels = 0);

// Locks the process down, serves `served` on the jail's transport and on its channels, and ends the
// process with the WorkerExit.
[[noreturn]] void run_worker(sandbox::WorkerJail jail, const Served& served, uint64_t fd_limit,
                             const base::Log& log);

}  // namespace cmd
