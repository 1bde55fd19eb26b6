// AttachPoint: the one tree that a worker serves, as the server sees it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "spec/base/fd.h"

namespace base {
class ParkedThreads;
}

namespace gofer {

class Channels;

// What a worker does when a client tries to change a read-only tree: answer EROFS, or end.
enum class OnWrite : uint8_t { kRefuse, kPanic };

// Which extended attributes a client sees and may change, by name space. Those of a name space
// that is off do not exist for it: they are in no list, and a request that names one answers
// EOPNOTSUPP.
struct XattrNames {
  bool user = true;       // user.*
  bool acl = false;       // system.posix_acl_access and system.posix_acl_default
  bool security = false;  // security.*
  bool trusted = false;   // trusted.*
  bool any() const { return user || acl || security || trusted; }
};

// Hard budgets of one connection. Past one, a request fails with EMFILE (descriptors, fids), ENOMEM
// (nodes), ENOBUFS (bytes of extended attributes) or ENOLCK (locks); nothing grows beyond them.
struct Limits {
  std::size_t fids = std::size_t{1} << 18;
  std::size_t nodes = std::size_t{1} << 19;  // places that fids refer to, and those above them
  std::size_t open_files = 1536;             // descriptors of fids that were opened
  std::size_t lock_owners = 256;             // descriptors that hold locks: one per owner and file
  std::size_t lock_ranges = 4096;            // locked ranges of all owners
  std::size_t xattr_bytes = std::size_t{1} << 20;  // values and lists in xattr fids, each >= 512
  std::size_t node_fds = 1536;  // O_PATH descriptors kept for fids that were walked to; at least 4
  uint32_t msize = (uint32_t{1} << 20) + 24;  // largest frame: 1 MiB of data and its header
};

struct AttachPoint {
  base::Fd root;     // O_PATH descriptor of a directory or a file; outlives the session
  base::Fd own_fds;  // directory descriptor of /proc/self/fd (or a detached clone of it)
                     // it is the working directory of the thread that serves, too
  std::string_view destination = "/";  // for the log only
  bool read_only = false;
  OnWrite on_write = OnWrite::kRefuse;
  bool make_fifo = false;    // Tmknod may make FIFOs
  bool make_socket = false;  // Tmknod may make socket files
  bool uds = false;          // Tlconnect connects to the sockets in the tree
  bool fifo = false;         // Tlopen opens FIFOs
  XattrNames xattrs = {};
  bool donate = true;      // clients that speak Google extensions get descriptors of what they open
  bool locks = true;       // false: Tlock and Tgetlock answer EOPNOTSUPP
  bool id_mapped = false;  // the tree's ids are mapped: files of other owners can't be taken over
  bool may_chown = true;   // false: without CAP_CHOWN new files keep the server's own ids
  Channels* channels = nullptr;  // besides the socket, for one connection; null: none
  base::ParkedThreads* disk_threads = nullptr;  // who waits for disks; null: who reads the requests
  Limits limits = {};
};

}  // namespace gofer
