// Role: what a process is for. It decides filter, capabilities and Landlock rules.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace spec {

enum class Role : uint8_t { kReadOnly, kReadWrite, kSupervisor, kInit };

inline constexpr Role kRoles[] = {Role::kReadOnly, Role::kReadWrite, Role::kSupervisor,
                                  Role::kInit};

constexpr bool is_worker(Role role) {
  return role == Role::kReadOnly || role == Role::kReadWrite;
}

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

// What a worker may ask of the kernel beyond its role, because its attach point wants it. Each is a
// fragment of policy that workers without it do not have.
enum class Extra : uint8_t { kDonate, kXattr, kLocks, kMknod, kUds, kFifo, kChannels };

inline constexpr Extra kExtras[] = {Extra::kDonate, Extra::kXattr, Extra::kLocks,   Extra::kMknod,
                                    Extra::kUds,    Extra::kFifo,  Extra::kChannels};

constexpr std::string_view name_of(Extra extra) {
  switch (extra) {
    case Extra::kDonate:
      return "donate";
    case Extra::kXattr:
      return "xattr";
    case Extra::kLocks:
      return "locks";
    case Extra::kMknod:
      return "mknod";
    case Extra::kUds:
      return "uds";
    case Extra::kFifo:
      return "fifo";
    case Extra::kChannels:
      return "channels";
  }
  return "?";
}

// A set of extras.
class Extras {
 public:
  // How many sets there are; the index() of each is less.
  static constexpr std::size_t kSets = std::size_t{1} << std::size(kExtras);

  constexpr Extras() = default;
  static constexpr Extras of_index(std::size_t index) { return Extras(index); }

  constexpr std::size_t index() const { return bits_; }
  constexpr bool has(Extra extra) const { return (bits_ & bit(extra)) != 0; }
  constexpr Extras with(Extra extra) const { return Extras(bits_ | bit(extra)); }
  constexpr Extras without(Extra extra) const { return Extras(bits_ & ~bit(extra)); }
  friend constexpr bool operator==(Extras, Extras) = default;

 private:
  explicit constexpr Extras(std::size_t bits) : bits_(bits) {}
  static constexpr std::size_t bit(Extra extra) {
    return std::size_t{1} << static_cast<std::size_t>(extra);
  }

  std::size_t bits_ = 0;
};

// The extras that a process of this role has when `wanted` are asked for: only workers have any,
// what is read-only makes nothing, and what a client gets of sockets, FIFOs and channels are
// descriptors.
constexpr Extras completed(Role role, Extras wanted) {
  if (!is_worker(role)) return {};
  if (role == Role::kReadOnly) wanted = wanted.without(Extra::kMknod);
  for (Extra extra : {Extra::kUds, Extra::kFifo, Extra::kChannels})
    if (wanted.has(extra)) return wanted.with(Extra::kDonate);
  return wanted;
}

// Whether there is a program for the role with exactly these.
constexpr bool is_possible(Role role, Extras extras) {
  return completed(role, extras) == extras;
}

// Whether these are no more than what one extra brings. All other sets are sums of such.
constexpr bool is_of_one(Role role, Extras extras) {
  if (extras == Extras()) return true;
  for (Extra extra : kExtras)
    if (extras.has(extra) && completed(role, Extras().with(extra)) == extras) return true;
  return false;
}

// Calls `visit(role, extras)` for each policy there is: the roles in their order, a worker's sets
// of extras by ascending index().
template <class Visit>
constexpr void for_each_policy(Visit visit) {
  for (Role role : kRoles)
    for (std::size_t set = 0; set < Extras::kSets; ++set)
      if (is_possible(role, Extras::of_index(set))) visit(role, Extras::of_index(set));
}

// The role, or the extra, with this name; nothing if there is none.
constexpr std::optional<Role> role_named(std::string_view name) {
  for (Role role : kRoles)
    if (name_of(role) == name) return role;
  return std::nullopt;
}
constexpr std::optional<Extra> extra_named(std::string_view name) {
  for (Extra extra : kExtras)
    if (name_of(extra) == name) return extra;
  return std::nullopt;
}

// "rw+donate+fifo": the name of the policy of a worker with these extras.
inline std::string name_of(Role role, Extras extras) {
  std::string name(name_of(role));
  for (Extra extra : kExtras)
    if (extras.has(extra)) name.append("+").append(name_of(extra));
  return name;
}

}  // namespace spec
