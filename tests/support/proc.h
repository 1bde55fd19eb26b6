// What /proc says about a process, as seen from outside. Throws std::system_error or
// std::filesystem::filesystem_error when it cannot be read.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace support {

// The value of a line of /proc/PID/status, without surrounding blanks: "Seccomp", "CapEff" ...
std::string status_field(pid_t pid, std::string_view name);

// Descriptor numbers and what /proc/PID/fd says they are.
std::map<int, std::string> descriptors_of(pid_t pid);

// One mount of a process, from /proc/PID/mountinfo.
struct MountInfo {
  std::string point;    // where, as the process sees it
  std::string options;  // per mount: "ro,nosuid,nodev,noexec,nosymfollow,relatime"
  std::string type;     // file system type
  bool has(std::string_view option) const;
};
std::vector<MountInfo> mounts_of(pid_t pid);

// The names in a directory as the process sees it, below its root directory, sorted.
std::vector<std::string> names_in_root(pid_t pid, std::string_view directory = "");

// "mnt:[4026531841]" and the like for one namespace.
std::string namespace_of(pid_t pid, std::string_view kind);

}  // namespace support
