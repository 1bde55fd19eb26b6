// /proc/PID/mountinfo, parsed. man 5 proc.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sandbox {

struct MountedAt {
  std::string path;         // where, as the process sees it
  std::string options;      // of the mount: "ro,nosuid,nodev,relatime"
  std::string propagation;  // the optional fields: "shared:5 master:2", or empty
  std::string type;         // of the file system
};

// One for each line, in order.
std::vector<MountedAt> parse_mountinfo(std::string_view text);

}  // namespace sandbox
