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

// Drops the supplementary groups. In a user namespace of enter_user_namespace() the kernel forbids
// it (setgroups is denied): they stay then and their number is returned. Otherwise returns 0.
base::Outcome<int> drop_groups();

// Locks securebits (no power by user id 0, ambient set shut), empties the ambient, inheritable and
// bounding sets but for the role's, then permitted and effective. Nothing raises them again.
// What the process holds less than the role's set stays less only in a bounding set that lacked it:
// asking for a capability that is not permitted is an error (EPERM).
base::Outcome<void> drop_capabilities(Role role);

}  // namespace sandbox
