// Role: what a process is for; it decides capabilities, Landlock rules and filter.
#pragma once

#include <cstdint>
#include <string_view>

#include "spec/attach_plan.h"

namespace sandbox {

enum class Role : uint8_t { kReadOnly, kReadWrite, kSupervisor, kInit };

constexpr Role worker_role(spec::Access access) {
  return access == spec::Access::kReadOnly ? Role::kReadOnly : Role::kReadWrite;
}

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

}  // namespace sandbox
