// Policy: the system calls that a role may make, parsed from the `linux.seccomp` JSON of the OCI
// runtime specification (policies/README.md says what is added to it and what is refused).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "spec/base/problem.h"
#include "spec/role.h"

namespace spec {

// The seven operators of OCI, named without their prefix SCMP_CMP_.
enum class Comparison : uint8_t {
  kNotEqual,
  kLess,
  kLessOrEqual,
  kEqual,
  kGreaterOrEqual,
  kGreater,
  kMaskedEqual,
};

// "SCMP_CMP_EQ": its name in a policy file.
std::string_view name_of(Comparison comparison);

inline constexpr std::size_t kSyscallArguments = 6;

// What one argument of a call, taken as an unsigned 64-bit number, has to satisfy.
struct Condition {
  unsigned index = 0;  // 0 to 5
  Comparison comparison = Comparison::kEqual;
  uint64_t value = 0;   // the number compared with; for kMaskedEqual the mask
  uint64_t wanted = 0;  // for kMaskedEqual: what `argument & value` must be; else 0
  friend bool operator==(const Condition&, const Condition&) = default;
};

// One permitted call: every condition must hold. There are no rules that forbid.
struct Rule {
  std::string syscall;
  std::vector<Condition> conditions;  // by ascending index, one for an index
  std::string why;
  std::string test;   // the test that needs the rule: "Suite.Name"
  std::string since;  // the first kernel that has the call, or empty
  std::string where;  // file and JSON pointer: "ro.json#/syscalls/3"
};

// A role's permitted calls. What no rule allows ends the process, and so does every call through
// another ABI than x86-64.
struct Policy {
  std::string name;
  std::vector<Rule> rules;  // those of the included files first, in the order they were included
};

// Gives the text of the file that `include` names (no path, no suffix), or the Problem in reading
// it.
using ResolveInclude = std::function<base::Outcome<std::string>(std::string_view name)>;

// Parses `text`, the policy file called `name` (without path and suffix), and what it includes.
// Refused, with ExitCode::kBadSpec and the place as "file.json#/json/pointer": everything that is
// not known to be meant, in particular unknown or missing keys, numbers that are no unsigned
// integers or out of range, two conditions on one argument (libseccomp refuses them, some runtimes
// make them an "or"), conditions that are always or never true, a file included twice or by
// itself, and a rule that allows nothing which another rule does not allow already.
base::Outcome<Policy> parse_policy(std::string_view text, std::string_view name,
                                   const ResolveInclude& resolve_include);

// The policy of a role and of the extras of a worker, completed(): the role's file, and a fragment
// for each extra. Errors as of parse_policy(): a fragment, too, has to allow something that nothing
// else allows.
base::Outcome<Policy> load_policy(Role role, Extras extras, const ResolveInclude& resolve_include);

// Whether an argument with this value satisfies the condition.
bool holds(const Condition& condition, uint64_t argument);

// Whether every call that `narrow` allows is allowed by `wide` alone. May say no where the
// conditions are of kinds that are not compared, never yes where it is not so.
bool covers(const Rule& wide, const Rule& narrow);

}  // namespace spec
