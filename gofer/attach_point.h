// AttachPoint: the one tree that a worker serves, as the server sees it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "spec/base/fd.h"

namespace gofer {

// What a worker does when a client tries to change a read-only tree: answer EROFS, or end.
enum class OnWrite : uint8_t { kRefuse, kPanic };

// Hard budgets of one connection. Past one, a request fails with EMFILE (descriptors, fids) or
// ENOMEM (nodes); nothing grows beyond them.
struct Limits {
  std::size_t fids = std::size_t{1} << 18;
  std::size_t nodes = std::size_t{1} << 19;  // places that fids refer to, and those above them
  std::size_t open_files = 1536;             // descriptors of fids that were opened
  std::size_t node_fds = 1536;  // O_PATH descriptors kept for fids that were walked to; at least 4
  uint32_t msize = (uint32_t{1} << 20) + 24;  // largest frame: 1 MiB of data and its header
};

struct AttachPoint {
  base::Fd root;     // O_PATH descriptor of a directory or a regular file; outlives the session
  base::Fd own_fds;  // directory descriptor of /proc/self/fd (or a detached clone of it)
  std::string_view destination = "/";  // for the log only
  bool read_only = false;
  OnWrite on_write = OnWrite::kRefuse;
  bool make_fifo = false;    // Tmknod may make FIFOs
  bool make_socket = false;  // Tmknod may make socket files
  bool may_chown = true;     // false: without CAP_CHOWN new files keep the server's own ids
  Limits limits = {};
};

}  // namespace gofer
