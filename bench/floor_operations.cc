#include "bench/floor_operations.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <string_view>
#include <utility>

#include "gofer/p9/flags.h"
#include "gofer/p9/requests.h"

namespace bench {
namespace {

constexpr std::size_t kFids = 4096;

}  // namespace

FloorOperations::FloorOperations(base::Fd root, Dialect dialect)
    : root_(root.raw()),
      dialect_(dialect),
      own_fds_(::open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC)),
      records_(std::make_unique<std::byte[]>(kMsize)),
      files_(std::make_unique<File[]>(kFids)) {}

FloorOperations::Answer FloorOperations::serve(uint8_t type, Request in, Reply& out) {
  if (answer(type, in, out))
    return {.type = static_cast<uint8_t>(type + 1),
            .donated = std::exchange(donated_, std::nullopt)};
  out.restart();
  out.number(errno);
  return {.type = p9::Rlerror::kLine.type};
}

bool FloorOperations::answer(uint8_t type, Request in, Reply& out) {
  switch (type) {
    case p9::Tversion::kLine.type: {
      constexpr std::string_view kVersion = version_of(Dialect::kLinux);  // whatever was wanted
      out.number(static_cast<uint32_t>(kMsize));
      out.number(static_cast<uint16_t>(kVersion.size()));
      out.bytes(kVersion.data(), kVersion.size());
      return true;
    }
    case p9::Tattach::kLine.type:
      return attach(in, out);
    case p9::Tgetattr::kLine.type:
      return getattr(in, out);
    case p9::Twalk::kLine.type:
      return walk(in, out);
    case p9::Tclunk::kLine.type:
      ::close(file(in).fd);
      return true;
    case p9::Tlopen::kLine.type:
      return open(in, out);
    case p9::Tlcreate::kLine.type:
      return create(in, out);
    case p9::Tread::kLine.type:
      return read(in, out);
    case p9::Twrite::kLine.type:
      return write(in, out);
    case p9::Treaddir::kLine.type:
      return readdir(in, out);
    case p9::Tmkdir::kLine.type:
      return mkdir(in, out);
    case p9::Tunlinkat::kLine.type:
      return unlink(in);
    case p9::Trenameat::kLine.type:
      return rename(in);
    default:
      errno = EOPNOTSUPP;
      return false;
  }
}

// Fills in the qid of a file.
bool FloorOperations::examine(int fd, const char* name, File& file) {
  struct statx stat;  // NOLINT(cppcoreguidelines-pro-type-member-init): the kernel fills it
  constexpr int kFlags = AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW;
  if (::statx(fd, name, kFlags, STATX_TYPE | STATX_MTIME | STATX_INO, &stat) != 0) return false;
  uint8_t type = S_ISDIR(stat.stx_mode)   ? p9::kQidDirectory
                 : S_ISLNK(stat.stx_mode) ? p9::kQidSymlink
                                          : uint8_t{0};
  store(file.qid.data(), type);
  store(file.qid.data() + 1, stat.stx_mtime.tv_nsec);
  store(file.qid.data() + 5, uint64_t{stat.stx_ino});
  return true;
}

bool FloorOperations::attach(Request in, Reply& out) {
  File& root = file(in);
  root.fd = root_;
  if (!examine(root_, "", root)) return false;
  put_qid(out, root);
  return true;
}

bool FloorOperations::getattr(Request in, Reply& out) {
  const File& of = file(in);
  struct stat stat;  // NOLINT(cppcoreguidelines-pro-type-member-init): the kernel fills it
  if (::syscall(SYS_fstat, of.fd, &stat) != 0) return false;
  out.number(p9::kGetattrBasic);
  put_qid(out, of);
  out.number(uint32_t{stat.st_mode});
  out.number(stat.st_uid);
  out.number(stat.st_gid);
  out.number(uint64_t{stat.st_nlink});
  out.number(uint64_t{0});  // rdev
  out.number(stat.st_size);
  out.number(stat.st_blksize);
  out.number(stat.st_blocks);
  for (const timespec& time : {stat.st_atim, stat.st_mtim, stat.st_ctim, timespec{}}) {
    out.number(time.tv_sec);
    out.number(time.tv_nsec);
  }
  out.number(uint64_t{0});  // gen
  out.number(uint64_t{0});  // data_version
  return true;
}

