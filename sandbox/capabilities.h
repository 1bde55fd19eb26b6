// Capabilities: what is left of root's power, by role.
#pragma once

#include <cstdint>
#include <string>

#include "spec/attach_plan.h"
#include "spec/base/problem.h"
#include "spec/role.h"

namespace sandbox {

// The capabilities of a role as bits (1 << CAP_...), and what a worker needs besides for the
// extended attributes that it serves.
//   read-only   DAC_READ_SEARCH;                                trusted: SYS_ADMIN
//   read-write  CHOWN, DAC_OVERRIDE, DAC_READ_SEARCH, FOWNER, FSETID;
//               security: SETFCAP, to set security.capability;  trusted: SYS_ADMIN
//   supervisor, init: none
uint64_t capabilities_of(spec::Role role, const spec::XattrNames& served = {});

// Their names without the prefix, "CHOWN DAC_OVERRIDE"; a number for one that has none here; "none"
// for none.
std::string capability_names(uint64_t capabilities);

// Whether the capabilities that `point` asks for would count here. The kernel shows trusted.* to
// CAP_SYS_ADMIN of the initial user namespace alone: kNoPermission anywhere else.
base::Outcome<void> check_capabilities(const spec::AttachPoint& point);

// Whether a capability (CAP_...) is in this process's effective set.
bool holds(int capability);

// Drops the supplementary groups. In a user namespace of enter_user_namespace() the kernel forbids
// it (setgroups is denied): they stay then and their number is returned. Otherwise returns 0.
base::Outcome<int> drop_groups();

// Locks the securebits: user id 0 gives no capability, a change of user id takes none away, the
// ambient set stays empty. Before drop_capabilities(): it needs CAP_SETPCAP.
base::Outcome<void> lock_securebits();

// Empties the ambient and inheritable sets; what is left of the bounding, permitted and effective
// ones is capabilities_of(role, served). Nothing raises them again. Errors: EPERM for a capability
// among these that this process does not have.
base::Outcome<void> drop_capabilities(spec::Role role, const spec::XattrNames& served = {});

}  // namespace sandbox
