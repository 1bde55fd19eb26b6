// A policy as JSON: linux.seccomp of the OCI runtime specification.
#pragma once

#include <cstdint>

#include "spec/json.h"
#include "spec/policy.h"

namespace cmd {

// What the policy files have and OCI does not: why, test and since of a rule. Runtimes pass over
// members that they do not know.
enum class Reasons : uint8_t { kLeftOut, kKept };

// One object that a runtime takes as `linux.seccomp`: nothing is included any more.
spec::Json to_oci(const spec::Policy& policy, Reasons reasons);

// Its `syscalls` alone.
spec::Json::Array oci_rules(const spec::Policy& policy, Reasons reasons);

}  // namespace cmd
