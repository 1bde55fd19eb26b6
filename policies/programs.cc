#include "policies/programs.h"

#include "policies/digests.inc"

namespace policies {
namespace {

using spec::Role;

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
  std::span<const sock_filter> program;
  std::size_t rules;
  std::string_view digest;
};

// In the order of spec::Role.
constexpr Compiled kCompiled[] = {
    {ro::kProgram, ro::kRules, kDigestOfRo},
    {rw::kProgram, rw::kRules, kDigestOfRw},
    {supervisor::kProgram, supervisor::kRules, kDigestOfSupervisor},
    {init::kProgram, init::kRules, kDigestOfInit},
};

const Compiled& compiled(Role role) {
  return kCompiled[static_cast<std::size_t>(role)];
}

}  // namespace

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
