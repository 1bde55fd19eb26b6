// Landlock: access to files by the tree they are in, as far as the running kernel has it.
#pragma once

#include <cstdint>
#include <string>

#include "spec/base/fd.h"
#include "spec/base/problem.h"
#include "spec/role.h"

namespace sandbox {

// The Landlock ABI of the kernel, or the newest that is known here if it has a newer one; 0 if it
// has none or has it switched off.
int landlock_abi();

// The rights (LANDLOCK_ACCESS_FS_...) that a role has beneath its root, of those that `abi` knows.
uint64_t landlock_rights(spec::Role role, bool is_directory, int abi);

// The rights that exist in `abi`: all of them are handled, so what is not granted is refused.
uint64_t landlock_handled(int abi);

// The names of rights, "READ_FILE READ_DIR"; "none" for none.
std::string landlock_names(uint64_t rights);

// Restricts this process to `root`; for supervisor and init there is no root and nothing is
// granted. TCP bind and connect and, by scope, abstract sockets and signals to the outside are
// refused where the ABI has them. no_new_privs is set before. Returns the ABI in force, 0 if the
// kernel has none. Errors: less than `require` (kUnavailable).
base::Outcome<int> restrict_files(spec::Role role, base::Fd root, bool is_directory, int require);
base::Outcome<int> restrict_files(spec::Role role, int require);

}  // namespace sandbox
