// What a worker may and may not call because of its extras, and for want of them.
#include <fcntl.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

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
    {"waiting for a thread", SYS_futex, {0, FUTEX_WAIT_PRIVATE, 0}, kKilled},
    {"waking a thread", SYS_futex, {0, FUTEX_WAKE_PRIVATE, 1}, kKilled},
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
    {"waiting for a thread", SYS_futex, {0, FUTEX_WAIT_PRIVATE, 2, 0}, kAllowed},
    {"waiting for a lock's word", SYS_futex, {0, FUTEX_WAIT_PRIVATE, 3, 0}, kAllowed},
    {"waiting for any word", SYS_futex, {0, FUTEX_WAIT_PRIVATE, 4, 0}, kKilled},
    {"waiting for a thread's bits", SYS_futex, {0, FUTEX_WAIT_BITSET_PRIVATE, 2, 0}, kKilled},
    {"waiting for a thread for a while", SYS_futex, {0, FUTEX_WAIT_PRIVATE, 2, kFd}, kKilled},
    {"waking a thread", SYS_futex, {0, FUTEX_WAKE_PRIVATE, 1}, kAllowed},
    {"waking all threads", SYS_futex, {0, FUTEX_WAKE_PRIVATE, kAll}, kKilled},
    {"waking a thread by an operation", SYS_futex, {0, FUTEX_WAKE_OP_PRIVATE, 1}, kKilled},
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
