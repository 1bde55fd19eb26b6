// tree_digest: a canonical listing of a tree, the same for equal trees wherever they lie.
//
//   tree_digest [--mtime] [--ctime] DIR
//
// One line per entry, sorted by path: its path below DIR, type, mode, owner and group, links, size,
// content (its FNV-1a hash), the entry that it is the same file as, link target, extended
// attributes of the user namespace, and with --times the modification and change time in
// nanoseconds. Sizes and link counts of directories are a file system's own affair and left out.
// Bytes that would break a line are shown as \xHH.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "spec/base/fd.h"

namespace {

using std::filesystem::path;

// A system call that had to work.
template <typename Number>
Number must(Number result, const path& file) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), file);
  return result;
}

std::string escaped(std::string_view text) {
  std::string all;
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7f && c != '\\') {
      all += c;
      continue;
    }
    char hex[8];
    std::snprintf(hex, sizeof hex, "\\x%02x", byte);
    all += hex;
  }
  return all;
}

std::string hash_of(const path& file) {
  base::UniqueFd content(must(::open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC), file));
  uint64_t hash = 0xcbf29ce484222325U;
  std::vector<unsigned char> buffer(65536);
  while (ssize_t count = must(::read(content.raw(), buffer.data(), buffer.size()), file))
    for (ssize_t i = 0; i < count; ++i)
      hash = (hash ^ buffer[static_cast<std::size_t>(i)]) * 0x100000001b3U;
  char text[24];
  std::snprintf(text, sizeof text, "%016jx", uintmax_t{hash});
  return text;
}

std::string value_of(const path& file, const std::string& name) {
  std::string value(65536, '\0');
  ssize_t size = ::lgetxattr(file.c_str(), name.c_str(), value.data(), value.size());
  value.resize(static_cast<std::size_t>(must(size, file)));
  return value;
}

std::string xattrs_of(const path& file) {
  std::string names(65536, '\0');
  ssize_t length = ::llistxattr(file.c_str(), names.data(), names.size());
  if (length < 0 && errno == EOPNOTSUPP) return {};
  names.resize(static_cast<std::size_t>(must(length, file)));
  std::set<std::string> sorted;
  for (std::size_t at = 0; at < names.size(); at += std::strlen(names.c_str() + at) + 1) {
    std::string name = names.c_str() + at;
    if (name.starts_with("user."))
      sorted.insert(" " + escaped(name) + "=" + escaped(value_of(file, name)));
  }
  std::string all;
  for (const std::string& each : sorted) all += each;
  return all;
}

const char* type_of(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFREG:
      return "file";
    case S_IFDIR:
      return "directory";
    case S_IFLNK:
      return "link";
    case S_IFIFO:
      return "fifo";
    case S_IFSOCK:
      return "socket";
    default:
      return "device";
  }
}

std::string time_of(const timespec& time) {
  char text[48];
  std::snprintf(text, sizeof text, "%jd.%09ld", intmax_t{time.tv_sec}, time.tv_nsec);
  return text;
}

struct Times {
  bool modification = false;
  bool change = false;
};

class Digest {
 public:
  explicit Digest(Times times) : times_(times) {}

  std::string line(const path& file, const std::string& shown) {
    struct stat info{};
    must(::lstat(file.c_str(), &info), file);
    char mode[8];
    std::snprintf(mode, sizeof mode, "%04o", info.st_mode & 07777U);
    std::string all = escaped(shown) + " " + type_of(info.st_mode) + " " + mode + " " +
                      std::to_string(info.st_uid) + ":" + std::to_string(info.st_gid);
    if (!S_ISDIR(info.st_mode))
      all += " links=" + std::to_string(info.st_nlink) + " size=" + std::to_string(info.st_size);
    if (S_ISREG(info.st_mode)) all += " content=" + hash_of(file);
    if (!S_ISDIR(info.st_mode) && info.st_nlink > 1) all += same_file(info, shown);
    if (S_ISLNK(info.st_mode))
      all += " -> " + escaped(std::filesystem::read_symlink(file).native());
    if (times_.modification) all += " mtime=" + time_of(info.st_mtim);
    if (times_.change) all += " ctime=" + time_of(info.st_ctim);
    if (S_ISREG(info.st_mode) || S_ISDIR(info.st_mode)) all += xattrs_of(file);
    return all;
  }

 private:
  std::string same_file(const struct stat& info, const std::string& shown) {
    auto [first, added] = seen_.try_emplace({info.st_dev, info.st_ino}, shown);
    return added ? "" : " same-as=" + escaped(first->second);
  }

  Times times_;
  std::map<std::pair<dev_t, ino_t>, std::string> seen_;
};

void list(const path& root, Times times) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root))
    names.insert(entry.path().lexically_relative(root));
  Digest digest(times);
  std::puts(digest.line(root, ".").c_str());
  for (const std::string& name : names) std::puts(digest.line(root / name, name).c_str());
}

}  // namespace

int main(int argc, char** argv) {
  Times times;
  int at = 1;
  for (; at < argc - 1; ++at) {
    std::string_view option = argv[at];
    if (option == "--mtime")
      times.modification = true;
    else if (option == "--ctime")
      times.change = true;
    else
      break;
  }
  if (at + 1 != argc) {
    std::fputs("usage: tree_digest [--mtime] [--ctime] DIR\n", stderr);
    return 2;
  }
  try {
    list(argv[at], times);
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "tree_digest: %s\n", problem.what());
    return 1;
  }
  return 0;
}
