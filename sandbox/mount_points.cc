#include "sandbox/mount_points.h"

#include <linux/magic.h>
#include <sys/stat.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "sandbox/failure.h"
#include "sandbox/sys.h"

namespace sandbox {
namespace {

using base::Fd;
using base::Outcome;
using base::UniqueFd;

constexpr std::string_view kStep = "mount point";
constexpr int kMostLinks = 40;   // as the kernel's own limit
constexpr int kMostRaces = 128;  // a name that comes and goes this often is somebody's attack

// What has been attached so far, by resolved destination, and what would be made for it.
class View {
 public:
  struct Mounted {
    std::string path;
    const MountPointRequest* request;
  };

  // The later of two at one destination covers the earlier, and all that was below it.
  void add(std::string path, const MountPointRequest& request) {
    std::string below = path + "/";
    std::erase_if(mounted_, [&](const Mounted& mounted) {
      return mounted.path == path || mounted.path.starts_with(below);
    });
    mounted_.push_back({.path = std::move(path), .request = &request});
  }

  const MountPointRequest* at(const std::string& path) const {
    auto found = std::find_if(mounted_.begin(), mounted_.end(),
                              [&](const Mounted& mounted) { return mounted.path == path; });
    return found == mounted_.end() ? nullptr : found->request;
  }

  // For Missing::kReport: false if it is planned already, for an earlier request.
  bool plan(const std::string& path) { return planned_.insert(path).second; }

 private:
  std::vector<Mounted> mounted_;
  std::set<std::string> planned_;
};

// One directory (or, last, one file) on the way from the container's root.
struct Place {
  std::string name;
  UniqueFd owned;     // empty for the top of a tree, and for what does not exist yet
  Fd fd{-1};          // negative: does not exist (Missing::kReport)
  unsigned type = 0;  // S_IFMT
};

// What a component turned out to be.
struct Found {
  UniqueFd fd;
  unsigned type = 0;
};

class Walk {
 public:
  Walk(View& view, const MountPointRequest& root, const MountPointRequest& request, Missing missing,
       NewModes modes)
      : view_(view), request_(request), missing_(missing), modes_(modes) {
    places_.push_back({.name = {}, .owned = {}, .fd = root.tree, .type = S_IFDIR});
  }

  Outcome<MountPoint> for_mount();  // not the root, and of the kind of its source
  Outcome<MountPoint> for_directory();

 private:
  Outcome<void> resolve();
  Outcome<void> take(const std::string& component);
  Outcome<void> enter(const std::string& component);
  Outcome<std::optional<Found>> find_or_make(const std::string& component);
  base::Result<bool> make(const std::string& component);
  Outcome<void> expand(const Found& link);
  Outcome<void> check_kind() const;
  void push(std::string_view text);
  std::string path(std::string_view last = {}) const;
  base::Problem refused(std::string_view what, int error, std::string_view syscall,
                        std::string_view expected) const;

