// The compiled policies: for each role the constant BPF program that its filter is.
#pragma once

#include <linux/filter.h>

#include <cstddef>
#include <span>
#include <string_view>

#include "spec/role.h"

namespace policies {

std::span<const sock_filter> program(spec::Role role);

// How many calls the policy allows, counting each set of argument conditions.
std::size_t rule_count(spec::Role role);

// SHA-256 of the program as the kernel takes it, in hexadecimal.
std::string_view digest(spec::Role role);

}  // namespace policies
