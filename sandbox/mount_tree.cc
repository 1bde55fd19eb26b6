#include "sandbox/mount_tree.h"

#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <string>
#include <vector>

#include "sandbox/failure.h"
#include "sandbox/sys.h"

namespace sandbox {
namespace {

using base::Fd;
using base::Outcome;
using base::UniqueFd;

constexpr std::string_view kStep = "mount tree";

std::string_view clone_remedy(int error, bool recursive) {
  switch (error) {
    case EINVAL:
      return recursive ? "the source is on a mount that may not be cloned (unbindable), or was "
                         "opened in another mount namespace"
                       : "something is mounted below the source, and an ordinary user may not "
                         "uncover what is under it: use 'rbind' in place of 'bind', or start as "
                         "root";
    case EPERM:
      return "it needs CAP_SYS_ADMIN: start as root, or allow user namespaces";
    case ENOSYS:
      return "Linux 5.2 or newer is needed";
    default:
      return {};
  }
}

std::string_view seal_remedy(int error) {
  switch (error) {
    case ENOSYS:
    case EINVAL:
      return "mount_setattr(2) with nosymfollow needs Linux 5.14 or newer";
    case EPERM:
      return "a mount of the tree is locked to flags that would be changed: start as root";
    case EBUSY:
      return "a file below the source is open for writing on the cloned mount";
    default:
      return {};
  }
}

std::string_view id_map_remedy(int error) {
  switch (error) {
    case EINVAL:
      return "the file system cannot map ids, or a mount of the tree is mapped already; leave out "
             "the mount's uidMappings and gidMappings to serve it unmapped";
    case EPERM:
      return "mapping ids needs CAP_SYS_ADMIN where the file system was mounted: start as root";
    default:
      return {};
  }
}

uint64_t propagation_flag(spec::Propagation propagation) {
  switch (propagation) {
    case spec::Propagation::kPrivate:
      return MS_PRIVATE;
    case spec::Propagation::kSlave:
      return MS_SLAVE;
    case spec::Propagation::kUnbindable:
      return MS_UNBINDABLE;
  }
  return MS_PRIVATE;
}

// Linux orders the fields as: inside, outside, size. Inside is what the file system stores.
std::string map_text(const std::vector<spec::IdRange>& ranges) {
  std::string text;
  for (const spec::IdRange& range : ranges)
    text += std::to_string(range.container) + " " + std::to_string(range.host) + " " +
            std::to_string(range.size) + "\n";
  return text;
}

// A child that is in a new user namespace and waits to be killed; it dies with this object.
class NamespaceHolder {
 public:
  NamespaceHolder() = default;
  NamespaceHolder(const NamespaceHolder&) = delete;
  NamespaceHolder& operator=(const NamespaceHolder&) = delete;
  ~NamespaceHolder() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  // Returns when the child is in the namespace.
  base::Result<void> start() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return base::fail_errno();
    UniqueFd read_end(ends[0]);
    UniqueFd write_end(ends[1]);
    pid_ = ::fork();
    if (pid_ < 0) return base::fail_errno();
    if (pid_ == 0) hold(write_end.raw());
    write_end.reset();
    if (::read(read_end.raw(), &held_, sizeof held_) != sizeof held_) return base::fail(EIO);
    if (held_.error != 0) return base::fail(held_.error);
    return {};
  }

  base::Result<UniqueFd> open(const char* file, int flags) const {
    std::string path = "/proc/" + std::string(held_.name.data()) + "/" + file;
    return sys::openat(sys::kWorkingDirectory, path.c_str(), flags);
  }

 private:
  // What the child says of itself.
  struct Held {
    int error = EIO;
    std::array<char, 16> name{};  // in /proc, which may be that of another pid namespace than ours
  };

  [[noreturn]] static void hold(int pipe) {
    Held held{.error = 0};
    bool done = ::unshare(CLONE_NEWUSER) == 0 &&
                ::readlink("/proc/self", held.name.data(), held.name.size() - 1) > 0;
    if (!done) held.error = errno;
    bool told = ::write(pipe, &held, sizeof held) == sizeof held;
    if (!told || !done) ::_exit(0);
    for (;;) ::pause();
  }

