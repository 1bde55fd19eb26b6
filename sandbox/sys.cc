#include "sandbox/sys.h"

#include <dirent.h>
#include <grp.h>
#include <linux/landlock.h>
#include <poll.h>
#include <sched.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <climits>

namespace sandbox::sys {
namespace {

using base::Fd;
using base::Result;
using base::UniqueFd;

Result<void> done(long result) {
  if (result < 0) return base::fail_errno();
  return {};
}

Result<UniqueFd> owned(long result) {
  if (result < 0) return base::fail_errno();
  return UniqueFd(static_cast<int>(result));
}

template <class Call>
auto retried(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

}  // namespace

Result<UniqueFd> open_tree(Fd directory, const char* path, unsigned flags) {
  return owned(::open_tree(directory.raw(), path, flags | OPEN_TREE_CLOEXEC));
}

Result<void> mount_setattr(Fd directory, const char* path, unsigned flags,
                           const mount_attr& attributes) {
  mount_attr copy = attributes;
  return done(::mount_setattr(directory.raw(), path, flags, &copy, sizeof copy));
}

Result<void> move_mount(Fd from, const char* from_path, Fd to, const char* to_path,
                        unsigned flags) {
  return done(::move_mount(from.raw(), from_path, to.raw(), to_path, flags));
}

Result<UniqueFd> fsopen(const char* type) {
  return owned(::fsopen(type, FSOPEN_CLOEXEC));
}

Result<void> fsconfig(Fd fs, unsigned command, const char* key, const char* value) {
  return done(::fsconfig(fs.raw(), command, key, value, 0));
}

Result<UniqueFd> fsmount(Fd fs, unsigned attributes) {
  return owned(::fsmount(fs.raw(), FSMOUNT_CLOEXEC, attributes));
}

Result<void> mount_propagation(const char* path, unsigned long flags) {
  return done(::mount(nullptr, path, nullptr, flags, nullptr));
}

Result<void> pivot_root(const char* new_root, const char* put_old) {
  return done(::syscall(SYS_pivot_root, new_root, put_old));
}

Result<void> umount2(const char* path, int flags) {
  return done(::umount2(path, flags));
}

Result<UniqueFd> openat(Fd directory, const char* path, int flags, mode_t mode) {
  return owned(retried([&] { return ::openat(directory.raw(), path, flags | O_CLOEXEC, mode); }));
}

Result<UniqueFd> openat2(Fd directory, const char* path, open_how how) {
  how.flags |= O_CLOEXEC;
  return owned(
      retried([&] { return ::syscall(SYS_openat2, directory.raw(), path, &how, sizeof how); }));
}

Result<struct statx> statx(Fd directory, const char* path, int flags, unsigned mask) {
  struct statx status{};
  if (::statx(directory.raw(), path, flags, mask, &status) != 0) return base::fail_errno();
  return status;
}

Result<struct statfs> fstatfs(Fd file) {
  struct statfs status{};
  if (::fstatfs(file.raw(), &status) != 0) return base::fail_errno();
  return status;
}

Result<std::string> readlinkat(Fd directory, const char* path) {
  std::array<char, PATH_MAX> target;
  ssize_t length = ::readlinkat(directory.raw(), path, target.data(), target.size());
  if (length < 0) return base::fail_errno();
  if (static_cast<std::size_t>(length) == target.size()) return base::fail(ENAMETOOLONG);
  return std::string(target.data(), static_cast<std::size_t>(length));
}

Result<void> mkdirat(Fd directory, const char* path, mode_t mode) {
  return done(::mkdirat(directory.raw(), path, mode));
}

Result<void> chdir(const char* path) {
  return done(::chdir(path));
}

Result<void> fchdir(Fd directory) {
  return done(::fchdir(directory.raw()));
}

Result<void> write(Fd file, std::string_view text) {
  ssize_t written = retried([&] { return ::write(file.raw(), text.data(), text.size()); });
  if (written < 0) return base::fail_errno();
  if (static_cast<std::size_t>(written) != text.size()) return base::fail(EIO);
  return {};
}

Result<std::string> read_all(Fd file) {
  std::string text;
  std::array<char, 4096> block;
  while (true) {
    ssize_t got = retried([&] { return ::read(file.raw(), block.data(), block.size()); });
    if (got < 0) return base::fail_errno();
    if (got == 0) return text;
    text.append(block.data(), static_cast<std::size_t>(got));
  }
}

Result<std::size_t> getdents64(Fd directory, std::span<std::byte> buffer) {
  ssize_t got = ::getdents64(directory.raw(), buffer.data(), buffer.size());
  if (got < 0) return base::fail_errno();
  return static_cast<std::size_t>(got);
}

Result<UniqueFd> fcntl_dupfd(Fd fd, int lowest) {
  return owned(::fcntl(fd.raw(), F_DUPFD_CLOEXEC, lowest));
}

Result<void> dup3(Fd from, Fd to) {
  return done(retried([&] { return ::dup3(from.raw(), to.raw(), O_CLOEXEC); }));
}

Result<void> close_range(unsigned first, unsigned last) {
  return done(::close_range(first, last, 0));
}

Result<int> getsockopt(Fd socket, int option) {
  int value = 0;
  socklen_t size = sizeof value;
  if (::getsockopt(socket.raw(), SOL_SOCKET, option, &value, &size) != 0) return base::fail_errno();
  return value;
}

Result<void> setsockopt(Fd socket, int option, int value) {
  return done(::setsockopt(socket.raw(), SOL_SOCKET, option, &value, sizeof value));
}

Result<void> getpeername(Fd socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): how the call takes an address
  return done(::getpeername(socket.raw(), reinterpret_cast<sockaddr*>(&address), &size));
}

Result<void> send(Fd socket, std::span<const std::byte> record) {
  return done(
      retried([&] { return ::send(socket.raw(), record.data(), record.size(), MSG_NOSIGNAL); }));
}

Result<std::size_t> recv(Fd socket, std::span<std::byte> record) {
  ssize_t got = retried([&] { return ::recv(socket.raw(), record.data(), record.size(), 0); });
  if (got < 0) return base::fail_errno();
  return static_cast<std::size_t>(got);
}

Result<void> unshare(int flags) {
  return done(::unshare(flags));
}

Result<int> prctl(int operation, unsigned long arg2, unsigned long arg3) {
  int result = ::prctl(operation, arg2, arg3, 0UL, 0UL);
  if (result < 0) return base::fail_errno();
  return result;
}

Result<void> setrlimit(__rlimit_resource resource, const rlimit& limit) {
  return done(::setrlimit(resource, &limit));
}

Result<int> getgroups_count() {
  int count = ::getgroups(0, nullptr);
  if (count < 0) return base::fail_errno();
  return count;
}

Result<void> setgroups_none() {
  return done(::setgroups(0, nullptr));
}

// setfsuid(2) reports no error: asking again shows whether it took.
Result<void> setfsids(uid_t uid, gid_t gid) {
  constexpr auto kAsk = static_cast<uid_t>(-1);
  ::setfsgid(gid);
  ::setfsuid(uid);
  bool took = static_cast<gid_t>(::setfsgid(kAsk)) == gid;
  took = static_cast<uid_t>(::setfsuid(kAsk)) == uid && took;
  if (!took) return base::fail(EPERM);
  return {};
}

Result<void> setresuid(uid_t id) {
  return done(::setresuid(id, id, id));
}

Result<void> setresgid(gid_t id) {
  return done(::setresgid(id, id, id));
}

Result<UniqueFd> pidfd_open(pid_t pid) {
  return owned(::syscall(SYS_pidfd_open, pid, 0));
}

Result<bool> has_ended(Fd pidfd) {
  pollfd waited{.fd = pidfd.raw(), .events = POLLIN, .revents = 0};
  int ready = ::poll(&waited, 1, 0);
  if (ready < 0) return base::fail_errno();
  return ready == 1;
}

Result<int> landlock_version() {
  long version =
      ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 0) return base::fail_errno();
  return static_cast<int>(version);
}

Result<UniqueFd> landlock_create_ruleset(const void* attributes, std::size_t size) {
  return owned(::syscall(SYS_landlock_create_ruleset, attributes, size, 0));
}

Result<void> landlock_add_path_rule(Fd ruleset, Fd path, uint64_t rights) {
  landlock_path_beneath_attr rule{};
  rule.allowed_access = rights;
  rule.parent_fd = path.raw();
  return done(
      ::syscall(SYS_landlock_add_rule, ruleset.raw(), LANDLOCK_RULE_PATH_BENEATH, &rule, 0));
}

Result<void> landlock_restrict_self(Fd ruleset) {
  return done(::syscall(SYS_landlock_restrict_self, ruleset.raw(), 0));
}

}  // namespace sandbox::sys
