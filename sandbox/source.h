// Source: the file or directory behind an attach point, opened once and never named again.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "spec/attach_plan.h"
#include "spec/base/fd.h"
#include "spec/base/problem.h"

namespace sandbox {

struct SourcePolicy {
  bool strict = false;           // a symbolic link on the way is an error instead of a note
  bool allow_kernel_fs = false;  // proc, sysfs, cgroup and the like may be served
};

struct Source {
  base::UniqueFd fd;  // O_PATH
  bool is_directory = true;
  std::string_view kind = "directory";  // or "file", "socket", "FIFO"
  std::string real_path;  // where the source was when it was opened; for messages only
  bool on_overlayfs = false;
  uint64_t device = 0;  // with inode: what it is
  uint64_t inode = 0;
  std::vector<std::string> notes;  // what the operator should know, one sentence each
};

// Opens the source of `point`. Symbolic links are followed once, here, on the host; magic links
// never, unless kernel file systems are allowed. Refused, with the mount's JSON pointer: what does
// not exist (kBadSpec), anything but a directory or a regular file (and a socket or a FIFO, where
// the attach point serves those), a source on a kernel file
// system or under /proc or /sys, and a recursive one with such a mount below it.
base::Outcome<Source> open_source(const spec::AttachPoint& point, const SourcePolicy& policy);

// One sentence for each pair of sources of which one lies inside the other (or is the same) and
// whose access differs: read-only is only a view then. Compares inodes, not paths.
// `sources` and `points` correspond by index.
std::vector<std::string> overlap_notes(std::span<const Source> sources,
                                       std::span<const spec::AttachPoint> points);

}  // namespace sandbox