bool FloorOperations::walk(Request in, Reply& out) {
  const File& from = file(in);
  File& to = file(in);
  auto count = in.number<uint16_t>();
  out.number(count);
  to.qid = from.qid;
  to.position = 0;
  if (count == 0) return (to.fd = ::fcntl(from.fd, F_DUPFD_CLOEXEC, 0)) >= 0;
  int at = from.fd;
  for (unsigned i = 0; i < count; ++i) {
    int fd = ::openat(at, in.name(), O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) return false;
    if (at != from.fd) ::close(at);
    at = fd;
    if (!examine(fd, "", to)) return false;
    put_qid(out, to);
  }
  to.fd = at;
  return true;
}

bool FloorOperations::open(Request in, Reply& out) {
  File& of = file(in);
  auto flags = static_cast<int>(in.number<uint32_t>());
  char number[16] = {};
  std::to_chars(std::begin(number), std::end(number), of.fd);
  int fd = ::openat(own_fds_, number, flags | O_CLOEXEC);
  if (fd < 0) return false;
  ::close(of.fd);
  of.fd = fd;
  of.position = 0;
  if (dialect_ == Dialect::kGoogle) donated_.emplace(fd);
  put_qid(out, of);
  out.number(static_cast<uint32_t>(kMsize - 24));  // iounit
  return true;
}

bool FloorOperations::create(Request in, Reply& out) {
  File& of = file(in);
  const char* name = in.name();
  auto flags = static_cast<int>(in.number<uint32_t>());
  int fd = ::openat(of.fd, name, flags | O_CREAT | O_CLOEXEC, in.number<uint32_t>());
  if (fd < 0) return false;
  ::close(of.fd);
  of.fd = fd;
  if (!examine(fd, "", of)) return false;
  put_qid(out, of);
  out.number(static_cast<uint32_t>(kMsize - 24));  // iounit
  return true;
}

bool FloorOperations::read(Request in, Reply& out) {
  const File& of = file(in);
  auto offset = in.number<int64_t>();
  auto count = in.number<uint32_t>();
  return out.counted([&](std::byte* to) { return ::pread(of.fd, to, count, offset); });
}

bool FloorOperations::write(Request in, Reply& out) {
  const File& of = file(in);
  auto offset = in.number<int64_t>();
  auto count = in.number<uint32_t>();
  ssize_t n = ::pwrite(of.fd, in.rest(), count, offset);
  if (n < 0) return false;
  out.number(static_cast<uint32_t>(n));
  return true;
}

bool FloorOperations::readdir(Request in, Reply& out) {
  File& of = file(in);
  auto offset = in.number<uint64_t>();
  auto count = in.number<uint32_t>();
  if (offset != of.position && ::lseek(of.fd, static_cast<off_t>(offset), SEEK_SET) < 0)
    return false;
  // An entry of 9P takes at most 7/6 of what the kernel's takes.
  ssize_t n = ::getdents64(of.fd, records_.get(), std::size_t{count} / 7 * 6);
  if (n < 0) return false;
  of.position = offset;
  return out.counted(
      [&](std::byte* to) { return list(to, static_cast<std::size_t>(n), of.position); });
}

// Puts down what lies in records_ as entries of 9P; returns their size.
ssize_t FloorOperations::list(std::byte* to, std::size_t filled, uint64_t& position) const {
  Reply out(to);
  for (std::size_t at = 0; at < filled;) {
    const auto* entry = reinterpret_cast<const dirent64*>(records_.get() + at);
    std::size_t length = std::strlen(entry->d_name);
    out.number(entry->d_type == DT_DIR ? p9::kQidDirectory : uint8_t{0});
    out.number(uint32_t{0});
    out.number(entry->d_ino);
    out.number(static_cast<uint64_t>(entry->d_off));
    out.number(uint8_t{entry->d_type});
    out.number(static_cast<uint16_t>(length));
    out.bytes(entry->d_name, length);
    position = static_cast<uint64_t>(entry->d_off);
    at += entry->d_reclen;
  }
  return static_cast<ssize_t>(out.size());
}

bool FloorOperations::mkdir(Request in, Reply& out) {
  const File& in_which = file(in);
  const char* name = in.name();
  if (::mkdirat(in_which.fd, name, in.number<uint32_t>()) != 0) return false;
  File made;
  if (!examine(in_which.fd, name, made)) return false;
  put_qid(out, made);
  return true;
}

bool FloorOperations::unlink(Request in) {
  const File& in_which = file(in);
  const char* name = in.name();
  return ::unlinkat(in_which.fd, name, static_cast<int>(in.number<uint32_t>())) == 0;
}

bool FloorOperations::rename(Request in) {
  const File& from = file(in);
  const char* old_name = in.name();
  const File& to = file(in);
  return ::renameat(from.fd, old_name, to.fd, in.name()) == 0;
}

}  // namespace bench
