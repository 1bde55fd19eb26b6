// Descriptors: bringing those of a worker to their fixed numbers, and proving there are no others.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "spec/base/fd.h"
#include "spec/base/problem.h"
#include "spec/base/worker_fd.h"

namespace sandbox {

// The worker's end of its connection with the launcher (handshake.h); closed when it is jailed.
inline constexpr base::Fd kWorkerControl{6};

// Where a descriptor goes.
struct Placement {
  base::Fd from;
  base::Fd to;
};

// Duplicates each `from` to its `to` (in any order: they may overlap), /dev/null to every number
// below the highest `to` that is left over, and closes everything else. All are O_CLOEXEC.
// Owners of the old numbers must release them: afterwards the numbers mean something else.
base::Outcome<void> place_descriptors(std::span<const Placement> placements);

// Closes every descriptor that is not in `keep`.
base::Outcome<void> close_all_but(std::span<const base::Fd> keep);

// The numbers that are open, in ascending order, read from `own_fds`, a descriptor of
// /proc/self/fd. The offset of `own_fds` moves.
base::Outcome<std::vector<int>> open_descriptors(base::Fd own_fds);

// Fails unless exactly the numbers `expected` (ascending) are open.
base::Outcome<void> assert_descriptors(base::Fd own_fds, std::span<const int> expected);

// Whether `fd` is a connected AF_UNIX stream socket: what a client may be served on. `where` is
// the option it came from. Errors are kUsage.
base::Outcome<void> check_transport(base::Fd fd, std::string_view where);

// Refuses descriptors that the peer of a transport sends along (SO_PASSRIGHTS=0, Linux 6.16).
// Returns false where the kernel lacks it: they are never received with read(2) anyway.
base::Outcome<bool> refuse_passed_descriptors(base::Fd transport);

}  // namespace sandbox
