#include "sandbox/source.h"

#include <linux/magic.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "sandbox/failure.h"
#include "sandbox/kernel_filesystems.h"
#include "sandbox/sys.h"

namespace sandbox {
namespace {

using base::Fd;
using base::Outcome;
using base::Problem;
using base::UniqueFd;

constexpr std::string_view kStep = "source";

Call call_on(const spec::AttachPoint& point, std::string_view syscall, std::string_view what) {
  return {.step = kStep, .where = point.where, .syscall = syscall, .what = what, .remedy = {}};
}

Problem refused(const spec::AttachPoint& point, std::string what, std::string expected) {
  return {.exit = base::ExitCode::kBadSpec,
          .step = std::string(kStep),
          .where = point.where,
          .what = std::move(what),
          .expected = std::move(expected)};
}

std::string in_quotes(const std::string& path) {
  return "'" + path + "'";
}

Problem cannot_open(const spec::AttachPoint& point, int error) {
  Problem problem = problem_of(call_on(point, "openat2", {}), base::Errno(error));
  problem.what = "cannot open " + in_quotes(point.source);
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      problem.exit = base::ExitCode::kBadSpec;
      problem.expected = "the source of a mount must exist";
      break;
    case ELOOP:
      problem.exit = base::ExitCode::kBadSpec;
      problem.expected =
          "there is a loop of symbolic links, a magic link of /proc, or a symbolic link with "
          "--strict on the way: give the path it leads to";
      break;
    case EACCES:
      problem.expected = "a directory on the way may not be searched by the user gofer runs as";
      break;
    case ENOSYS:
      problem.expected = "Linux 5.6 or newer is needed";
      break;
    default:
      break;
  }
  return problem;
}

Outcome<UniqueFd> open_path(const spec::AttachPoint& point, const SourcePolicy& policy) {
  open_how how{};
  how.flags = O_PATH;
  if (!policy.allow_kernel_fs) how.resolve |= RESOLVE_NO_MAGICLINKS;
  if (policy.strict) how.resolve |= RESOLVE_NO_SYMLINKS;
  auto opened = sys::openat2(sys::kWorkingDirectory, point.source.c_str(), how);
  if (!opened) return base::failure(cannot_open(point, opened.error().code()));
  return *std::move(opened);
}

std::string_view type_name(unsigned mode) {
  switch (mode & S_IFMT) {
    case S_IFDIR:
      return "a directory";
    case S_IFREG:
      return "a file";
    case S_IFBLK:
      return "a block device";
    case S_IFCHR:
      return "a character device";
    case S_IFIFO:
      return "a FIFO";
    case S_IFSOCK:
      return "a socket";
    default:
      return "of an unknown type";
  }
}

bool is_served(unsigned mode, const spec::GoferOptions& options) {
  return S_ISDIR(mode) || S_ISREG(mode) || (S_ISSOCK(mode) && options.uds) ||
         (S_ISFIFO(mode) && options.fifo);
}

std::string_view way_to_serve(unsigned mode) {
  if (S_ISSOCK(mode)) return "x-gofer.uds=open on this mount serves it";
  if (S_ISFIFO(mode)) return "x-gofer.fifo=open on this mount serves it";
  return "an attach point is a directory or a regular file; devices are never served";
}

Outcome<void> examine(Source& source, const spec::AttachPoint& point) {
  auto status = TRY(required(sys::statx(source.fd, "", AT_EMPTY_PATH, STATX_TYPE | STATX_INO),
                             call_on(point, "statx", "cannot examine the source")));
  unsigned mode = status.stx_mode;
  std::string what = in_quotes(point.source) + " is " + std::string(type_name(mode));
  if (!S_ISDIR(mode) && point.destination == "/")
    return base::failure(refused(point, std::move(what), "the root of a container is a directory"));
  if (!is_served(mode, point.options))
    return base::failure(refused(point, std::move(what), std::string(way_to_serve(mode))));
  auto filesystem = TRY(required(sys::fstatfs(source.fd),
                                 call_on(point, "fstatfs", "cannot examine the file system")));
  source.is_directory = S_ISDIR(mode);
  source.kind = type_name(mode).substr(2);
  if (S_ISSOCK(mode))
    source.notes.push_back("the source " + in_quotes(point.source) +
                           " is a socket: when its server makes it anew, clients keep the old one, "
                           "and would see the new one if its directory were mounted");
  source.on_overlayfs = filesystem.f_type == OVERLAYFS_SUPER_MAGIC;
  source.device = ::makedev(status.stx_dev_major, status.stx_dev_minor);
  source.inode = status.stx_ino;
  return {};
}

Outcome<std::string> path_of(Fd fd, const spec::AttachPoint& point) {
  std::string link = "/proc/self/fd/" + std::to_string(fd.raw());
  Call call = call_on(point, "readlinkat", "cannot learn where the source is");
  call.remedy = "/proc must be mounted";
  return required(sys::readlinkat(sys::kWorkingDirectory, link.c_str()), call);
}

constexpr std::string_view kKernelRemedy =
    "its files control the kernel; --allow-kernel-fs serves it all the same";

Outcome<void> refuse_kernel_fs(const Source& source, const spec::AttachPoint& point) {
  auto status = TRY(required(sys::fstatfs(source.fd),
                             call_on(point, "fstatfs", "cannot examine the file system")));
  std::string_view type = kernel_filesystem(status.f_type);
  if (!type.empty())
    return base::failure(refused(
        point, in_quotes(source.real_path) + " is on a file system of type " + std::string(type),
        std::string(kKernelRemedy)));
  for (std::string_view tree : {"/proc", "/sys"})
    if (source.real_path == tree || source.real_path.starts_with(std::string(tree) + "/"))
      return base::failure(refused(point,
                                   in_quotes(source.real_path) + " is below " + std::string(tree),
                                   std::string(kKernelRemedy)));
  if (!point.recursive) return {};
  auto file = TRY(required(sys::openat(sys::kWorkingDirectory, "/proc/self/mountinfo", O_RDONLY),
                           call_on(point, "openat", "cannot list the mounts")));
  auto mounts =
      TRY(required(sys::read_all(file), call_on(point, "read", "cannot list the mounts")));
  auto below = kernel_mounts_below(mounts, source.real_path);
  if (below.empty()) return {};
  return base::failure(refused(
      point, in_quotes(below[0].path) + ", mounted below the source, is of type " + below[0].type,
      std::string(kKernelRemedy) + "; 'bind' in place of 'rbind' leaves it out"));
}

// A path as it would be without `.`, `//` and a trailing `/`; `..` stays.
std::string cleaned(std::string_view path) {
  std::string clean;
  while (!path.empty()) {
    std::size_t end = std::min(path.find('/'), path.size());
    std::string_view component = path.substr(0, end);
    path.remove_prefix(std::min(end + 1, path.size()));
    if (component.empty() || component == ".") continue;
    clean += '/';
    clean += component;
  }
  return clean.empty() ? "/" : clean;
}

void note_symlink(Source& source, const spec::AttachPoint& point) {
  bool differs = point.source.starts_with('/') && cleaned(point.source) != source.real_path;
  if (!differs) return;
  source.notes.push_back("the source " + in_quotes(point.source) + " is really " +
                         in_quotes(source.real_path));
}

struct Identity {
  uint64_t device = 0;
  uint64_t inode = 0;
  friend bool operator==(const Identity&, const Identity&) = default;
};

base::Result<Identity> identify(Fd fd) {
  auto status = TRY(sys::statx(fd, "", AT_EMPTY_PATH, STATX_INO));
  return Identity{::makedev(status.stx_dev_major, status.stx_dev_minor), status.stx_ino};
}

base::Result<UniqueFd> parent_of(Fd directory) {
  return sys::openat(directory, "..", O_PATH | O_DIRECTORY);
}

// The source itself and every directory above it, up to the root.
std::vector<Identity> lineage(const Source& source) {
  constexpr std::size_t kDeepest = 4096;
  std::vector<Identity> line = {{source.device, source.inode}};
  std::string directory = source.real_path.substr(0, source.real_path.rfind('/') + 1);
  auto above = source.is_directory
                   ? parent_of(source.fd)
                   : sys::openat(sys::kWorkingDirectory, directory.c_str(), O_PATH | O_DIRECTORY);
  while (above && line.size() < kDeepest) {
    auto identity = identify(*above);
    if (!identity || *identity == line.back()) break;
    line.push_back(*identity);
    above = parent_of(*above);
  }
  return line;
}

}  // namespace

