#include "policies/syscall_names.h"

#include <iterator>

namespace policies {
namespace {

constexpr std::string_view kNames[] = {
#include "policies/syscall_names.inc"
};

}  // namespace

std::string_view syscall_name(uint64_t number) {
  if (number >= std::size(kNames) || kNames[number].empty()) return "unknown";
  return kNames[number];
}

}  // namespace policies