  View& view_;
  const MountPointRequest& request_;
  Missing missing_;
  NewModes modes_;
  std::vector<Place> places_;
  std::deque<std::string> pending_;
  MountPoint result_;
  int links_ = 0;
};

Outcome<MountPoint> Walk::for_mount() {
  TRY(resolve());
  TRY(check_kind());
  return std::move(result_);
}

Outcome<MountPoint> Walk::for_directory() {
  TRY(resolve());
  if (places_.back().type != S_IFDIR)
    return base::failure(refused("'" + path() + "' is a file", ENOTDIR, {}, "a directory"));
  return std::move(result_);
}

Outcome<void> Walk::resolve() {
  push(request_.destination);
  while (!pending_.empty()) {
    std::string component = std::move(pending_.front());
    pending_.pop_front();
    TRY(take(component));
  }
  result_.destination = path();
  return {};
}

// Puts the components of `text` before those that are still to be taken.
void Walk::push(std::string_view text) {
  std::vector<std::string> components;
  while (!text.empty()) {
    std::size_t end = std::min(text.find('/'), text.size());
    std::string_view component = text.substr(0, end);
    if (!component.empty() && component != ".") components.emplace_back(component);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  pending_.insert(pending_.begin(), components.begin(), components.end());
}

std::string Walk::path(std::string_view last) const {
  std::string text;
  for (std::size_t i = 1; i < places_.size(); ++i) text += "/" + places_[i].name;
  if (!last.empty()) text += "/" + std::string(last);
  return text.empty() ? "/" : text;
}

Outcome<void> Walk::take(const std::string& component) {
  if (component == "..") {
    if (places_.size() > 1) places_.pop_back();
    return {};
  }
  if (places_.back().type != S_IFDIR)
    return base::failure(
        refused("'" + path() + "' is a file", ENOTDIR, {}, "a directory on the way"));
  if (const MountPointRequest* mounted = view_.at(path(component))) {
    places_.push_back({.name = component,
                       .owned = {},
                       .fd = mounted->tree,
                       .type = mounted->is_directory ? unsigned{S_IFDIR} : unsigned{S_IFREG}});
    return {};
  }
  return enter(component);
}

Outcome<void> Walk::enter(const std::string& component) {
  std::optional<Found> found;
  if (places_.back().fd.raw() >= 0) found = TRY(find_or_make(component));
  if (found && found->type == S_IFLNK) return expand(*found);
  Place place{.name = component, .owned = {}, .fd = Fd(-1), .type = S_IFDIR};
  if (found) {
    place.owned = std::move(found->fd);
    place.fd = place.owned;
    place.type = found->type;
  } else {
    if (pending_.empty() && !request_.is_directory) place.type = S_IFREG;
    if (view_.plan(path(component))) result_.made.push_back(path(component));
  }
  places_.push_back(std::move(place));
  return {};
}

// Nothing: it is missing and is not to be made.
Outcome<std::optional<Found>> Walk::find_or_make(const std::string& component) {
  open_how how{};
  how.flags = O_PATH | O_NOFOLLOW;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  for (int races = 0; races < kMostRaces; ++races) {
    auto opened = sys::openat2(places_.back().fd, component.c_str(), how);
    if (opened) {
      auto status = sys::statx(*opened, "", AT_EMPTY_PATH, STATX_TYPE);
      if (!status)
        return base::failure(refused("cannot examine '" + path(component) + "'",
                                     status.error().code(), "statx", {}));
      return std::optional(
          Found{.fd = *std::move(opened), .type = unsigned{status->stx_mode} & S_IFMT});
    }
    int error = opened.error().code();
    if (error == EAGAIN) continue;
    if (error != ENOENT)
      return base::failure(refused("cannot open '" + path(component) + "'", error, "openat2",
                                   error == ENOSYS ? "Linux 5.6 or newer is needed" : ""));
    if (missing_ == Missing::kReport) return std::optional<Found>();
    auto made = make(component);
    if (!made)
      return base::failure(
          refused("the mount point '" + path(component) + "' is missing and cannot be made",
                  made.error().code(), "mkdirat",
                  "make it in the image beforehand, or start with the right to write to it"));
    if (*made) result_.made.push_back(path(component));
  }
  return base::failure(refused("'" + path(component) + "' comes and goes", EAGAIN, "openat2",
                               "nobody else may rearrange the tree meanwhile"));
}

// False: somebody else was quicker.
base::Result<bool> Walk::make(const std::string& component) {
  constexpr int kNewFile = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
  bool is_file = pending_.empty() && !request_.is_directory;
  base::Result<void> made;
  if (is_file) {
    auto file = sys::openat(places_.back().fd, component.c_str(), kNewFile, modes_.file);
    if (!file) made = base::failure(file.error());
  } else {
    made = sys::mkdirat(places_.back().fd, component.c_str(), modes_.directory);
  }
  if (made) return true;
  if (made.error().code() == EEXIST) return false;
  return base::failure(made.error());
}

// As the container would: an absolute link starts at its root, a relative one where it lies.
Outcome<void> Walk::expand(const Found& link) {
  constexpr std::string_view kLinks = "symbolic links";
  if (++links_ > kMostLinks)
    return base::failure(refused("there are more than " + std::to_string(kMostLinks) + " " +
                                     std::string(kLinks) + " on the way to it",
                                 ELOOP, {}, "a destination without a loop"));
  auto filesystem = sys::fstatfs(link.fd);
  if (!filesystem || filesystem->f_type == PROC_SUPER_MAGIC)
    return base::failure(refused("a link of a proc file system at '" + path() + "' is on the way",
                                 ELOOP, {}, "a destination that leads through no magic link"));
  auto target = sys::readlinkat(link.fd, "");
  if (!target)
    return base::failure(
        refused("cannot read a link at '" + path() + "'", target.error().code(), "readlinkat", {}));
  if (target->starts_with('/')) places_.erase(places_.begin() + 1, places_.end());
  push(*target);
  return {};
}

Outcome<void> Walk::check_kind() const {
  if (places_.size() == 1)
    return base::failure(refused("the destination is the root of the container", EBUSY, {},
                                 "a destination below '/'"));
  bool is_directory = places_.back().type == S_IFDIR;
  if (is_directory == request_.is_directory) return {};
  return base::failure(
      refused(is_directory ? "the source is a file, but '" + path() + "' is a directory"
                           : "the source is a directory, but '" + path() + "' is a file",
              is_directory ? EISDIR : ENOTDIR, {}, "a file on a file, a directory on a directory"));
}

base::Problem Walk::refused(std::string_view what, int error, std::string_view syscall,
                            std::string_view expected) const {
  base::Problem problem = problem_of({.step = kStep,
                                      .where = request_.where,
                                      .syscall = syscall,
                                      .what = what,
                                      .remedy = expected},
                                     base::Errno(error));
  if (syscall.empty()) problem.exit = base::ExitCode::kBadSpec;
  if (request_.destination != path()) problem.what += " (destination " + request_.destination + ")";
  return problem;
}

// mkdir and open obey the umask; mount points have the modes that are documented.
class UmaskGuard {
 public:
  UmaskGuard() : old_(::umask(0)) {}
  UmaskGuard(const UmaskGuard&) = delete;
  UmaskGuard& operator=(const UmaskGuard&) = delete;
  ~UmaskGuard() { ::umask(old_); }

 private:
  mode_t old_;
};

}  // namespace

Outcome<std::vector<MountPoint>> resolve_mount_points(std::span<const MountPointRequest> requests,
                                                      Missing missing, NewModes modes) {
  UmaskGuard umask;
  View view;
  std::vector<MountPoint> points;
  if (requests.empty()) return points;
  points.push_back({.destination = "/", .made = {}});
  for (const MountPointRequest& request : requests.subspan(1)) {
    points.push_back(TRY(Walk(view, requests.front(), request, missing, modes).for_mount()));
    view.add(points.back().destination, request);
  }
  return points;
}

Outcome<MountPoint> make_directory(std::span<const MountPointRequest> requests,
                                   std::span<const MountPoint> points, std::string_view path,
                                   std::string_view where, mode_t mode) {
  UmaskGuard umask;
  View view;
  for (std::size_t i = 1; i < requests.size(); ++i) view.add(points[i].destination, requests[i]);
  MountPointRequest directory{
      .where = std::string(where), .destination = std::string(path), .tree = Fd(-1)};
  return Walk(view, requests.front(), directory, Missing::kCreate, {.directory = mode})
      .for_directory();
}

}  // namespace sandbox
