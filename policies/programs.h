// The compiled policies: for each role, and each set of extras that a worker can have, the constant
// BPF program that its filter is. Extras are completed() for the role.
#pragma once

#include <linux/filter.h>

#include <cstddef>
#include <span>
#include <string_view>

#include "spec/role.h"

namespace policies {

std::span<const sock_filter> program(spec::Role role, spec::Extras extras = {});

// How many calls the policy allows, counting each set of argument conditions.
std::size_t rule_count(spec::Role role, spec::Extras extras = {});

// SHA-256 of the program as the kernel takes it, in hexadecimal.
std::string_view digest(spec::Role role, spec::Extras extras = {});

}  // namespace policies
