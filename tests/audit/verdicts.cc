#include "tests/audit/verdicts.h"

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
#include <sys/xattr.h>
#include <time.h>

#include "tests/audit/row_tables.h"

namespace audit {
namespace {

using spec::Role;
using enum Verdict;

constexpr uint64_t kItself = AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW;
constexpr uint64_t kUnmounted = kItself | AT_NO_AUTOMOUNT;
constexpr uint64_t kAnonymous = MAP_PRIVATE | MAP_ANONYMOUS;
constexpr uint64_t kWalk = O_PATH | O_NOFOLLOW | O_CLOEXEC;
constexpr uint64_t kAllocateModes = FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE |
                                    FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_ZERO_RANGE |
                                    FALLOC_FL_INSERT_RANGE | FALLOC_FL_UNSHARE_RANGE;
constexpr uint64_t kTmpfileBit = O_TMPFILE & ~O_DIRECTORY;

constexpr uint64_t kAllOfThem = INT32_MAX;

constexpr Row kProcess[] = {
    {"ending", SYS_exit_group, {0}, kAllowed},
    {"blocking signals", SYS_rt_sigprocmask, {SIG_BLOCK, 0, 0, 8}, kAllowed},
    {"own thread id", SYS_gettid, {}, kAllowed},
    {"own process id", SYS_getpid, {}, kAllowed},
    {"aborting", SYS_tgkill, {kPid, kPid, SIGABRT}, kAllowed},
    {"killing a thread", SYS_tgkill, {kPid, kPid, SIGKILL}, kKilled},
    {"probing for a thread", SYS_tgkill, {kPid, kPid, 0}, kKilled},
    {"time of day", SYS_clock_gettime, {CLOCK_REALTIME}, kAllowed},
    {"time since boot", SYS_clock_gettime, {CLOCK_MONOTONIC}, kAllowed},
    {"processor time used", SYS_clock_gettime, {CLOCK_PROCESS_CPUTIME_ID}, kKilled},
    {"a device's clock", SYS_clock_gettime, {0xffffffff}, kKilled},
    {"logging", SYS_write, {2}, kAllowed},
    {"writing to stdout", SYS_write, {1}, kKilled},
    {"writing to any descriptor", SYS_write, {kFd}, kKilled},
};

constexpr Row kCore[] = {
    {"moving the heap's end", SYS_brk, {}, kAllowed},
    {"memory", SYS_mmap, {0, 4096, kReadWrite, kAnonymous, ~0ULL}, kAllowed},
    {"a guard page", SYS_mmap, {0, 4096, PROT_NONE, kAnonymous, ~0ULL}, kAllowed},
    {"executable memory", SYS_mmap, {0, 4096, PROT_READ | PROT_EXEC, kAnonymous}, kKilled},
    {"all three rights", SYS_mmap, {0, 4096, kReadWrite | PROT_EXEC, kAnonymous}, kKilled},
    {"a right to come", SYS_mmap, {0, 4096, kReadWrite | kHigh, kAnonymous}, kKilled},
    {"a file's memory", SYS_mmap, {0, 4096, PROT_READ, MAP_PRIVATE, kFd}, kKilled},
    {"shared memory", SYS_mmap, {0, 4096, kReadWrite, MAP_SHARED | MAP_ANONYMOUS}, kKilled},
    {"memory in place", SYS_mmap, {0, 4096, kReadWrite, kAnonymous | MAP_FIXED}, kKilled},
    {"giving memory back", SYS_munmap, {0, 0}, kAllowed},
    {"growing memory", SYS_mremap, {1, 0, 0, MREMAP_MAYMOVE}, kAllowed},
    {"growing memory where it is", SYS_mremap, {1, 0, 0, 0}, kKilled},
    {"moving memory to a place", SYS_mremap, {1, 0, 0, MREMAP_MAYMOVE | MREMAP_FIXED}, kKilled},
    {"giving pages back", SYS_madvise, {1, 4096, MADV_DONTNEED}, kAllowed},
    {"giving them back later", SYS_madvise, {1, 4096, MADV_FREE}, kKilled},
    {"asking for pages", SYS_madvise, {1, 4096, MADV_WILLNEED}, kKilled},
    {"reading a request", SYS_read, {3}, kAllowed},
    {"reading stdin", SYS_read, {0}, kKilled},
    {"reading a file at its offset", SYS_read, {kFd}, kKilled},
    {"replying", SYS_write, {3}, kAllowed},
    {"writing to the root", SYS_write, {4}, kKilled},
    {"closing", SYS_close, {kFd}, kAllowed},
    {"changing memory's rights", SYS_mprotect, {0, 0, PROT_EXEC}, kKilled},
    {"running a program", SYS_execve, {}, kKilled},
    {"running a program by descriptor", SYS_execveat, {kFd}, kKilled},
    {"a new process", SYS_clone, {}, kKilled},
    {"a new process, newer", SYS_clone3, {}, kKilled},
    {"tracing", SYS_ptrace, {PTRACE_CONT, kPid}, kKilled},
    {"another's memory", SYS_process_vm_writev, {kPid}, kKilled},
    {"a signal", SYS_kill, {kPid, SIGABRT}, kKilled},
    {"a socket", SYS_socket, {1, 1, 0}, kKilled},
    {"a message with descriptors", SYS_sendmsg, {3}, kKilled},
    {"receiving descriptors", SYS_recvmsg, {3}, kKilled},
    {"mounting", SYS_mount, {}, kKilled},
    {"a file by handle", SYS_open_by_handle_at, {kFd}, kKilled},
    {"a ring of calls", SYS_io_uring_setup, {}, kKilled},
    {"a program in the kernel", SYS_bpf, {}, kKilled},
    {"device control", SYS_ioctl, {kFd}, kKilled},
    {"opening by path", SYS_open, {}, kKilled},
    {"opening with hidden flags", SYS_openat2, {kFd}, kKilled},
    {"a copy of a descriptor", SYS_dup, {kFd}, kKilled},
    {"another filter", SYS_seccomp, {}, kKilled},
    {"process attributes", SYS_prctl, {}, kKilled},
};

constexpr Row kThreads[] = {
    {"waiting for a thread", SYS_futex, {0, FUTEX_WAIT_PRIVATE, 2, 0}, kAllowed},
    {"waiting for a lock's word", SYS_futex, {0, FUTEX_WAIT_PRIVATE, 3, 0}, kAllowed},
    {"waiting for any word", SYS_futex, {0, FUTEX_WAIT_PRIVATE, 4, 0}, kKilled},
    {"waiting for a thread's bits", SYS_futex, {0, FUTEX_WAIT_BITSET_PRIVATE, 2, 0}, kKilled},
    {"waiting for a thread for a while", SYS_futex, {0, FUTEX_WAIT_PRIVATE, 2, kFd}, kKilled},
    {"waking a thread", SYS_futex, {0, FUTEX_WAKE_PRIVATE, 1}, kAllowed},
    {"waking all threads", SYS_futex, {0, FUTEX_WAKE_PRIVATE, kAllOfThem}, kKilled},
    {"waking a thread by an operation", SYS_futex, {0, FUTEX_WAKE_OP_PRIVATE, 1}, kKilled},
    {"waiting for other processes", SYS_futex, {0, FUTEX_WAIT, 2, 0}, kKilled},
    {"waking two threads", SYS_futex, {0, FUTEX_WAKE_PRIVATE, 2}, kKilled},
};

constexpr Row kRead[] = {
    {"attributes", SYS_statx, {kFd, 0, kUnmounted}, kAllowed},
    {"attributes below the working directory", SYS_statx, {kHere, 0, kUnmounted}, kKilled},
    {"the same, sign-extended", SYS_statx, {kHereToo, 0, kUnmounted}, kKilled},
    {"attributes of a path", SYS_statx, {kFd, 0, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT}, kKilled},
    {"attributes that follow a link",
     SYS_statx,
     {kFd, 0, AT_EMPTY_PATH | AT_NO_AUTOMOUNT},
     kKilled},
    {"attributes that mount", SYS_statx, {kFd, 0, kItself}, kKilled},
    {"attributes of a descriptor", SYS_fstat, {kFd}, kAllowed},
    {"attributes of a path, the old way", SYS_stat, {}, kKilled},
    {"attributes of a link, the old way", SYS_lstat, {}, kKilled},
    {"attributes below a descriptor, the old way", SYS_newfstatat, {kFd, 0, kItself}, kKilled},
    {"a link's target", SYS_readlinkat, {kFd}, kAllowed},
    {"a link's target, by path", SYS_readlinkat, {kHere}, kKilled},
    {"the same, sign-extended", SYS_readlinkat, {kHereToo}, kKilled},
    {"reading a file", SYS_pread64, {kFd}, kAllowed},
    {"reading without waiting", SYS_preadv2, {kFd, 0, 1, 0, 0, RWF_NOWAIT}, kAllowed},
    {"reading two pieces", SYS_preadv2, {kFd, 0, 2, 0, 0, RWF_NOWAIT}, kKilled},
    {"reading in another way", SYS_preadv2, {kFd, 0, 1, 0, 0, RWF_HIPRI}, kKilled},
    {"reading in no way", SYS_preadv2, {kFd, 0, 1}, kKilled},
    {"reading pieces", SYS_preadv, {kFd, 0, 1}, kKilled},
    {"the last tick", SYS_clock_gettime, {CLOCK_MONOTONIC_COARSE}, kAllowed},
    {"the last tick of the day", SYS_clock_gettime, {CLOCK_REALTIME_COARSE}, kKilled},
    {"listing", SYS_getdents64, {kFd}, kAllowed},
    {"going on listing", SYS_lseek, {kFd, 0, SEEK_SET}, kAllowed},
    {"asking an offset", SYS_lseek, {kFd, 0, SEEK_CUR}, kKilled},
    {"finding holes", SYS_lseek, {kFd, 0, SEEK_HOLE}, kKilled},
    {"free space", SYS_fstatfs, {kFd}, kAllowed},
    {"walking", SYS_openat, {kFd, 0, kWalk}, kAllowed},
    {"walking into a directory", SYS_openat, {kFd, 0, kWalk | O_DIRECTORY}, kAllowed},
    {"opening for reading", SYS_openat, {kFd, 0, O_CLOEXEC}, kAllowed},
    {"opening below the working directory", SYS_openat, {kHere, 0, kWalk}, kKilled},
    {"the same, sign-extended", SYS_openat, {kHereToo, 0, kWalk}, kKilled},
    {"opening with a flag to come", SYS_openat, {kFd, 0, kWalk | kHigh}, kKilled},
    {"a nameless file", SYS_openat, {kFd, 0, O_TMPFILE | O_RDWR}, kKilled},
    {"the nameless file's own bit", SYS_openat, {kFd, 0, kTmpfileBit}, kKilled},
    {"leaving the access time", SYS_openat, {kFd, 0, O_NOATIME}, kKilled},
    {"opening without waiting", SYS_openat, {kFd, 0, O_NONBLOCK}, kKilled},
    {"past the page cache", SYS_openat, {kFd, 0, O_DIRECT}, kKilled},
    {"signals on a descriptor", SYS_openat, {kFd, 0, O_ASYNC}, kKilled},
    {"checking rights by path", SYS_faccessat2, {kFd}, kKilled},
    {"changing the root", SYS_chroot, {}, kKilled},
    {"changing the mode of a descriptor", SYS_fchmod, {kFd, 0777}, kKilled},
    {"an extended attribute, of a link", SYS_lgetxattr, {}, kKilled},
    {"an extended attribute of a descriptor", SYS_fgetxattr, {kFd}, kKilled},
    {"setting an attribute", SYS_fsetxattr, {kFd}, kKilled},
    {"setting an attribute of a link", SYS_lsetxattr, {}, kKilled},
    {"changing a descriptor's flags", SYS_fcntl, {kFd, F_SETFL}, kKilled},
    {"one more descriptor", SYS_fcntl, {kFd, F_DUPFD_CLOEXEC}, kKilled},
    {"a lease", SYS_fcntl, {kFd, F_SETLEASE}, kKilled},
    {"locking the old way", SYS_flock, {kFd}, kKilled},
    {"many messages", SYS_sendmmsg, {3, 0, 1, MSG_NOSIGNAL}, kKilled},
};

// Everything that changes a file, in the forms in which a read-write worker may.
constexpr Row kReadOnly[] = {
    {"opening for writing", SYS_openat, {kFd, 0, O_WRONLY}, kKilled},
    {"opening for both", SYS_openat, {kFd, 0, O_RDWR}, kKilled},
    {"opening for neither", SYS_openat, {kFd, 0, O_ACCMODE}, kKilled},
    {"creating", SYS_openat, {kFd, 0, O_CREAT, 0644}, kKilled},
    {"creating a new one", SYS_openat, {kFd, 0, O_CREAT | O_EXCL, 0644}, kKilled},
    {"cutting while opening for reading", SYS_openat, {kFd, 0, O_TRUNC}, kKilled},
    {"appending", SYS_openat, {kFd, 0, O_APPEND}, kKilled},
    {"writing", SYS_pwrite64, {kFd}, kKilled},
    {"making durable", SYS_fsync, {kFd}, kKilled},
    {"cutting", SYS_ftruncate, {kFd}, kKilled},
    {"allocating", SYS_fallocate, {kFd}, kKilled},
    {"a directory", SYS_mkdirat, {kFd}, kKilled},
    {"a symbolic link", SYS_symlinkat, {0, kFd}, kKilled},
    {"a name less", SYS_unlinkat, {kFd}, kKilled},
    {"another name", SYS_renameat2, {kFd, 0, kFd}, kKilled},
    {"one more name", SYS_linkat, {5, 0, kFd, 0, AT_SYMLINK_FOLLOW}, kKilled},
    {"another owner", SYS_fchownat, {kFd, 0, 0, 0, kItself}, kKilled},
    {"another mode", SYS_fchmodat, {5, 0, 0644}, kKilled},
    {"other times", SYS_utimensat, {kFd, 0, 0, kItself}, kKilled},
};

constexpr Row kReadWriteOnly[] = {
    {"opening for writing", SYS_openat, {kFd, 0, O_WRONLY | O_APPEND}, kAllowed},
    {"creating a new one", SYS_openat, {kFd, 0, O_RDWR | O_CREAT | O_EXCL, 0644}, kAllowed},
    {"cutting", SYS_openat, {kFd, 0, O_WRONLY | O_TRUNC}, kAllowed},
    {"writing through", SYS_openat, {kFd, 0, O_WRONLY | O_SYNC}, kAllowed},
    {"creating below the working directory", SYS_openat, {kHere, 0, O_CREAT}, kKilled},
    {"writing", SYS_pwrite64, {kFd}, kAllowed},
    {"making durable", SYS_fsync, {kFd}, kAllowed},
    {"making data durable", SYS_fdatasync, {kFd}, kAllowed},
    {"cutting to a size", SYS_ftruncate, {kFd}, kAllowed},
    {"cutting by path", SYS_truncate, {}, kKilled},
    {"a directory", SYS_mkdirat, {kFd}, kAllowed},
    {"a directory by path", SYS_mkdirat, {kHere}, kKilled},
    {"a symbolic link", SYS_symlinkat, {0, kFd}, kAllowed},
    {"a symbolic link by path", SYS_symlinkat, {0, kHere}, kKilled},
    {"a name less", SYS_unlinkat, {kFd}, kAllowed},
    {"a directory less", SYS_unlinkat, {kFd, 0, AT_REMOVEDIR}, kAllowed},
    {"a name less, by path", SYS_unlinkat, {kHere}, kKilled},
    {"a name less, in a way to come", SYS_unlinkat, {kFd, 0, AT_EMPTY_PATH}, kKilled},
    {"another name", SYS_renameat2, {kFd, 0, kFd}, kAllowed},
    {"another name, from a path", SYS_renameat2, {kHere, 0, kFd}, kKilled},
    {"another name, to a path", SYS_renameat2, {kFd, 0, kHere}, kKilled},
    {"exchanging names", SYS_renameat2, {kFd, 0, kFd, 0, 2}, kKilled},
    {"leaving a whiteout", SYS_renameat2, {kFd, 0, kFd, 0, 4}, kKilled},
    {"the old way to rename", SYS_renameat, {kFd, 0, kFd}, kKilled},
    {"one more name", SYS_linkat, {5, 0, kFd, 0, AT_SYMLINK_FOLLOW}, kAllowed},
    {"one more name for a path", SYS_linkat, {kFd, 0, kFd, 0, AT_SYMLINK_FOLLOW}, kKilled},
    {"one more name, to a path", SYS_linkat, {5, 0, kHere, 0, AT_SYMLINK_FOLLOW}, kKilled},
    {"one more name for the link", SYS_linkat, {5, 0, kFd, 0, 0}, kKilled},
    {"one more name for a descriptor", SYS_linkat, {5, 0, kFd, 0, AT_EMPTY_PATH}, kKilled},
    {"a regular file", SYS_mknodat, {kFd, 0, S_IFREG | 0644}, kAllowed},
    {"a regular file by path", SYS_mknodat, {kHere, 0, S_IFREG | 0644}, kKilled},
    {"a character device", SYS_mknodat, {kFd, 0, S_IFCHR | 0644}, kKilled},
    {"a block device", SYS_mknodat, {kFd, 0, S_IFBLK | 0644}, kKilled},
    {"a file of no type", SYS_mknodat, {kFd, 0, 0644}, kKilled},
    {"another owner", SYS_fchownat, {kFd, 0, 0, 0, kItself}, kAllowed},
    {"another owner below a path", SYS_fchownat, {kHere, 0, 0, 0, kItself}, kKilled},
    {"another owner, by name", SYS_fchownat, {kFd, 0, 0, 0, AT_SYMLINK_NOFOLLOW}, kKilled},
    {"another owner, following", SYS_fchownat, {kFd, 0, 0, 0, 0}, kKilled},
    {"another mode", SYS_fchmodat, {5, 0, 0644}, kAllowed},
    {"another mode, by name", SYS_fchmodat, {kFd, 0, 0644}, kKilled},
    {"another mode, by path", SYS_fchmodat, {kHere, 0, 0644}, kKilled},
    {"other times", SYS_utimensat, {kFd, 0, 0, kItself}, kAllowed},
    {"other times below a path", SYS_utimensat, {kHere, 0, 0, kItself}, kKilled},
    {"other times, by name", SYS_utimensat, {kFd, 0, 0, AT_SYMLINK_NOFOLLOW}, kKilled},
    {"allocating", SYS_fallocate, {kFd}, kAllowed},
    {"allocating in every way", SYS_fallocate, {kFd, kAllocateModes}, kAllowed},
    {"showing what was deleted", SYS_fallocate, {kFd, FALLOC_FL_NO_HIDE_STALE}, kKilled},
    {"allocating in a way to come", SYS_fallocate, {kFd, 0x80}, kKilled},
    {"allocating with a high bit", SYS_fallocate, {kFd, kHigh}, kKilled},
};

constexpr Row kSupervisor[] = {
    {"reaping", SYS_wait4, {~0ULL, 0, 1}, kAllowed},
    {"sleeping until a signal", SYS_rt_sigtimedwait, {0, 0, 0, 8}, kAllowed},
    {"letting a worker go on", SYS_ptrace, {PTRACE_CONT, kPid}, kAllowed},
    {"a worker's registers", SYS_ptrace, {PTRACE_GETREGS, kPid}, kAllowed},
    {"a worker's end to come", SYS_ptrace, {PTRACE_GETEVENTMSG, kPid}, kAllowed},
    {"a worker's ABI", SYS_ptrace, {PTRACE_GET_SYSCALL_INFO, kPid}, kAllowed},
    {"leaving a worker stopped", SYS_ptrace, {PTRACE_LISTEN, kPid}, kAllowed},
    {"attaching", SYS_ptrace, {PTRACE_SEIZE, kPid}, kKilled},
    {"letting a worker free", SYS_ptrace, {PTRACE_DETACH, kPid}, kKilled},
    {"changing a worker's memory", SYS_ptrace, {PTRACE_POKEDATA, kPid}, kKilled},
    {"changing a worker's registers", SYS_ptrace, {PTRACE_SETREGS, kPid}, kKilled},
    {"being traced", SYS_ptrace, {PTRACE_TRACEME}, kKilled},
    {"ending a worker", SYS_kill, {kPid, SIGKILL}, kAllowed},
    {"passing on a hang-up", SYS_kill, {kPid, SIGHUP}, kAllowed},
    {"passing on an interrupt", SYS_kill, {kPid, SIGINT}, kAllowed},
    {"passing on a quit", SYS_kill, {kPid, SIGQUIT}, kAllowed},
    {"passing on a request to end", SYS_kill, {kPid, SIGTERM}, kAllowed},
    {"ending everybody", SYS_kill, {0xffffffff, SIGKILL}, kKilled},
    {"hanging up everybody", SYS_kill, {0xffffffff, SIGHUP}, kKilled},
    {"interrupting everybody", SYS_kill, {0xffffffff, SIGINT}, kKilled},
    {"quitting everybody", SYS_kill, {0xffffffff, SIGQUIT}, kKilled},
    {"asking everybody to end", SYS_kill, {~0ULL, SIGTERM}, kKilled},
    {"stopping", SYS_kill, {kPid, SIGSTOP}, kKilled},
    {"probing for a process", SYS_kill, {kPid, 0}, kKilled},
    {"reporting", SYS_write, {3}, kAllowed},
    {"writing to the root", SYS_write, {4}, kKilled},
    {"reading", SYS_read, {3}, kKilled},
    {"opening", SYS_openat, {kFd, 0, O_RDONLY}, kKilled},
    {"a new process", SYS_clone, {}, kKilled},
    {"running a program", SYS_execve, {}, kKilled},
    {"a socket", SYS_socket, {1, 1, 0}, kKilled},
    {"memory", SYS_mmap, {0, 4096, kReadWrite, kAnonymous, ~0ULL}, kKilled},
};

constexpr Row kInit[] = {
    {"sleeping", SYS_pause, {}, kAllowed},          {"ending", SYS_exit_group, {}, kKilled},
    {"waking to work", SYS_nanosleep, {}, kKilled}, {"logging", SYS_write, {2}, kKilled},
    {"a new process", SYS_clone, {}, kKilled},
};

std::vector<Row> rows_of_role(Role role) {
  switch (role) {
    case Role::kReadOnly:
      return joined({kProcess, kCore, kThreads, kRead, kReadOnly});
    case Role::kReadWrite:
      return joined({kProcess, kCore, kThreads, kRead, kReadWriteOnly});
    case Role::kSupervisor:
      return joined({kProcess, kSupervisor});
    case Role::kInit:
      return joined({kInit});
  }
  return {};
}

}  // namespace

std::vector<Row> rows(const Policed& policed) {
  std::vector<Row> all = rows_of_role(policed.role);
  for (spec::Extra extra : spec::kExtras) {
    auto more = rows_of_extra(policed, extra);
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

}  // namespace audit