Outcome<Source> open_source(const spec::AttachPoint& point, const SourcePolicy& policy) {
  Source source;
  source.fd = TRY(open_path(point, policy));
  TRY(examine(source, point));
  source.real_path = TRY(path_of(source.fd, point));
  if (!policy.allow_kernel_fs) TRY(refuse_kernel_fs(source, point));
  note_symlink(source, point);
  return source;
}

std::vector<std::string> overlap_notes(std::span<const Source> sources,
                                       std::span<const spec::AttachPoint> points) {
  std::vector<std::string> notes;
  for (std::size_t inner = 0; inner < sources.size(); ++inner) {
    std::vector<Identity> line = lineage(sources[inner]);
    for (std::size_t outer = 0; outer < sources.size(); ++outer) {
      if (outer == inner || points[outer].access == points[inner].access) continue;
      Identity wanted{sources[outer].device, sources[outer].inode};
      auto found = std::find(line.begin(), line.end(), wanted);
      bool same = found == line.begin();
      if (found == line.end() || (same && outer < inner)) continue;
      notes.push_back(points[inner].where + ": the source " + in_quotes(sources[inner].real_path) +
                      (same ? " is also that of " : " lies inside that of ") + points[outer].where +
                      ", and only one of them is read-only: what is read-only through one is "
                      "changed through the other");
    }
  }
  return notes;
}

}  // namespace sandbox
