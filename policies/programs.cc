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

#include "policies/programs.inc"
// kCompiled, in the order of spec::for_each_policy().
#include "policies/table.inc"

// Where each policy is in it.
struct Index {
  constexpr Index() {
    spec::for_each_policy([this](Role role, Extras extras) { slot(role, extras) = size++; });
  }
  constexpr uint16_t& slot(Role role, Extras extras) {
    return slots[static_cast<std::size_t>(role)][extras.index()];
  }
  constexpr uint16_t at(Role role, Extras extras) const {
    return slots[static_cast<std::size_t>(role)][extras.index()];
  }

  uint16_t slots[std::size(spec::kRoles)][Extras::kSets] = {};
  uint16_t size = 0;
};
constexpr Index kIndex;
static_assert(std::size(kCompiled) == kIndex.size);

constexpr const Compiled& compiled(Role role, Extras extras) {
  return kCompiled[kIndex.at(role, completed(role, extras))];
}
static_assert(compiled(Role::kReadWrite, {}).name == "rw");
static_assert(compiled(Role::kReadOnly, Extras().with(spec::Extra::kFifo)).name ==
              "ro+donate+fifo");
static_assert(compiled(Role::kReadOnly, Extras().with(spec::Extra::kMknod)).name == "ro");
static_assert(compiled(Role::kInit, Extras().with(spec::Extra::kUds)).name == "init");

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
