#include "gofer/host_file.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <string_view>
#include <type_traits>

namespace gofer::host {
namespace {

using base::fail;
using base::fail_errno;

constexpr std::size_t kMaxTarget = 4095;  // PATH_MAX without its NUL

// The filter sees whole registers.
template <class T>
long whole_register(T argument) {
  if constexpr (std::is_pointer_v<T>)
    return reinterpret_cast<long>(argument);
  else
    return static_cast<long>(argument);
}

constexpr long kLastErrno = 4095;

// Made in the wrapper itself and not in libc's syscall(2): a report of a violation has the place of
// the instruction, and by it the wrapper that made the call.
template <class... Argument>
[[gnu::always_inline]] inline long call(long number, Argument... argument) {
  const long arguments[6] = {whole_register(argument)...};
  register long fourth asm("r10") = arguments[3];
  register long fifth asm("r8") = arguments[4];
  register long sixth asm("r9") = arguments[5];
  long result = 0;
  do {  // NOLINT(bugprone-infinite-loop): the result comes by a register
    asm volatile("syscall"
                 : "=a"(result)
                 : "a"(number), "D"(arguments[0]), "S"(arguments[1]), "d"(arguments[2]),
                   "r"(fourth), "r"(fifth), "r"(sixth)
                 : "rcx", "r11", "memory");
  } while (result == -EINTR);
  if (result >= 0 || result < -kLastErrno) return result;
  errno = static_cast<int>(-result);
  return -1;
}

Result<void> done(long result) {
  if (result < 0) return fail_errno();
  return {};
}

Result<std::size_t> counted(long result) {
  if (result < 0) return fail_errno();
  return static_cast<std::size_t>(result);
}

}  // namespace

Result<UniqueFd> openat(Fd dir, const Path& path, int flags, mode_t mode) {
  long fd = call(SYS_openat, dir.raw(), path.c_str(), flags | O_CLOEXEC, mode);
  if (fd < 0) return fail_errno();
  return UniqueFd(static_cast<int>(fd));
}

Result<Stat> statx(Fd fd, const Path& path, unsigned mask) {
  constexpr int kFlags = AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT;
  // In its place for the caller: a copy would take as long as clearing it.
  Result<Stat> stat(std::in_place);
  struct ::statx* room = &*stat;
  if (call(SYS_statx, fd.raw(), path.c_str(), kFlags, mask, room) < 0) stat = fail_errno();
  return stat;
}

Result<BasicStat> fstat(Fd fd) {
  Result<BasicStat> stat(std::in_place);
  struct ::stat* room = &*stat;
  if (call(SYS_fstat, fd.raw(), room) < 0) stat = fail_errno();
  return stat;
}

Result<std::size_t> readlinkat(Fd link, std::span<char> room) {
  return counted(call(SYS_readlinkat, link.raw(), "", room.data(), room.size()));
}

Result<void> reach_parent(Fd dir) {
  char none = 0;
  auto target = counted(call(SYS_readlinkat, dir.raw(), "..", &none, sizeof none));
  // It was reached, and is no link.
  if (target || target.error().code() == EINVAL) return {};
  return base::failure(target.error());
}

Result<std::size_t> pread64(Fd fd, std::span<std::byte> room, uint64_t offset) {
  return counted(call(SYS_pread64, fd.raw(), room.data(), room.size(), offset));
}

Result<std::size_t> preadv2_nowait(Fd fd, std::span<std::byte> room, uint64_t offset) {
  iovec piece{.iov_base = room.data(), .iov_len = room.size()};
  return counted(call(SYS_preadv2, fd.raw(), &piece, 1, offset, 0, RWF_NOWAIT));
}

Result<std::size_t> pwrite64(Fd fd, std::span<const std::byte> data, uint64_t offset) {
  return counted(call(SYS_pwrite64, fd.raw(), data.data(), data.size(), offset));
}

Result<void> fsync(Fd fd) {
  return done(call(SYS_fsync, fd.raw()));
}

Result<void> fdatasync(Fd fd) {
  return done(call(SYS_fdatasync, fd.raw()));
}

Result<void> ftruncate(Fd fd, uint64_t size) {
  return done(call(SYS_ftruncate, fd.raw(), size));
}

Result<void> fallocate(Fd fd, int mode, uint64_t offset, uint64_t length) {
  return done(call(SYS_fallocate, fd.raw(), mode, offset, length));
}

Result<std::size_t> getdents64(Fd dir, std::span<std::byte> room) {
  return counted(call(SYS_getdents64, dir.raw(), room.data(), room.size()));
}

Result<void> lseek(Fd dir, uint64_t position) {
  return done(call(SYS_lseek, dir.raw(), position, SEEK_SET));
}

Result<struct ::statfs> fstatfs(Fd fd) {
  struct ::statfs stat;
  if (call(SYS_fstatfs, fd.raw(), &stat) < 0) return fail_errno();
  return stat;
}

namespace {

struct ::flock whole_lock(LockKind kind, LockRange range) {
  struct ::flock lock{};
  lock.l_type = static_cast<short>(kind);
  lock.l_whence = SEEK_SET;
  lock.l_start = static_cast<off_t>(range.start);
  lock.l_len = static_cast<off_t>(range.length());
  return lock;
}

}  // namespace

Result<void> set_lock(Fd file, LockKind kind, LockRange range) {
  struct ::flock lock = whole_lock(kind, range);
  return done(call(SYS_fcntl, file.raw(), F_OFD_SETLK, &lock));
}

Result<FoundLock> get_lock(Fd file, LockKind kind, LockRange range) {
  struct ::flock lock = whole_lock(kind, range);
  if (call(SYS_fcntl, file.raw(), F_OFD_GETLK, &lock) < 0) return fail_errno();
  return FoundLock{
      static_cast<LockKind>(lock.l_type),
      LockRange::of(static_cast<uint64_t>(lock.l_start), static_cast<uint64_t>(lock.l_len))};
}

Result<std::size_t> getxattr(Fd file, const char* name, std::span<std::byte> room) {
  return counted(call(SYS_getxattr, Path::number(file).c_str(), name, room.data(), room.size()));
}

Result<std::size_t> listxattr(Fd file, std::span<std::byte> room) {
  return counted(call(SYS_listxattr, Path::number(file).c_str(), room.data(), room.size()));
}

Result<void> setxattr(Fd file, const char* name, std::span<const std::byte> value, int flags) {
  return done(
      call(SYS_setxattr, Path::number(file).c_str(), name, value.data(), value.size(), flags));
}

Result<void> removexattr(Fd file, const char* name) {
  return done(call(SYS_removexattr, Path::number(file).c_str(), name));
}

Result<UniqueFd> socket(SocketType type) {
  long fd = call(SYS_socket, AF_UNIX, static_cast<int>(type) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return fail_errno();
  return UniqueFd(static_cast<int>(fd));
}

Result<void> connect(Fd socket, Fd file) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  Path path = Path::number(file);
  static_assert(offsetof(sockaddr_un, sun_path) + Path::kMaxDigits + 1 == kAddressLength);
  std::ranges::copy(std::string_view(path.c_str()).substr(0, Path::kMaxDigits), address.sun_path);
  return done(call(SYS_connect, socket.raw(), &address, kAddressLength));
}

Result<void> mkdirat(Fd dir, const Path& name, mode_t mode) {
  return done(call(SYS_mkdirat, dir.raw(), name.c_str(), mode));
}

Result<void> symlinkat(std::string_view target, Fd dir, const Path& name) {
  if (target.size() > kMaxTarget) return fail(ENAMETOOLONG);
  std::array<char, kMaxTarget + 1> text;
  std::memcpy(text.data(), target.data(), target.size());
  text[target.size()] = '\0';
  return done(call(SYS_symlinkat, text.data(), dir.raw(), name.c_str()));
}

Result<void> mknodat(Fd dir, const Path& name, mode_t mode) {
  return done(call(SYS_mknodat, dir.raw(), name.c_str(), mode, 0));
}

Result<void> linkat(Fd own_fds, Fd file, Fd dir, const Path& name) {
  return done(call(SYS_linkat, own_fds.raw(), Path::number(file).c_str(), dir.raw(), name.c_str(),
                   AT_SYMLINK_FOLLOW));
}

Result<void> renameat2(Fd from_dir, const Path& from, Fd to_dir, const Path& to) {
  return done(call(SYS_renameat2, from_dir.raw(), from.c_str(), to_dir.raw(), to.c_str(), 0U));
}

Result<void> unlinkat(Fd dir, const Path& name, int flags) {
  return done(call(SYS_unlinkat, dir.raw(), name.c_str(), flags));
}

Result<void> fchownat(Fd fd, uid_t uid, gid_t gid) {
  return done(call(SYS_fchownat, fd.raw(), "", uid, gid, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW));
}

Result<void> fchmodat(Fd own_fds, Fd file, mode_t mode) {
  return done(call(SYS_fchmodat, own_fds.raw(), Path::number(file).c_str(), mode));
}

Result<void> utimensat(Fd fd, std::span<const timespec, 2> times) {
  return done(call(SYS_utimensat, fd.raw(), "", times.data(), AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW));
}

}  // namespace gofer::host
