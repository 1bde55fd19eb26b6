// Capabilities: what is left of root's power, by role.
#pragma once

#include <cstdint>

#include "sandbox/role.h"
#include "spec/base/problem.h"

namespace sandbox {

// The capabilities of a role as bits (1 << CAP_...).
//   read-only   DAC_READ_SEARCH
//   read-write  CHOWN, DAC_OVERRIDE, DAC_READ_SEARCH, FOWNER, FSETID
//   supervisor, init: none
uint64_t capabilities_of(Role role);

// Whether a capability (CAP_...) is in this process's effective set.
bool holds(int capability);

// Drops the supplementary groups. In a user namespace of enter_user_namespace() the kernel forbids
// it (setgroups is denied): they stay then and their number is returned. Otherwise returns 0.
base::Outcome<int> drop_groups();

// Locks the securebits: user id 0 gives no capability, a change of user id takes none away, the
// ambient set stays empty. Before drop_capabilities(): it needs CAP_SETPCAP.
base::Outcome<void> lock_securebits();

// Empties the ambient, inheritable and bounding sets but for the role's in the last, then
// permitted and effective. Nothing raises them again. Errors: EPERM for a capability of the role
// that this process does not have.
base::Outcome<void> drop_capabilities(Role role);

}  // namespace sandbox
