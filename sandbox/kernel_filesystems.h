// Kernel file systems: those whose files are switches of the kernel instead of data. Serving one
// by accident hands out the host (/proc/sys/kernel/core_pattern). Automount points are among them:
// whoever asks for a name there makes a daemon of the host mount something, and waits for it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sandbox {

// By the magic number of statfs(2). Returns its name, or an empty text for any other file system.
std::string_view kernel_filesystem(long magic);

struct KernelMount {
  std::string path;
  std::string type;
};

// The mounts of kernel file systems at or below `directory` (absolute, without symbolic links), as
// listed in `mountinfo`, a text in the format of /proc/self/mountinfo.
std::vector<KernelMount> kernel_mounts_below(std::string_view mountinfo,
                                             std::string_view directory);

}  // namespace sandbox
