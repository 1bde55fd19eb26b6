// The policy files that this program was built from, as texts. A start needs none of them: what it
// loads are the programs. They are for those who want to read a policy, with its reasons.
#pragma once

#include <string>
#include <string_view>

#include "spec/base/problem.h"
#include "spec/policy.h"
#include "spec/role.h"

namespace policies {

// The text of policies/NAME.json. Errors: there was no such file (kInternal).
base::Outcome<std::string> text(std::string_view name);

// The rules behind program(role, extras), with their reasons.
base::Outcome<spec::Policy> rules(spec::Role role, spec::Extras extras = {});

}  // namespace policies
