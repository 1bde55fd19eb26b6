// One function per file system call, under the call's own name: everything a worker asks the
// kernel about files. What it asks here is what its policy has to allow, in these shapes.
//
// Each is exactly one call (the C library sometimes makes another one; then the raw call is made)
// and returns its errno. Calls that the kernel may interrupt before anything happened are retried.
#pragma once

#include <fcntl.h>
#include <linux/stat.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/vfs.h>

#include <ctime>
#include <span>
#include <string_view>

#include "gofer/host_path.h"
#include "spec/base/fd.h"
#include "spec/base/result.h"

namespace gofer::host {

using base::Fd;
using base::Result;
using base::UniqueFd;

// Not cleared: the kernel fills them all, and clearing takes half as long as the question.
struct Stat : ::statx {
  Stat() {}  // NOLINT(modernize-use-equals-default): that one would clear it
};
struct BasicStat : ::stat {
  BasicStat() {}  // NOLINT(modernize-use-equals-default): likewise
};

// `flags` always gets O_CLOEXEC. The callers use these shapes only:
//   (dir, name, O_PATH | O_NOFOLLOW)                      a step of a walk
//   (dir, ".", O_RDONLY | O_DIRECTORY)                    a directory to read
//   (own_fds, number, access | [O_TRUNC O_APPEND O_DSYNC O_SYNC])   a regular file, type checked
//   (own_fds, number, access | O_NONBLOCK)                a FIFO, type checked
//   (dir, name, O_CREAT | O_EXCL | O_NOFOLLOW | access | [...], mode)
Result<UniqueFd> openat(Fd dir, const Path& path, int flags, mode_t mode = 0);

// Always with AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, so that no question makes the
// host mount something and waits for it; `mask` says what is wanted (STATX_*).
Result<Stat> statx(Fd fd, const Path& path, unsigned mask);
// The same of a descriptor but for the time of birth, and in less time: it has no argument that a
// filter would have to look at.
Result<BasicStat> fstat(Fd fd);

// The target of the symlink `link` (an O_PATH descriptor of it), as much as fits into `room`.
Result<std::size_t> readlinkat(Fd link, std::span<char> room);

// Whether ".." of a directory can be reached: ENOENT when it lies no longer below the root of its
// mount. Nothing is learnt of what is there: the question costs less than statx(2) of it.
Result<void> reach_parent(Fd dir);

// Data. A short count is what the kernel gave.
Result<std::size_t> pread64(Fd fd, std::span<std::byte> room, uint64_t offset);
// Does not wait: EAGAIN when nothing of it is in memory, EOPNOTSUPP where the file system cannot
// tell. A short count is what is in memory (preadv2(2): RWF_NOWAIT).
Result<std::size_t> preadv2_nowait(Fd fd, std::span<std::byte> room, uint64_t offset);
Result<std::size_t> pwrite64(Fd fd, std::span<const std::byte> data, uint64_t offset);
Result<void> fsync(Fd fd);
Result<void> fdatasync(Fd fd);
Result<void> ftruncate(Fd fd, uint64_t size);
Result<void> fallocate(Fd fd, int mode, uint64_t offset, uint64_t length);

// Directory entries as linux_dirent64 records, whole ones only; 0 at the end, EINVAL when `room`
// is too small for the next one.
Result<std::size_t> getdents64(Fd dir, std::span<std::byte> room);
Result<void> lseek(Fd dir, uint64_t position);  // SEEK_SET

Result<struct ::statfs> fstatfs(Fd fd);

// Byte-range locks that belong to the open file description of `file`, from `start` to `end`
// inclusive; INT64_MAX is the end of every file (fcntl(2): F_OFD_SETLK, F_OFD_GETLK).
enum class LockKind : short { kRead = F_RDLCK, kWrite = F_WRLCK, kNone = F_UNLCK };
struct LockRange {
  uint64_t start = 0;
  uint64_t end = INT64_MAX;

  // As fcntl(2) and 9P write it, where a length of 0 means to the end of every file.
  static LockRange of(uint64_t start, uint64_t length) {
    return {start, length == 0 ? uint64_t{INT64_MAX} : start + length - 1};
  }
  uint64_t length() const { return end == INT64_MAX ? 0 : end - start + 1; }
};
Result<void> set_lock(Fd file, LockKind kind, LockRange range);  // EAGAIN: somebody else has one
struct FoundLock {
  LockKind kind = LockKind::kNone;  // kNone: nothing is in the way
  LockRange range;
};
Result<FoundLock> get_lock(Fd file, LockKind kind, LockRange range);

// Extended attributes. The working directory of this thread is /proc/self/fd (or a detached clone
// of it), in which the number of `file` stands for the file itself, whatever its type and even if
// it is a link. `name` is one that XattrName or the kernel vouches for.
Result<std::size_t> getxattr(Fd file, const char* name, std::span<std::byte> room);
Result<std::size_t> listxattr(Fd file, std::span<std::byte> room);
Result<void> setxattr(Fd file, const char* name, std::span<const std::byte> value, int flags);
Result<void> removexattr(Fd file, const char* name);

// A Unix socket that never waits, and its connection to the socket file `file`: to that very file,
// by its number in the working directory, which is what it is for the calls above. The address
// always has this length.
enum class SocketType : int {
  kStream = SOCK_STREAM,
  kDatagram = SOCK_DGRAM,
  kSeqpacket = SOCK_SEQPACKET
};
inline constexpr unsigned kAddressLength = 14;
Result<UniqueFd> socket(SocketType type);
// EAGAIN: as many connections as it takes wait for their server.
Result<void> connect(Fd socket, Fd file);

// Changes of the tree.
Result<void> mkdirat(Fd dir, const Path& name, mode_t mode);
Result<void> symlinkat(std::string_view target, Fd dir, const Path& name);  // at most 4095 bytes
Result<void> mknodat(Fd dir, const Path& name, mode_t mode);  // never a device: no device number
Result<void> linkat(Fd own_fds, Fd file, Fd dir, const Path& name);  // AT_SYMLINK_FOLLOW
Result<void> renameat2(Fd from_dir, const Path& from, Fd to_dir, const Path& to);  // flags 0
Result<void> unlinkat(Fd dir, const Path& name, int flags);  // 0 or AT_REMOVEDIR

// Changes of a file's attributes; each takes an O_PATH descriptor too and never follows a link.
Result<void> fchownat(Fd fd, uid_t uid, gid_t gid);       // "", AT_EMPTY_PATH|AT_SYMLINK_NOFOLLOW
Result<void> fchmodat(Fd own_fds, Fd file, mode_t mode);  // not for symlinks
Result<void> utimensat(Fd fd, std::span<const timespec, 2> times);  // "", both flags

}  // namespace gofer::host
