#include "sandbox/kernel_filesystems.h"

#include <linux/magic.h>

#include <algorithm>
#include <array>
#include <cstddef>

namespace sandbox {
namespace {

struct KernelFilesystem {
  std::string_view name;
  long magic;
};

// The last five have no constant in <linux/magic.h>.
constexpr std::array<KernelFilesystem, 17> kFilesystems = {{
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
    {"configfs", 0x62656570},
    {"fusectl", 0x65735543},
}};

// The next field of a line of mountinfo; spaces inside a field are written as \040.
std::string_view next_field(std::string_view& line) {
  std::size_t end = std::min(line.find(' '), line.size());
  std::string_view field = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return field;
}

constexpr bool is_octal(char c) {
  return c >= '0' && c <= '7';
}

std::string unescaped(std::string_view field) {
  std::string text;
  while (!field.empty()) {
    bool escaped = field.size() >= 4 && field[0] == '\\' &&
                   std::all_of(field.begin() + 1, field.begin() + 4, is_octal);
    if (!escaped) {
      text += field[0];
      field.remove_prefix(1);
      continue;
    }
    int code = ((field[1] - '0') << 6) | ((field[2] - '0') << 3) | (field[3] - '0');
    text += static_cast<char>(code);
    field.remove_prefix(4);
  }
  return text;
}

bool is_at_or_below(std::string_view path, std::string_view directory) {
  if (directory == "/") return true;
  return path.starts_with(directory) &&
         (path.size() == directory.size() || path[directory.size()] == '/');
}

// man 5 proc: id parent major:minor root mount-point options [optional ...] - type source options
KernelMount parse_line(std::string_view line) {
  for (int skipped = 0; skipped < 4; ++skipped) next_field(line);
  KernelMount mount{.path = unescaped(next_field(line)), .type = {}};
  while (!line.empty() && next_field(line) != "-") continue;
  mount.type = next_field(line);
  return mount;
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
  while (!mountinfo.empty()) {
    std::size_t end = std::min(mountinfo.find('\n'), mountinfo.size());
    KernelMount mount = parse_line(mountinfo.substr(0, end));
    mountinfo.remove_prefix(std::min(end + 1, mountinfo.size()));
    bool is_kernels = std::any_of(kFilesystems.begin(), kFilesystems.end(),
                                  [&](const auto& fs) { return fs.name == mount.type; });
    if (is_kernels && is_at_or_below(mount.path, directory)) found.push_back(std::move(mount));
  }
  return found;
}

}  // namespace sandbox
