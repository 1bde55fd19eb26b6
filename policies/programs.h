// The compiled policies: for each role the constant BPF program that its filter is.
#pragma once

#include <linux/filter.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace policies {

enum class Role : uint8_t { kRo, kRw, kSupervisor, kInit };

inline constexpr Role kRoles[] = {Role::kRo, Role::kRw, Role::kSupervisor, Role::kInit};

// "ro", "rw", "supervisor", "init": policies/NAME.json is where the program comes from.
std::string_view name(Role role);

std::span<const sock_filter> program(Role role);

// How many calls the policy allows, counting each set of argument conditions.
std::size_t rule_count(Role role);

// SHA-256 of the program as the kernel takes it, in hexadecimal.
std::string_view digest(Role role);

}  // namespace policies
