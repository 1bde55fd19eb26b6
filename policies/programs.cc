#include "policies/programs.h"

#include "policies/digests.inc"

namespace policies {
namespace {

namespace ro {
#include "policies/ro.inc"
}
namespace rw {
#include "policies/rw.inc"
}
namespace supervisor {
#include "policies/supervisor.inc"
}
namespace init {
#include "policies/init.inc"
}

struct Compiled {
  std::string_view name;
  std::span<const sock_filter> program;
  std::size_t rules;
  std::string_view digest;
};

// In the order of Role.
constexpr Compiled kCompiled[] = {
    {"ro", ro::kProgram, ro::kRules, kDigestOfRo},
    {"rw", rw::kProgram, rw::kRules, kDigestOfRw},
    {"supervisor", supervisor::kProgram, supervisor::kRules, kDigestOfSupervisor},
    {"init", init::kProgram, init::kRules, kDigestOfInit},
};

const Compiled& compiled(Role role) {
  return kCompiled[static_cast<std::size_t>(role)];
}

}  // namespace

std::string_view name(Role role) {
  return compiled(role).name;
}
std::span<const sock_filter> program(Role role) {
  return compiled(role).program;
}
std::size_t rule_count(Role role) {
  return compiled(role).rules;
}
std::string_view digest(Role role) {
  return compiled(role).digest;
}

}  // namespace policies
