#include "tests/audit/shapes.h"

#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <time.h>

#include <algorithm>
#include <cstddef>
#include <initializer_list>

namespace audit {
namespace {

using spec::Extra;
using spec::Role;

constexpr uint64_t kFd = 1000;
constexpr uint64_t kPid = 1000;
constexpr uint64_t kSign = uint64_t{1} << 31;
// A descriptor, but not AT_FDCWD: the kernel takes 32 bits of it as a signed number.
constexpr uint64_t kAnyFd = ~kSign;
// The first half of a socket's descriptors, and so on: four in a row.
constexpr uint64_t kOneOfFour = 3;
constexpr uint64_t kItself = AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW;
constexpr uint64_t kUnmounted = kItself | AT_NO_AUTOMOUNT;
constexpr uint64_t kReadFlags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
constexpr uint64_t kWriteFlags =
    kReadFlags | O_ACCMODE | O_CREAT | O_EXCL | O_TRUNC | O_APPEND | O_DSYNC | O_SYNC;
constexpr uint64_t kFifoFlags = O_NONBLOCK | O_CLOEXEC;
constexpr uint64_t kAllocateModes = FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE |
                                    FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_ZERO_RANGE |
                                    FALLOC_FL_INSERT_RANGE | FALLOC_FL_UNSHARE_RANGE;
constexpr uint64_t kModeOfAnyType = ~uint64_t{S_IFMT};
// The number of a descriptor as the path of a socket: ten digits at most, a sign, a NUL.
constexpr uint64_t kNumberAsAddress = offsetof(sockaddr_un, sun_path) + 12;
constexpr uint64_t kNewSocket = SOCK_NONBLOCK | SOCK_CLOEXEC;

constexpr Shape kProcess[] = {
    {"exit_group", SYS_exit_group},
    {"rt_sigprocmask", SYS_rt_sigprocmask},
    {"gettid", SYS_gettid},
    {"getpid", SYS_getpid},
    {"abort", SYS_tgkill, {kPid, kPid, SIGABRT}, {{{2}}}},
    {"a clock of the vDSO", SYS_clock_gettime, {CLOCK_REALTIME}, {{{0, CLOCK_MONOTONIC}}}},
    {"the log", SYS_write, {2}, {{{0}}}},
};

constexpr Shape kCore[] = {
    {"brk", SYS_brk},
    {"anonymous memory",
     SYS_mmap,
     {0, 4096, 0, MAP_PRIVATE | MAP_ANONYMOUS},
     {{{2, PROT_READ | PROT_WRITE}, {3}}}},
    {"munmap", SYS_munmap},
    {"mremap", SYS_mremap, {0, 0, 0, MREMAP_MAYMOVE}, {{{3}}}},
    {"giving pages back", SYS_madvise, {0, 0, MADV_DONTNEED}, {{{2}}}},
    {"a request", SYS_read, {3}, {{{0}}}},
    {"a reply", SYS_write, {3}, {{{0}}}},
    {"close", SYS_close, {kFd}},
    {"waiting for a thread", SYS_futex, {0, FUTEX_WAIT_PRIVATE, 1, 0}, {{{1}, {2, 3}, {3}}}},
    {"waking a thread", SYS_futex, {0, FUTEX_WAKE_PRIVATE, 1}, {{{1}, {2}}}},
};

constexpr Shape kRead[] = {
    {"which file it is", SYS_statx, {kFd, 0, kUnmounted}, {{{0, kAnyFd}, {2}}}},
    {"attributes", SYS_fstat},
    {"a link's target", SYS_readlinkat, {kFd}, {{{0, kAnyFd}}}},
    {"reading", SYS_pread64},
    {"reading what is there", SYS_preadv2, {kFd, 0, 1, 0, 0, RWF_NOWAIT}, {{{2}, {5}}}},
    {"the coarse clock of the vDSO", SYS_clock_gettime, {CLOCK_MONOTONIC_COARSE}, {{{0}}}},
    {"listing", SYS_getdents64},
    {"going on listing", SYS_lseek, {kFd, 0, SEEK_SET}, {{{2}}}},
    {"fstatfs", SYS_fstatfs},
};

constexpr Shape kReadOnly[] = {
    {"opening to read", SYS_openat, {kFd, 0, 0}, {{{0, kAnyFd}, {2, kReadFlags}}}},
};

constexpr Shape kReadWrite[] = {
    {"opening", SYS_openat, {kFd, 0, 0}, {{{0, kAnyFd}, {2, kWriteFlags}}}},
    {"writing", SYS_pwrite64},
    {"fsync", SYS_fsync},
    {"fdatasync", SYS_fdatasync},
    {"ftruncate", SYS_ftruncate},
    {"fallocate", SYS_fallocate, {kFd, 0}, {{{1, kAllocateModes}}}},
    {"mkdirat", SYS_mkdirat, {kFd}, {{{0, kAnyFd}}}},
    {"symlinkat", SYS_symlinkat, {0, kFd}, {{{1, kAnyFd}}}},
    {"unlinkat", SYS_unlinkat, {kFd, 0, 0}, {{{0, kAnyFd}, {2, AT_REMOVEDIR}}}},
    {"renameat2", SYS_renameat2, {kFd, 0, kFd, 0, 0}, {{{0, kAnyFd}, {2, kAnyFd}, {4}}}},
    {"linkat", SYS_linkat, {5, 0, kFd, 0, AT_SYMLINK_FOLLOW}, {{{0}, {2, kAnyFd}, {4}}}},
    {"a regular file", SYS_mknodat, {kFd, 0, S_IFREG}, {{{0, kAnyFd}, {2, kModeOfAnyType}}}},
    {"fchownat", SYS_fchownat, {kFd, 0, 0, 0, kItself}, {{{0, kAnyFd}, {4}}}},
    {"fchmodat", SYS_fchmodat, {5}, {{{0}}}},
    {"utimensat", SYS_utimensat, {kFd, 0, 0, kItself}, {{{0, kAnyFd}, {3}}}},
};

constexpr Shape kDonate[] = {
    {"a reply with a descriptor", SYS_sendmsg, {3, 0, MSG_NOSIGNAL}, {{{0}, {2}}}},
};

constexpr Shape kXattr[] = {
    {"getxattr", SYS_getxattr},
    {"listxattr", SYS_listxattr},
};

constexpr Shape kReadWriteXattr[] = {
    {"setxattr", SYS_setxattr, {}, {{{4, XATTR_CREATE | XATTR_REPLACE}}}},
    {"removexattr", SYS_removexattr},
};

constexpr Shape kLocks[] = {
    {"a lock", SYS_fcntl, {kFd, F_OFD_SETLK}, {{{1}}}},
    {"asking for a lock", SYS_fcntl, {kFd, F_OFD_GETLK}, {{{1}}}},
};

constexpr Shape kMknod[] = {
    {"a FIFO", SYS_mknodat, {kFd, 0, S_IFIFO}, {{{0, kAnyFd}, {2, kModeOfAnyType}}}},
    {"a socket file", SYS_mknodat, {kFd, 0, S_IFSOCK}, {{{0, kAnyFd}, {2, kModeOfAnyType}}}},
};

constexpr Shape kUds[] = {
    {"a stream", SYS_socket, {AF_UNIX, SOCK_STREAM | kNewSocket, 0}, {{{0}, {1}, {2}}}},
    {"datagrams", SYS_socket, {AF_UNIX, SOCK_DGRAM | kNewSocket, 0}, {{{0}, {1}, {2}}}},
    {"packets", SYS_socket, {AF_UNIX, SOCK_SEQPACKET | kNewSocket, 0}, {{{0}, {1}, {2}}}},
    {"connecting", SYS_connect, {kFd, 0, kNumberAsAddress}, {{{2}}}},
};

constexpr Shape kReadOnlyFifo[] = {
    {"a FIFO to read", SYS_openat, {5, 0, O_RDONLY | kFifoFlags}, {{{0}, {2}}}},
};

constexpr Shape kReadWriteFifo[] = {
    {"a FIFO to read", SYS_openat, {5, 0, O_RDONLY | kFifoFlags}, {{{0}, {2}}}},
    {"a FIFO to write", SYS_openat, {5, 0, O_WRONLY | kFifoFlags}, {{{0}, {2}}}},
    {"a FIFO for both", SYS_openat, {5, 0, O_RDWR | kFifoFlags}, {{{0}, {2}}}},
};

constexpr Shape kChannels[] = {
    {"waiting for a turn", SYS_futex, {0, FUTEX_WAIT, 0, 0}, {{{1}, {2}, {3}}}},
    {"passing the turn", SYS_futex, {0, FUTEX_WAKE, 1}, {{{1}, {2}}}},
    {"ending a channel", SYS_futex, {0, FUTEX_WAKE, INT32_MAX}, {{{1}, {2}}}},
    {"a descriptor on a channel",
     SYS_sendmsg,
     {8, 0, MSG_NOSIGNAL | MSG_DONTWAIT},
     {{{0, kOneOfFour}, {2}}}},
};

constexpr Shape kReadOnlyChannels[] = {
    {"hanging up", SYS_shutdown, {3, SHUT_RDWR}, {{{0}, {1}}}},
};

constexpr Shape kSupervisor[] = {
    {"waiting for children", SYS_wait4},
    {"waiting for a signal", SYS_rt_sigtimedwait},
    {"going on", SYS_ptrace, {PTRACE_CONT, kPid}, {{{0}}}},
    {"registers", SYS_ptrace, {PTRACE_GETREGS, kPid}, {{{0}}}},
    {"an end to come", SYS_ptrace, {PTRACE_GETEVENTMSG, kPid}, {{{0}}}},
    {"the ABI", SYS_ptrace, {PTRACE_GET_SYSCALL_INFO, kPid}, {{{0}}}},
    {"leaving stopped", SYS_ptrace, {PTRACE_LISTEN, kPid}, {{{0}}}},
    {"killing", SYS_kill, {kPid, SIGKILL}, {{{0, kAnyFd}, {1}}}},
    {"SIGHUP", SYS_kill, {kPid, SIGHUP}, {{{0, kAnyFd}, {1}}}},
    {"SIGINT", SYS_kill, {kPid, SIGINT}, {{{0, kAnyFd}, {1}}}},
    {"SIGQUIT", SYS_kill, {kPid, SIGQUIT}, {{{0, kAnyFd}, {1}}}},
    {"SIGTERM", SYS_kill, {kPid, SIGTERM}, {{{0, kAnyFd}, {1}}}},
    {"status", SYS_write, {3}, {{{0}}}},
};

constexpr Shape kInit[] = {
    {"sleeping", SYS_pause},
};

class Collector {
 public:
  void add(std::span<const Shape> table) { all_.insert(all_.end(), table.begin(), table.end()); }
  std::vector<Shape> take() { return std::move(all_); }

