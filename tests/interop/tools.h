// Programs of others, run to their end. A missing one is a failed test, never a skipped one.
#pragma once

#include <string>
#include <vector>

#include "tests/support/gofer_process.h"

namespace interop {

struct Result {
  support::End end;
  std::string out;
  std::string err;
};

// Looks in /usr/sbin, too: an ordinary user's PATH does not have it.
support::Process::Start in_path(std::vector<std::string> words);
Result run(std::vector<std::string> words);

// Runs it and throws std::runtime_error with its words unless it ends with status 0.
void must_run(std::vector<std::string> words);

// What the client on gVisor's 9P package (tests/interop/gvisor) expects to find.
void make_tree_for_gvisor(const support::path& tree);

// A root file system with busybox, a few of its links, and files to look at.
void make_busybox_rootfs(const support::path& rootfs);

}  // namespace interop
