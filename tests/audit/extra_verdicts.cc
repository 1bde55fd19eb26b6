// What a worker may and may not call because of its extras, and for want of them.
#include <fcntl.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

#include "tests/audit/row_tables.h"
#include "tests/audit/verdicts.h"

namespace audit {
namespace {

using enum Verdict;
using Table = std::span<const Row>;

constexpr uint64_t kAll = INT32_MAX;
constexpr uint64_t kDonation = MSG_NOSIGNAL | MSG_DONTWAIT;

constexpr Row kNoChannels[] = {
    {"waiting for a word", SYS_futex, {0, FUTEX_WAIT, 0}, kKilled},
    {"waking who waits", SYS_futex, {0, FUTEX_WAKE, 1}, kKilled},
    {"a message on a side socket", SYS_sendmsg, {8, 0, kDonation}, kKilled},
    {"ending the connection", SYS_shutdown, {3, SHUT_RDWR}, kKilled},
};

constexpr Row kChannels[] = {
    {"waiting for the turn", SYS_futex, {0, FUTEX_WAIT, 0, 0}, kAllowed},
    {"waiting for another word's bits", SYS_futex, {0, FUTEX_WAIT_BITSET, 0, 0}, kKilled},
    {"waiting for another turn", SYS_futex, {0, FUTEX_WAIT, 1, 0}, kKilled},
    {"waiting for a while", SYS_futex, {0, FUTEX_WAIT, 0, kFd}, kKilled},
    {"passing the turn", SYS_futex, {0, FUTEX_WAKE, 1}, kAllowed},
    {"waking two", SYS_futex, {0, FUTEX_WAKE, 2}, kKilled},
    {"waking by an operation", SYS_futex, {0, FUTEX_WAKE_OP, 1}, kKilled},
    {"waking all", SYS_futex, {0, FUTEX_WAKE, kAll}, kAllowed},
    {"waking all by bits", SYS_futex, {0, FUTEX_WAKE_BITSET, kAll}, kKilled},
    {"moving who waits", SYS_futex, {0, FUTEX_REQUEUE, 1}, kKilled},
    {"lending priority", SYS_futex, {0, FUTEX_LOCK_PI}, kKilled},
    {"a descriptor on the first side socket", SYS_sendmsg, {8, 0, kDonation}, kAllowed},
    {"a descriptor on the last side socket", SYS_sendmsg, {11, 0, kDonation}, kAllowed},
    {"a message to the windows", SYS_sendmsg, {7, 0, kDonation}, kKilled},
    {"a message as the client", SYS_sendmsg, {12, 0, kDonation}, kKilled},
    {"a message that may wait", SYS_sendmsg, {8, 0, MSG_NOSIGNAL}, kKilled},
    {"receiving on a side socket", SYS_recvmsg, {8}, kKilled},
    {"a new thread", SYS_clone3, {}, kKilled},
    {"the end of a thread", SYS_exit, {}, kKilled},
    {"shared memory of a file", SYS_mmap, {0, 4096, kReadWrite, MAP_SHARED, 7}, kKilled},
    {"more shared memory", SYS_memfd_create, {}, kKilled},
    {"another size of shared memory", SYS_fallocate, {7, kHigh}, kKilled},
    {"more sockets", SYS_socketpair, {}, kKilled},
};

constexpr Row kReadOnlyChannels[] = {
    {"ending the connection", SYS_shutdown, {3, SHUT_RDWR}, kAllowed},
    {"ending half the connection", SYS_shutdown, {3, SHUT_RD}, kKilled},
    {"ending another one", SYS_shutdown, {8, SHUT_RDWR}, kKilled},
};

constexpr Row kReadWriteChannels[] = {
    {"ending the connection", SYS_shutdown, {3, SHUT_RDWR}, kKilled},
};

// Unless x-gofer.donate=off.
constexpr Row kDonate[] = {
    {"a reply with a descriptor", SYS_sendmsg, {3, 0, MSG_NOSIGNAL}, kAllowed},
    {"a message elsewhere", SYS_sendmsg, {kFd, 0, MSG_NOSIGNAL}, kKilled},
    {"a message to the log", SYS_sendmsg, {2, 0, MSG_NOSIGNAL}, kKilled},
    {"a message that may signal", SYS_sendmsg, {3, 0, 0}, kKilled},
    {"a message out of band", SYS_sendmsg, {3, 0, MSG_NOSIGNAL | MSG_OOB}, kKilled},
    {"a message with a flag to come", SYS_sendmsg, {3, 0, MSG_NOSIGNAL | kHigh}, kKilled},
};
constexpr Row kNoDonate[] = {
    {"a reply with a descriptor", SYS_sendmsg, {3, 0, MSG_NOSIGNAL}, kKilled},
};

// Unless x-gofer.xattr=none.
constexpr Row kXattr[] = {
    {"an extended attribute", SYS_getxattr, {}, kAllowed},
    {"the extended attributes' names", SYS_listxattr, {}, kAllowed},
};
constexpr Row kNoXattr[] = {
    {"an extended attribute", SYS_getxattr, {}, kKilled},
    {"the extended attributes' names", SYS_listxattr, {}, kKilled},
    {"setting an attribute", SYS_setxattr, {}, kKilled},
    {"removing an attribute", SYS_removexattr, {}, kKilled},
};
constexpr Row kReadWriteXattr[] = {
    {"setting an attribute", SYS_setxattr, {}, kAllowed},
    {"setting a new attribute", SYS_setxattr, {0, 0, 0, 0, XATTR_CREATE}, kAllowed},
    {"setting one that is there", SYS_setxattr, {0, 0, 0, 0, XATTR_REPLACE}, kAllowed},
    {"setting one in a way to come", SYS_setxattr, {0, 0, 0, 0, 4}, kKilled},
    {"removing an attribute", SYS_removexattr, {}, kAllowed},
    {"removing an attribute of a link", SYS_lremovexattr, {}, kKilled},
    {"removing an attribute of a descriptor", SYS_fremovexattr, {kFd}, kKilled},
};
constexpr Row kReadOnlyXattr[] = {
    {"setting an attribute", SYS_setxattr, {}, kKilled},
    {"removing an attribute", SYS_removexattr, {}, kKilled},
};

// Unless x-gofer.locks=off.
constexpr Row kLocks[] = {
    {"locking", SYS_fcntl, {kFd, F_OFD_SETLK}, kAllowed},
    {"asking who locks", SYS_fcntl, {kFd, F_OFD_GETLK}, kAllowed},
    {"waiting for a lock", SYS_fcntl, {kFd, F_OFD_SETLKW}, kKilled},
    {"locking for the whole process", SYS_fcntl, {kFd, F_SETLK}, kKilled},
    {"locking with a command to come", SYS_fcntl, {kFd, F_OFD_SETLK | kHigh}, kKilled},
};
constexpr Row kNoLocks[] = {
    {"locking", SYS_fcntl, {kFd, F_OFD_SETLK}, kKilled},
    {"asking who locks", SYS_fcntl, {kFd, F_OFD_GETLK}, kKilled},
};

// With x-gofer.mknod.
constexpr Row kMknod[] = {
    {"a FIFO", SYS_mknodat, {kFd, 0, S_IFIFO | 0644}, kAllowed},
    {"a socket", SYS_mknodat, {kFd, 0, S_IFSOCK | 0644}, kAllowed},
    {"a FIFO by path", SYS_mknodat, {kHere, 0, S_IFIFO | 0644}, kKilled},
    {"a socket by path", SYS_mknodat, {kHere, 0, S_IFSOCK | 0644}, kKilled},
};
constexpr Row kNoMknod[] = {
    {"a FIFO", SYS_mknodat, {kFd, 0, S_IFIFO | 0644}, kKilled},
    {"a socket", SYS_mknodat, {kFd, 0, S_IFSOCK | 0644}, kKilled},
};

// With x-gofer.uds=open.
constexpr uint64_t kStream = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
constexpr uint64_t kDatagram = SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
constexpr uint64_t kSeqpacket = SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC;
constexpr Row kUds[] = {
    {"a stream socket", SYS_socket, {AF_UNIX, kStream, 0}, kAllowed},
    {"a datagram socket", SYS_socket, {AF_UNIX, kDatagram, 0}, kAllowed},
    {"a packet socket", SYS_socket, {AF_UNIX, kSeqpacket, 0}, kAllowed},
    {"a socket that waits", SYS_socket, {AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0}, kKilled},
    {"a socket for children", SYS_socket, {AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0}, kKilled},
    {"a raw socket", SYS_socket, {AF_UNIX, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0}, kKilled},
    {"a type with a high bit", SYS_socket, {AF_UNIX, kStream | kHigh, 0}, kKilled},
    {"a stream socket by protocol", SYS_socket, {AF_UNIX, kStream, 1}, kKilled},
    {"a datagram socket by protocol", SYS_socket, {AF_UNIX, kDatagram, 1}, kKilled},
    {"a packet socket by protocol", SYS_socket, {AF_UNIX, kSeqpacket, 1}, kKilled},
    {"a TCP socket", SYS_socket, {AF_INET, kStream, 0}, kKilled},
    {"a UDP socket", SYS_socket, {AF_INET6, kDatagram, 0}, kKilled},
    {"an SCTP socket", SYS_socket, {AF_INET, kSeqpacket, 0}, kKilled},
    {"a socket of the kernel's tables", SYS_socket, {AF_NETLINK, kDatagram, 0}, kKilled},
    {"a family with a high bit", SYS_socket, {AF_UNIX | kHigh, kStream, 0}, kKilled},
    {"connecting by a number", SYS_connect, {kFd, 0, 14}, kAllowed},
    {"connecting by a path", SYS_connect, {kFd, 0, 110}, kKilled},
    {"connecting by less", SYS_connect, {kFd, 0, 13}, kKilled},
    {"leaving the peer", SYS_connect, {kFd, 0, 2}, kKilled},
    {"connecting with a high bit", SYS_connect, {kFd, 0, 14 | kHigh}, kKilled},
    {"a name for a socket", SYS_bind, {kFd, 0, 14}, kKilled},
    {"listening", SYS_listen, {kFd}, kKilled},
    {"accepting", SYS_accept4, {kFd}, kKilled},
    {"a datagram to anywhere", SYS_sendto, {kFd}, kKilled},
    {"receiving", SYS_recvfrom, {kFd}, kKilled},
    {"a socket's options", SYS_setsockopt, {kFd, SOL_SOCKET, SO_PASSCRED}, kKilled},
    {"asking for a socket's options", SYS_getsockopt, {kFd, SOL_SOCKET, SO_PEERCRED}, kKilled},
    {"a message through a socket", SYS_sendmsg, {kFd, 0, MSG_NOSIGNAL}, kKilled},
    {"writing to a socket", SYS_write, {kFd}, kKilled},
};

constexpr Row kNoUds[] = {
    {"a stream socket", SYS_socket, {AF_UNIX, kStream, 0}, kKilled},
    {"connecting by a number", SYS_connect, {kFd, 0, 14}, kKilled},
};

// With x-gofer.fifo=open.
constexpr uint64_t kFifo = O_NONBLOCK | O_CLOEXEC;
constexpr Row kAnyFifo[] = {
    {"a FIFO for reading", SYS_openat, {5, 0, O_RDONLY | kFifo}, kAllowed},
    {"a FIFO by name", SYS_openat, {kFd, 0, O_RDONLY | kFifo}, kKilled},
    {"a FIFO by path", SYS_openat, {kHere, 0, O_RDONLY | kFifo}, kKilled},
    {"a FIFO for neither", SYS_openat, {5, 0, O_ACCMODE | kFifo}, kKilled},
    {"a FIFO for children", SYS_openat, {5, 0, O_NONBLOCK}, kKilled},
    {"a FIFO that signals", SYS_openat, {5, 0, O_ASYNC | kFifo}, kKilled},
    {"a FIFO with a high bit", SYS_openat, {5, 0, kFifo | kHigh}, kKilled},
    {"reading a FIFO", SYS_read, {kFd}, kKilled},
    {"writing to a FIFO", SYS_write, {kFd}, kKilled},
    {"a pipe", SYS_pipe2, {}, kKilled},
    {"moving data between pipes", SYS_splice, {kFd, 0, kFd}, kKilled},
};
constexpr Row kReadOnlyFifo[] = {
    {"a FIFO for writing", SYS_openat, {5, 0, O_WRONLY | kFifo}, kKilled},
    {"a FIFO for both", SYS_openat, {5, 0, O_RDWR | kFifo}, kKilled},
};
constexpr Row kReadWriteFifo[] = {
    {"a FIFO for writing", SYS_openat, {5, 0, O_WRONLY | kFifo}, kAllowed},
    {"a FIFO for both", SYS_openat, {5, 0, O_RDWR | kFifo}, kAllowed},
    {"a FIFO for writing, by name", SYS_openat, {kFd, 0, O_WRONLY | kFifo}, kKilled},
    {"a FIFO for both, by name", SYS_openat, {kFd, 0, O_RDWR | kFifo}, kKilled},
    {"a FIFO that is cut", SYS_openat, {5, 0, O_WRONLY | O_TRUNC | kFifo}, kKilled},
    {"a FIFO that is made", SYS_openat, {5, 0, O_WRONLY | O_CREAT | kFifo}, kKilled},
};
constexpr Row kNoFifo[] = {
    {"a FIFO for reading", SYS_openat, {5, 0, O_RDONLY | kFifo}, kKilled},
    {"a FIFO for writing", SYS_openat, {5, 0, O_WRONLY | kFifo}, kKilled},
};

}  // namespace

std::vector<Row> rows_of_extra(const Policed& policed, spec::Extra extra) {
  if (!spec::is_worker(policed.role)) return {};
  bool writes = policed.role == spec::Role::kReadWrite;
  bool has = policed.extras.has(extra);
  switch (extra) {
    case spec::Extra::kDonate:
      return has ? joined({kDonate}) : joined({kNoDonate});
    case spec::Extra::kXattr:
      if (!has) return joined({kNoXattr});
      return joined({kXattr, writes ? Table(kReadWriteXattr) : Table(kReadOnlyXattr)});
    case spec::Extra::kLocks:
      return has ? joined({kLocks}) : joined({kNoLocks});
    case spec::Extra::kMknod:
      return has ? joined({kMknod}) : joined({kNoMknod});
    case spec::Extra::kUds:
      return has ? joined({kUds}) : joined({kNoUds});
    case spec::Extra::kFifo:
      if (!has) return joined({kNoFifo});
      return joined({kAnyFifo, writes ? Table(kReadWriteFifo) : Table(kReadOnlyFifo)});
    case spec::Extra::kChannels:
      if (!has) return joined({kNoChannels});
      return joined({kChannels, writes ? Table(kReadWriteChannels) : Table(kReadOnlyChannels)});
  }
  return {};
}

}  // namespace audit
