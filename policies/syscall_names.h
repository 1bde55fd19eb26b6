// The names of the system calls of x86-64, for messages to people.
#pragma once

#include <cstdint>
#include <string_view>

namespace policies {

// "unknown" for a number that has no name. Allocates nothing, calls nothing.
std::string_view syscall_name(uint64_t number);

}  // namespace policies
