// Jail root: makes a detached mount tree the root directory of the process, and the only one.
#pragma once

#include "spec/base/fd.h"
#include "spec/base/problem.h"

namespace sandbox {

// In a worker: a mount namespace of its own, in which nothing comes back from the launcher's.
base::Outcome<void> enter_mount_namespace();

// A detached clone of this process's /proc/self/fd, read-only: `..` does not lead out of it, and
// it is useless to any other process. Before the root is changed; needs /proc.
base::Outcome<base::UniqueFd> clone_own_fds();

// After enter_mount_namespace(): pivots into `tree`, a detached tree of a directory. All other
// mounts are gone afterwards, and the working directory is "/". Returns the root (O_PATH).
base::Outcome<base::UniqueFd> enter_directory_root(base::Fd tree);

// The same for a tree whose top is a regular file: the root is a read-only tmpfs that holds it, and
// the file is returned (O_PATH).
base::Outcome<base::UniqueFd> enter_file_root(base::Fd tree);

// An empty, read-only root, for processes that serve no files.
base::Outcome<void> enter_empty_root();

}  // namespace sandbox
