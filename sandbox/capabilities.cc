#include "sandbox/capabilities.h"

#include <linux/securebits.h>
#include <sys/capability.h>
#include <sys/prctl.h>

#include <algorithm>
#include <cctype>
#include <memory>
#include <string_view>
#include <vector>

#include "sandbox/failure.h"
#include "sandbox/namespaces.h"
#include "sandbox/sys.h"

namespace sandbox {
namespace {

using spec::Role;

constexpr uint64_t bit(int capability) {
  return uint64_t{1} << capability;
}

struct FreeCaps {
  void operator()(void* caps) const { ::cap_free(caps); }
};
using Caps = std::unique_ptr<std::remove_pointer_t<cap_t>, FreeCaps>;

constexpr unsigned long kSecureBits =
    SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED |
    SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;

constexpr std::string_view kRemedy =
    "start as root or as an ordinary user, not with part of root's capabilities";

bool setgroups_is_denied() {
  auto file = sys::openat(sys::kWorkingDirectory, "/proc/self/setgroups", O_RDONLY);
  if (!file) return false;
  auto text = sys::read_all(*file);
  return text && text->starts_with("deny");
}

// Permitted and effective become `wanted`, inheritable becomes empty.
base::Result<void> set_process_sets(uint64_t wanted) {
  Caps caps(::cap_init());
  if (!caps) return base::fail_errno();
  std::vector<cap_value_t> values;
  for (cap_value_t capability = 0; capability <= CAP_LAST_CAP; ++capability)
    if ((wanted & bit(capability)) != 0) values.push_back(capability);
  auto count = static_cast<int>(values.size());
  for (cap_flag_t set : {CAP_PERMITTED, CAP_EFFECTIVE})
    if (count > 0 && ::cap_set_flag(caps.get(), set, count, values.data(), CAP_SET) != 0)
      return base::fail_errno();
  if (::cap_set_proc(caps.get()) != 0) return base::fail_errno();
  return {};
}

}  // namespace

uint64_t capabilities_of(Role role, const spec::XattrNames& served) {
  const uint64_t trusted = served.trusted ? bit(CAP_SYS_ADMIN) : 0;
  const uint64_t security = served.security ? bit(CAP_SETFCAP) : 0;
  switch (role) {
    case Role::kReadOnly:
      return bit(CAP_DAC_READ_SEARCH) | trusted;
    case Role::kReadWrite:
      return bit(CAP_CHOWN) | bit(CAP_DAC_OVERRIDE) | bit(CAP_DAC_READ_SEARCH) | bit(CAP_FOWNER) |
             bit(CAP_FSETID) | security | trusted;
    case Role::kSupervisor:
    case Role::kInit:
      return 0;
  }
  return 0;
}

std::string capability_names(uint64_t capabilities) {
  std::string names;
  for (int capability = 0; capability < 64; ++capability) {
    if ((capabilities & bit(capability)) == 0) continue;
    std::unique_ptr<char, FreeCaps> name(::cap_to_name(capability));
    std::string_view text = name ? name.get() : "";
    constexpr std::string_view kPrefix = "cap_";
    if (text.starts_with(kPrefix)) text.remove_prefix(kPrefix.size());
    names.append(names.empty() ? "" : " ")
        .append(text.empty() ? std::to_string(capability) : std::string(text));
  }
  std::ranges::transform(names, names.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return names.empty() ? "none" : names;
}

base::Outcome<void> check_capabilities(const spec::AttachPoint& point) {
  if (!point.options.xattrs.trusted || TRY(in_initial_user_namespace())) return {};
  return base::failure(base::Problem{
      .exit = base::ExitCode::kNoPermission,
      .step = "capabilities",
      .where = point.where,
      .what = "x-gofer.xattr=trusted needs CAP_SYS_ADMIN of the initial user namespace",
      .expected = "start as root of the host, or serve without it"});
}

bool holds(int capability) {
  Caps caps(::cap_get_proc());
  cap_flag_value_t value = CAP_CLEAR;
  return caps && ::cap_get_flag(caps.get(), capability, CAP_EFFECTIVE, &value) == 0 &&
         value == CAP_SET;
}

base::Outcome<int> drop_groups() {
  auto dropped = sys::setgroups_none();
  if (dropped) return 0;
  int kept = TRY(required(sys::getgroups_count(), {.step = "groups",
                                                   .where = {},
                                                   .syscall = "getgroups",
                                                   .what = "cannot count the groups",
                                                   .remedy = {}}));
  if (kept == 0 || setgroups_is_denied()) return kept;
  return base::failure(problem_of({.step = "groups",
                                   .where = {},
                                   .syscall = "setgroups",
                                   .what = "cannot drop the supplementary groups",
                                   .remedy = "it needs CAP_SETGID; --without groups keeps them"},
                                  dropped.error()));
}

base::Outcome<void> lock_securebits() {
  TRY(required(sys::prctl(PR_SET_SECUREBITS, kSecureBits), {.step = "securebits",
                                                            .where = {},
                                                            .syscall = "prctl",
                                                            .what = "cannot lock the securebits",
                                                            .remedy = kRemedy}));
  return {};
}

base::Outcome<void> drop_capabilities(Role role, const spec::XattrNames& served) {
  uint64_t wanted = capabilities_of(role, served);
  TRY(required(sys::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL),
               {.step = "capabilities",
                .where = {},
                .syscall = "prctl",
                .what = "cannot clear the ambient set",
                .remedy = {}}));
  // Past the kernel's last capability the call answers EINVAL.
  for (int capability = 0; sys::prctl(PR_CAPBSET_READ, static_cast<unsigned long>(capability));
       ++capability) {
    if (capability < 64 && (wanted & bit(capability)) != 0) continue;
    TRY(required(sys::prctl(PR_CAPBSET_DROP, static_cast<unsigned long>(capability)),
                 {.step = "capabilities",
                  .where = {},
                  .syscall = "prctl",
                  .what = "cannot empty the bounding set",
                  .remedy = kRemedy}));
  }
  return required(set_process_sets(wanted),
                  {.step = "capabilities",
                   .where = name_of(role),
                   .syscall = "capset",
                   .what = "cannot bring the capabilities down to those of the role",
                   .remedy = kRemedy});
}

}  // namespace sandbox