  pid_t pid_ = -1;
  Held held_;
};

base::Result<void> write_file(const NamespaceHolder& holder, const char* name,
                              const std::string& text) {
  auto file = TRY(holder.open(name, O_WRONLY));
  return sys::write(file, text);
}

}  // namespace

Outcome<UniqueFd> clone_tree(Fd source, bool recursive, std::string_view where) {
  unsigned flags = OPEN_TREE_CLONE | AT_EMPTY_PATH;
  if (recursive) flags |= AT_RECURSIVE;
  auto tree = sys::open_tree(source, "", flags);
  if (tree) return *std::move(tree);
  return base::failure(problem_of({.step = kStep,
                                   .where = where,
                                   .syscall = "open_tree",
                                   .what = "cannot clone the mount of the source",
                                   .remedy = clone_remedy(tree.error().code(), recursive)},
                                  tree.error()));
}

Outcome<void> seal_tree(Fd tree, const TreeOptions& options) {
  mount_attr attributes{};
  attributes.attr_set =
      MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOSYMFOLLOW;
  if (options.access == spec::Access::kReadOnly) attributes.attr_set |= MOUNT_ATTR_RDONLY;
#ifdef GOFER_MUTANT_NO_MOUNT_ATTRIBUTES
  attributes.attr_set = 0;  // the mutant proves that the other layers hold without this one
#endif
  attributes.propagation = propagation_flag(options.propagation);
  auto sealed = sys::mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, attributes);
  if (!sealed)
    return base::failure(problem_of({.step = kStep,
                                     .where = options.where,
                                     .syscall = "mount_setattr",
                                     .what = "cannot set the attributes of the mounts",
                                     .remedy = seal_remedy(sealed.error().code())},
                                    sealed.error()));
  if (options.ids == nullptr || options.ids->empty()) return {};

  auto map = TRY(make_id_map(*options.ids, options.where));
  mount_attr mapping{};
  mapping.attr_set = MOUNT_ATTR_IDMAP;
  mapping.userns_fd = static_cast<unsigned>(map.raw());
  unsigned flags = AT_EMPTY_PATH;
  if (options.recursive) flags |= AT_RECURSIVE;
  auto mapped = sys::mount_setattr(tree, "", flags, mapping);
  if (mapped) return {};
  return base::failure(problem_of({.step = kStep,
                                   .where = options.where,
                                   .syscall = "mount_setattr",
                                   .what = "cannot map the ids of the mounts",
                                   .remedy = id_map_remedy(mapped.error().code())},
                                  mapped.error()));
}

Outcome<UniqueFd> make_tree(Fd source, const TreeOptions& options) {
  auto tree = TRY(clone_tree(source, options.recursive, options.where));
  TRY(seal_tree(tree, options));
  return tree;
}

Outcome<UniqueFd> make_id_map(const spec::IdMap& ids, std::string_view where) {
  Call call{.step = "id map",
            .where = where,
            .syscall = "unshare",
            .what = "cannot make a user namespace for the id map",
            .remedy = "user.max_user_namespaces may be reached or 0"};
  NamespaceHolder holder;
  TRY(required(holder.start(), call));
  call.syscall = "write";
  call.what = "cannot write the id map";
  call.remedy =
      "ids beyond one's own need CAP_SETUID and CAP_SETGID (start as root); the text of "
      "a map must be shorter than a page, and its ranges may not overlap";
  TRY(required(write_file(holder, "uid_map", map_text(ids.uids)), call));
  TRY(required(write_file(holder, "gid_map", map_text(ids.gids)), call));
  call.syscall = "openat";
  call.what = "cannot open the user namespace";
  call.remedy = {};
  return required(holder.open("ns/user", O_RDONLY), call);
}

}  // namespace sandbox