 private:
  std::vector<Shape> all_;
};

void add_extra(Collector& all, Role role, Extra extra) {
  bool read_only = role == Role::kReadOnly;
  switch (extra) {
    case Extra::kDonate:
      return all.add(kDonate);
    case Extra::kXattr:
      all.add(kXattr);
      if (!read_only) all.add(kReadWriteXattr);
      return;
    case Extra::kLocks:
      return all.add(kLocks);
    case Extra::kMknod:
      return all.add(kMknod);
    case Extra::kUds:
      return all.add(kUds);
    case Extra::kFifo:
      return read_only ? all.add(kReadOnlyFifo) : all.add(kReadWriteFifo);
    case Extra::kChannels:
      all.add(kChannels);
      if (read_only) all.add(kReadOnlyChannels);
      return;
  }
}

void add_role(Collector& all, Role role) {
  switch (role) {
    case Role::kReadOnly:
    case Role::kReadWrite:
      for (std::span<const Shape> table : {std::span<const Shape>(kProcess), {kCore}, {kRead}})
        all.add(table);
      return role == Role::kReadOnly ? all.add(kReadOnly) : all.add(kReadWrite);
    case Role::kSupervisor:
      all.add(kProcess);
      return all.add(kSupervisor);
    case Role::kInit:
      return all.add(kInit);
  }
}

}  // namespace

std::span<const Held> Shape::arguments() const {
  auto none = [](const Held& one) { return one.index == spec::kSyscallArguments; };
  return {held.begin(), std::ranges::find_if(held, none)};
}

bool Shape::permits(long call, const Arguments& given) const {
  return call == number && std::ranges::all_of(arguments(), [&](const Held& one) {
           return ((given[one.index] ^ example[one.index]) & ~one.free) == 0;
         });
}

std::vector<Shape> shapes(const Policed& policed) {
  Collector all;
  add_role(all, policed.role);
  for (Extra extra : spec::kExtras)
    if (policed.extras.has(extra)) add_extra(all, policed.role, extra);
  return all.take();
}

bool permitted(const std::vector<Shape>& shapes, long call, const Arguments& arguments) {
  return std::ranges::any_of(shapes,
                             [&](const Shape& shape) { return shape.permits(call, arguments); });
}

std::vector<Variation> variations(const std::vector<Shape>& shapes) {
  std::vector<Variation> all;
  for (const Shape& shape : shapes) {
    all.push_back({&shape, spec::kSyscallArguments, shape.example});
    for (const Held& one : shape.arguments())
      for (unsigned bit = 0; bit < 64; ++bit) {
        Arguments changed = shape.example;
        changed[one.index] ^= uint64_t{1} << bit;
        all.push_back({&shape, one.index, changed});
      }
  }
  return all;
}

}  // namespace audit
