#include "tests/support/tree.h"

#include <fcntl.h>
#include <linux/limits.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>
#include <system_error>

namespace support {
namespace {

void check(bool good, const path& where) {
  if (!good) throw std::system_error(errno, std::generic_category(), where);
}

void make_parent(const path& where) {
  std::filesystem::create_directories(where.parent_path());
}

std::string xattrs_of(const std::string& file) {
  std::string names(4096, '\0');
  ssize_t length = ::llistxattr(file.c_str(), names.data(), names.size());
  std::ostringstream out;
  for (ssize_t at = 0; at < length;) {
    const char* name = names.data() + at;
    std::string value(65536, '\0');
    ssize_t size = ::lgetxattr(file.c_str(), name, value.data(), value.size());
    if (size >= 0) out << ' ' << name << '=' << value.substr(0, static_cast<std::size_t>(size));
    at += static_cast<ssize_t>(std::strlen(name)) + 1;
  }
  return out.str();
}

long long nanoseconds(const timespec& time) {
  return static_cast<long long>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

enum class Detail { kEverything, kContents };

std::string describe(const path& file, Detail detail) {
  struct stat info{};
  check(::lstat(file.c_str(), &info) == 0, file);
  std::ostringstream out;
  out << std::oct << info.st_mode << std::dec;
  if (!S_ISDIR(info.st_mode)) out << " size=" << info.st_size;
  if (detail == Detail::kEverything) {
    out << " owner=" << info.st_uid << ':' << info.st_gid << " links=" << info.st_nlink
        << " mtime=" << nanoseconds(info.st_mtim) << " ctime=" << nanoseconds(info.st_ctim)
        << " rdev=" << info.st_rdev << xattrs_of(file);
  }
  if (S_ISLNK(info.st_mode)) out << " -> " << std::filesystem::read_symlink(file).native();
  if (S_ISREG(info.st_mode)) out << " content=" << read_file(file);
  return out.str();
}

Inventory take(const path& root, Detail detail) {
  Inventory all;
  all[""] = describe(root, detail);
  if (!std::filesystem::is_directory(std::filesystem::symlink_status(root))) return all;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root))
    all[entry.path().lexically_relative(root)] = describe(entry.path(), detail);
  return all;
}

}  // namespace

void make_directory(const path& where, mode_t mode) {
  std::filesystem::create_directories(where);
  check(::chmod(where.c_str(), mode) == 0, where);
}

void make_file(const path& where, std::string_view content, mode_t mode) {
  make_parent(where);
  std::ofstream out(where, std::ios::binary);
  out << content;
  out.close();
  check(out.good() && ::chmod(where.c_str(), mode) == 0, where);
}

void make_symlink(const path& where, std::string_view target) {
  make_parent(where);
  check(::symlink(std::string(target).c_str(), where.c_str()) == 0, where);
}

void make_fifo(const path& where, mode_t mode) {
  make_parent(where);
  check(::mkfifo(where.c_str(), mode) == 0 && ::chmod(where.c_str(), mode) == 0, where);
}

void make_device(const path& where, mode_t type_and_mode, unsigned major, unsigned minor) {
  make_parent(where);
  check(::mknod(where.c_str(), type_and_mode, makedev(major, minor)) == 0, where);
  check(::chmod(where.c_str(), type_and_mode & 07777) == 0, where);
}

base::UniqueFd bind_socket(const path& where, int type, int backlog) {
  make_parent(where);
  base::UniqueFd socket(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  errno = ENAMETOOLONG;
  check(where.native().size() < sizeof address.sun_path, where);
  std::memcpy(address.sun_path, where.c_str(), where.native().size());
  check(::bind(socket.raw(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0, where);
  if (type != SOCK_DGRAM) check(::listen(socket.raw(), backlog) == 0, where);
  return socket;
}

void make_socket(const path& where) {
  (void)bind_socket(where, SOCK_STREAM);
}

void set_xattr(const path& where, const char* name, std::string_view value) {
  check(::lsetxattr(where.c_str(), name, value.data(), value.size(), 0) == 0, where);
}

std::string get_xattr(const path& where, const char* name) {
  std::string value(XATTR_SIZE_MAX, '\0');
  ssize_t size = ::lgetxattr(where.c_str(), name, value.data(), value.size());
  if (size < 0 && errno == ENODATA) return "(none)";
  check(size >= 0, where);
  value.resize(static_cast<std::size_t>(size));
  return value;
}

std::string read_file(const path& where) {
  std::ifstream in(where, std::ios::binary);
  if (!in) throw std::system_error(errno, std::generic_category(), where);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

base::UniqueFd open_path(const path& where) {
  base::UniqueFd fd(::open(where.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  check(fd.valid(), where);
  return fd;
}

void exchange(const path& a, const path& b) {
  check(::renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE) == 0, a);
}

Inventory inventory(const path& root) {
  return take(root, Detail::kEverything);
}
Inventory contents(const path& root) {
  return take(root, Detail::kContents);
}

}  // namespace support
