#include "policies/programs.h"

namespace policies {
namespace {

using spec::Extras;
using spec::Role;

struct Compiled {
  std::string_view name;
  std::span<const sock_filter> program;
  std::size_t rules;
  std::string_view digest;
};

// Programs, and kCompiled: the workers' by role and set of extras, then the others.
#include "policies/table.inc"

constexpr std::size_t index_of(Role role, Extras extras) {
  switch (role) {
    case Role::kReadOnly:
      return extras.index();
    case Role::kReadWrite:
      return Extras::kSets + extras.index();
    case Role::kSupervisor:
      return 2 * Extras::kSets;
    case Role::kInit:
      return 2 * Extras::kSets + 1;
  }
  return 0;
}
static_assert(std::size(kCompiled) == index_of(Role::kInit, {}) + 1);

constexpr Extras only(spec::Extra extra) {
  return Extras().with(extra);
}
static_assert(kCompiled[index_of(Role::kReadWrite, {})].name == "rw");
static_assert(kCompiled[index_of(Role::kReadOnly, only(spec::Extra::kFifo))].name == "ro+fifo");
static_assert(kCompiled[index_of(Role::kReadWrite, only(spec::Extra::kUds))].name == "rw+uds");
static_assert(kCompiled[index_of(Role::kInit, {})].name == "init");

const Compiled& compiled(Role role, Extras extras) {
  return kCompiled[index_of(role, extras)];
}

}  // namespace

std::span<const sock_filter> program(Role role, Extras extras) {
  return compiled(role, extras).program;
}
std::size_t rule_count(Role role, Extras extras) {
  return compiled(role, extras).rules;
}
std::string_view digest(Role role, Extras extras) {
  return compiled(role, extras).digest;
}

}  // namespace policies
