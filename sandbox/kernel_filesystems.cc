#include "sandbox/kernel_filesystems.h"

#include <linux/magic.h>

#include <algorithm>
#include <array>
#include <utility>

#include "sandbox/mountinfo.h"

namespace sandbox {
namespace {

struct KernelFilesystem {
  std::string_view name;
  long magic;
};

// Those with a number have no constant in <linux/magic.h>.
constexpr std::array<KernelFilesystem, 18> kFilesystems = {{
    {"proc", PROC_SUPER_MAGIC},
    {"sysfs", SYSFS_MAGIC},
    {"cgroup", CGROUP_SUPER_MAGIC},
    {"cgroup2", CGROUP2_SUPER_MAGIC},
    {"debugfs", DEBUGFS_MAGIC},
    {"tracefs", TRACEFS_MAGIC},
    {"securityfs", SECURITYFS_MAGIC},
    {"selinuxfs", SELINUX_MAGIC},
    {"bpf", BPF_FS_MAGIC},
    {"nsfs", NSFS_MAGIC},
    {"binfmt_misc", BINFMTFS_MAGIC},
    {"efivarfs", 0xde5e81e4},
    {"pstore", PSTOREFS_MAGIC},
    {"smackfs", SMACK_MAGIC},
    {"rdtgroup", RDTGROUP_SUPER_MAGIC},
    {"autofs", AUTOFS_SUPER_MAGIC},
    {"configfs", 0x62656570},
    {"fusectl", 0x65735543},
}};

bool is_at_or_below(std::string_view path, std::string_view directory) {
  if (directory == "/") return true;
  return path.starts_with(directory) &&
         (path.size() == directory.size() || path[directory.size()] == '/');
}

}  // namespace

std::string_view kernel_filesystem(long magic) {
  const auto* found = std::find_if(kFilesystems.begin(), kFilesystems.end(),
                                   [&](const auto& fs) { return fs.magic == magic; });
  return found == kFilesystems.end() ? std::string_view{} : found->name;
}

std::vector<KernelMount> kernel_mounts_below(std::string_view mountinfo,
                                             std::string_view directory) {
  std::vector<KernelMount> found;
  for (MountedAt& mount : parse_mountinfo(mountinfo)) {
    bool is_kernels = std::any_of(kFilesystems.begin(), kFilesystems.end(),
                                  [&](const auto& fs) { return fs.name == mount.type; });
    if (is_kernels && is_at_or_below(mount.path, directory))
      found.push_back({.path = std::move(mount.path), .type = std::move(mount.type)});
  }
  return found;
}

}  // namespace sandbox
