// Lockdown: the ordered steps that turn a process into a worker, init or supervisor in its jail.
// Each list is in lockdown.cc on one screen; the order is the security argument. docs/jail.md.
#pragma once

#include <linux/filter.h>
#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "sandbox/handshake.h"
#include "sandbox/limits.h"
#include "sandbox/skips.h"
#include "spec/attach_plan.h"
#include "spec/base/fd.h"
#include "spec/base/problem.h"
#include "spec/role.h"

namespace sandbox {

// What new files on an id-mapped tree belong to: the host's ids for id 0 of the container.
struct FileIds {
  uid_t uid = 0;
  gid_t gid = 0;
};

// Nothing is owned: the process that locks itself down ends, or keeps only what lock_down() left.
struct WorkerJail {
  std::string where;  // JSON pointer of the attach point, for messages
  spec::Role role = spec::Role::kReadOnly;
  spec::XattrNames xattrs;              // that it serves: they may need more capabilities
  bool is_directory = true;             // of the source
  base::Fd tree{-1};                    // from make_tree()
  base::Fd transport{-1};               // becomes kWorkerTransport
  base::Fd log{2};                      // becomes kWorkerLog
  base::Fd control{-1};                 // the child's end of a Handshake
  base::Fd launcher{-1};                // pidfd of the launcher, from open_own_pidfd()
  std::span<const sock_filter> filter;  // the role's program
  Limits limits;
  int require_landlock = 0;
  Skips skips;
  std::optional<FileIds> file_ids;
  // Makes what the server has besides the socket and the filter would not let it make: threads, and
  // the shared memory and sockets of those that have channels. Runs in the worker when 6 is the
  // highest number in use. Empty: nothing.
  std::function<base::Outcome<void>()> make_threads = {};
};

// In a child that was forked for it, single-threaded: makes it a worker. On return its descriptors
// are those of spec/base/worker_fd.h and nothing else, it can reach nothing but its tree, and the
// filter is in force in all its threads; the launcher has the same JailReport. On error the
// launcher was told (kProblem) and the process must end (WorkerExit::kSetup) without serving: it
// may be half-jailed.
base::Outcome<JailReport> lock_down(const WorkerJail& jail);

struct InitJail {
  base::Fd log{2};
  base::Fd control{-1};
  base::Fd launcher{-1};
  std::span<const sock_filter> filter;
  Limits limits;
  int require_landlock = 0;
  Skips skips;
};

// In the first child after unshare_pid_namespace(): makes it the pid 1 that only waits to die. Its
// only descriptors are 0, 1 (/dev/null) and 2 (the log). As lock_down() on errors.
base::Outcome<JailReport> lock_down_init(const InitJail& jail);

struct SupervisorJail {
  std::span<const base::Fd> keep;  // descriptors that stay open, at their numbers
  std::span<const sock_filter> filter;
  Limits limits;
  int require_landlock = 0;
  Skips skips;
};

// In the launcher, when every worker is attached to and has reported: no capability, no file, no
// new process. It can still wait for, continue and kill what it has attached to before.
// Needs /proc to be mounted. There is no way back on error: the launcher ends, and all die with it.
base::Outcome<JailReport> lock_down_supervisor(const SupervisorJail& jail);

// The names of a worker's steps, in order: what the operator and the documentation call them.
std::span<const std::string_view> worker_steps();

}  // namespace sandbox
