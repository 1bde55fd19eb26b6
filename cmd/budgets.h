// Budgets: what one client may make its worker hold, as the command line has it. docs/limits.md
// says what each costs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "gofer/attach_point.h"

namespace cmd {

// Bounds of the options. A worker with fewer fids or nodes serves nobody, and any one extended
// attribute must fit. With more lock ranges a request that goes through all of them is a long one.
inline constexpr uint64_t kFewestDescriptors = 64;
inline constexpr uint64_t kMostDescriptors = uint64_t{1} << 20;  // fs.nr_open, unless it was raised
inline constexpr uint64_t kFewestFids = 16;
inline constexpr uint64_t kMostFids = uint64_t{1} << 24;
inline constexpr uint64_t kFewestXattrBytes = uint64_t{1} << 16;
inline constexpr uint64_t kMostXattrBytes = uint64_t{1} << 30;
inline constexpr uint64_t kMostLocks = uint64_t{1} << 16;
inline constexpr uint64_t kMostDiskThreads = 16;

struct Budgets {
  uint64_t fd_limit = 4096;                 // of the process: RLIMIT_NOFILE
  std::optional<uint64_t> open_files = {};  // at most most_open_files(); none: as many as nodes get
  uint64_t fids = gofer::Limits{}.fids;
  uint64_t nodes = gofer::Limits{}.nodes;
  uint64_t xattr_bytes = gofer::Limits{}.xattr_bytes;
  uint64_t locks = gofer::Limits{}.lock_ranges;
  uint64_t disk_threads = 2;  // who waits for disks, so that other requests need not
};

// The budgets of a worker with so many channels. An open file, a node and a lock owner hold one of
// its descriptors each, and all of them leave room for those of a request. Each channel takes two
// more, and all of them one.
gofer::Limits limits_of(const Budgets& budgets, unsigned channels = 0);

// How many files may be open below `fd_limit` however many channels there are, so that descriptors
// for nodes are left.
uint64_t most_open_files(uint64_t fd_limit);

}  // namespace cmd
