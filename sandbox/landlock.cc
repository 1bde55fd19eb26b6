#include "sandbox/landlock.h"

#include <linux/landlock.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>

#include "sandbox/failure.h"
#include "sandbox/sys.h"

namespace sandbox {
namespace {

using spec::Role;

// <linux/landlock.h> of Debian 12 stops at ABI 2.
constexpr uint64_t kTruncate = uint64_t{1} << 14;      // ABI 3
constexpr uint64_t kIoctlDev = uint64_t{1} << 15;      // ABI 5
constexpr uint64_t kNetBindTcp = uint64_t{1} << 0;     // ABI 4
constexpr uint64_t kNetConnectTcp = uint64_t{1} << 1;  // ABI 4
constexpr uint64_t kScopeAbstract = uint64_t{1} << 0;  // ABI 6
constexpr uint64_t kScopeSignal = uint64_t{1} << 1;    // ABI 6
constexpr int kNewestKnown = 8;  // 7 and 8 add logging and threads: nothing more to refuse

// LANDLOCK_ACCESS_FS_..., by bit.
constexpr std::array<std::string_view, 16> kRightNames = {
    "EXECUTE",   "WRITE_FILE", "READ_FILE", "READ_DIR",  "REMOVE_DIR", "REMOVE_FILE",
    "MAKE_CHAR", "MAKE_DIR",   "MAKE_REG",  "MAKE_SOCK", "MAKE_FIFO",  "MAKE_BLOCK",
    "MAKE_SYM",  "REFER",      "TRUNCATE",  "IOCTL_DEV"};

struct RulesetAttributes {
  uint64_t handled_access_fs = 0;
  uint64_t handled_access_net = 0;
  uint64_t scoped = 0;
};

std::size_t size_of_attributes(int abi) {
  if (abi >= 6) return sizeof(RulesetAttributes);
  if (abi >= 4) return offsetof(RulesetAttributes, scoped);
  return offsetof(RulesetAttributes, handled_access_net);
}

RulesetAttributes attributes_of(Role role, int abi) {
  RulesetAttributes attributes;
  attributes.handled_access_fs = landlock_handled(abi);
  if (abi >= 4) attributes.handled_access_net = kNetBindTcp | kNetConnectTcp;
  if (abi >= 6) attributes.scoped = kScopeAbstract | kScopeSignal;
  // The supervisor signals workers, which are outside of its domain.
  if (role == Role::kSupervisor) attributes.scoped &= ~kScopeSignal;
  return attributes;
}

Call failed(std::string_view syscall, std::string_view what) {
  return {.step = "landlock",
          .where = {},
          .syscall = syscall,
          .what = what,
          .remedy = "--without landlock starts without it"};
}

base::Outcome<int> restrict_to(Role role, const base::Fd* root, bool is_directory, int require) {
  int abi = landlock_abi();
  if (abi < require)
    return base::failure(base::Problem{
        .exit = base::ExitCode::kUnavailable,
        .step = "landlock",
        .where = "--require-landlock",
        .what = abi == 0 ? "the kernel has no Landlock, or it is switched off"
                         : "the kernel has Landlock ABI " + std::to_string(abi) + " only",
        .expected = "ABI " + std::to_string(require) +
                    " was asked for; boot with landlock among lsm= or use a newer kernel"});
  if (abi == 0) return 0;
#ifdef GOFER_MUTANT_NO_LANDLOCK
  return abi;  // the mutant lies: it proves that the other layers hold without this one
#endif
  RulesetAttributes attributes = attributes_of(role, abi);
  auto ruleset = TRY(required(sys::landlock_create_ruleset(&attributes, size_of_attributes(abi)),
                              failed("landlock_create_ruleset", "cannot make a ruleset")));
  if (root != nullptr)
    TRY(required(
        sys::landlock_add_path_rule(ruleset, *root, landlock_rights(role, is_directory, abi)),
        failed("landlock_add_rule", "cannot grant access to the root")));
  TRY(required(sys::landlock_restrict_self(ruleset),
               failed("landlock_restrict_self", "cannot enforce the ruleset")));
  return abi;
}

}  // namespace

int landlock_abi() {
  auto version = sys::landlock_version();
  return version ? std::min(*version, kNewestKnown) : 0;
}

uint64_t landlock_handled(int abi) {
  uint64_t rights = 0;
  if (abi >= 1) rights |= (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;
  if (abi >= 2) rights |= LANDLOCK_ACCESS_FS_REFER;
  if (abi >= 3) rights |= kTruncate;
  if (abi >= 5) rights |= kIoctlDev;
  return rights;
}

uint64_t landlock_rights(Role role, bool is_directory, int abi) {
  constexpr uint64_t kNever = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
                              LANDLOCK_ACCESS_FS_MAKE_BLOCK | kIoctlDev;
  constexpr uint64_t kOfFiles =
      LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | kTruncate;
  constexpr uint64_t kReading = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
  uint64_t rights = landlock_handled(abi) & ~kNever;
  if (role != Role::kReadWrite) rights &= kReading;
  if (!is_directory) rights &= kOfFiles;
  return rights;
}

std::string landlock_names(uint64_t rights) {
  std::string names;
  for (std::size_t i = 0; i < kRightNames.size(); ++i)
    if ((rights >> i & 1) != 0) names.append(names.empty() ? "" : " ").append(kRightNames[i]);
  return names.empty() ? "none" : names;
}

base::Outcome<int> restrict_files(Role role, base::Fd root, bool is_directory, int require) {
  return restrict_to(role, &root, is_directory, require);
}

base::Outcome<int> restrict_files(Role role, int require) {
  return restrict_to(role, nullptr, true, require);
}

}  // namespace sandbox
