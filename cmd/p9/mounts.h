// Mounts: the attach points that gofer hands to a command in GOFER_MOUNTS.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "spec/base/fd.h"
#include "spec/base/problem.h"

namespace p9client {

struct Mount {
  base::Fd fd;              // a connected socket; whoever owns the environment owns it
  std::string destination;  // absolute and clean: "/", "/etc/resolv.conf"
  bool read_only = false;
};

// Reads the JSON array. Errors carry ExitCode::kUsage.
base::Outcome<std::vector<Mount>> parse_mounts(std::string_view text);

// `path` made absolute and clean, as a shell at "/" would see it: "a//b/../c/" is "/a/c". ".." at
// the root stays there. Lexical, for attach points are crossed by the client alone.
std::string clean_path(std::string_view path);

// True if `path` is `top` or lies below it; both clean.
bool is_within(std::string_view path, std::string_view top);

// The mount with the longest destination that `path` is within, the later one of two equal ones
// (it hides the earlier); null if there is none.
const Mount* mount_of(const std::vector<Mount>& mounts, std::string_view path);

// What is left of `path` below `destination`, without a leading slash.
std::string_view below(std::string_view path, std::string_view destination);

}  // namespace p9client
