// Skips: the steps of the jail that the operator told us to leave out, by name (--without STEP).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "spec/base/problem.h"

namespace sandbox {

// The only steps that may be left out. Each has at least one other layer that stops the same
// attack; what has none (root, mount attributes, capabilities, no_new_privs, filter ...) is not
// here, so that no flag can remove it.
enum class Skippable : uint8_t {
  kNetworkNamespace,  // "network": the filter has no socket(2); needed with x-gofer.uds=open
  kIpcNamespace,      // "ipc": the filter has no SysV or POSIX IPC
  kUtsNamespace,      // "uts": nothing in a worker reads or sets the host name
  kCgroupNamespace,   // "cgroup": a worker sees no cgroup file system
  kLandlock,          // "landlock": the root holds the tree alone
  kLimits,            // "limits": the server has budgets of its own
  kMdwe,              // "mdwe": the filter refuses executable mappings
  kTrace,             // "trace": violations go unnamed, and a debugger may attach before lockdown
  kGroups,            // "groups": supplementary groups stay
};

class Skips {
 public:
  constexpr bool has(Skippable step) const {
    return ((bits_ >> static_cast<uint8_t>(step)) & 1) != 0;
  }
  constexpr void add(Skippable step) { bits_ |= uint32_t{1} << static_cast<uint8_t>(step); }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr uint32_t bits() const { return bits_; }
  static constexpr Skips of_bits(uint32_t bits) {
    Skips skips;
    skips.bits_ = bits;
    return skips;
  }

 private:
  uint32_t bits_ = 0;
};

std::string_view name_of(Skippable step);

// All names, in order, for --help.
std::span<const std::string_view> skippable_names();

// The names of the steps in `skips`, separated by commas.
std::string to_text(Skips skips);

// Errors: a name that is no step that may be left out (kUsage; `expected` lists the names).
base::Outcome<Skips> parse_skips(std::span<const std::string> names);

}  // namespace sandbox
