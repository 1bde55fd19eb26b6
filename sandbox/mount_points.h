// Mount points: where each destination really is inside what the container will see, and making
// the ones that are missing. By descriptor only: the tree may be changed by somebody meanwhile.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "spec/base/fd.h"
#include "spec/base/problem.h"

namespace sandbox {

struct MountPointRequest {
  std::string where;        // JSON pointer, for messages
  std::string destination;  // absolute
  // What will be seen there: the source itself (--check), or its detached clone from clone_tree(),
  // which shows exactly the mounts the container will see, while it can still be written to.
  base::Fd tree;
  bool is_directory = true;
};

enum class Missing : uint8_t {
  kCreate,  // directories, an empty file for a file; owned by this process
  kReport,  // change nothing; list what would be made
};

// Of what is made, whatever the umask is.
struct NewModes {
  mode_t directory = 0755;
  mode_t file = 0644;
};

struct MountPoint {
  std::string destination;        // absolute, without symbolic links, `.` or `..`
  std::vector<std::string> made;  // or, with kReport, missing; outermost first, each named once
};

// Resolves the destinations in order; the first request is the root and is at "/". Symbolic links
// are expanded as the container would: absolute ones start at its root, `..` stops there. Below the
// destination of an earlier request the search goes on in that request's tree. One result per
// request. Never leaves the trees, whatever is renamed or replaced while it runs.
// Errors, with the request's JSON pointer: more than 40 links or a link on a proc file system
// (ELOOP), a directory for a file or the other way round, a destination that ends at "/" (all
// kBadSpec), a missing component that cannot be made. The process has one thread (umask is set).
base::Outcome<std::vector<MountPoint>> resolve_mount_points(
    std::span<const MountPointRequest> requests, Missing missing, NewModes modes = {});

// Makes the directory `path` of the container, and those on the way, where they are missing once
// everything is mounted: `requests` and `points` are those of resolve_mount_points(). Errors as
// there, with `where`; what is there and is no directory is ENOTDIR.
base::Outcome<MountPoint> make_directory(std::span<const MountPointRequest> requests,
                                         std::span<const MountPoint> points, std::string_view path,
                                         std::string_view where, mode_t mode);

}  // namespace sandbox
