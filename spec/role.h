// Role: what a process is for. It decides filter, capabilities and Landlock rules.
#pragma once

#include <cstdint>
#include <string_view>

namespace spec {

enum class Role : uint8_t { kReadOnly, kReadWrite, kSupervisor, kInit };

inline constexpr Role kRoles[] = {Role::kReadOnly, Role::kReadWrite, Role::kSupervisor,
                                  Role::kInit};

// The name of its policy: policies/NAME.json.
constexpr std::string_view name_of(Role role) {
  switch (role) {
    case Role::kReadOnly:
      return "ro";
    case Role::kReadWrite:
      return "rw";
    case Role::kSupervisor:
      return "supervisor";
    case Role::kInit:
      return "init";
  }
  return "?";
}

}  // namespace spec
