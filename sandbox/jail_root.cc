#include "sandbox/jail_root.h"

#include <sched.h>

#include "sandbox/failure.h"
#include "sandbox/sys.h"

namespace sandbox {
namespace {

using base::Fd;
using base::Outcome;
using base::UniqueFd;

constexpr const char* kFileName = "file";

Call call(std::string_view syscall, std::string_view what, std::string_view remedy = {}) {
  return {.step = "root", .where = {}, .syscall = syscall, .what = what, .remedy = remedy};
}

// Covers "/" with a detached tree. The root directory of the process stays what it was, below it.
Outcome<void> cover_root(Fd tree) {
  return required(sys::move_mount(tree, "", sys::kWorkingDirectory, "/", MOVE_MOUNT_F_EMPTY_PATH),
                  call("move_mount", "cannot attach the tree over /",
                       "the tree was attached before, or / is no mount point"));
}

// Makes the tree that covers "/" the root, and lets go of everything below it. After pivot_root
// the old root is stacked upon the new one, where "." finds it.
Outcome<void> pivot_into(Fd tree) {
  TRY(required(sys::fchdir(tree), call("fchdir", "cannot enter the tree")));
  TRY(required(sys::pivot_root(".", "."),
               call("pivot_root", "cannot make the tree the root",
                    "the root of the host is an initramfs or a chroot: it must be a mount point "
                    "that can be left (bind-mount it onto itself)")));
  TRY(required(sys::umount2(".", MNT_DETACH), call("umount2", "cannot detach the old root")));
  return required(sys::chdir("/"), call("chdir", "cannot enter the new root"));
}

// A detached tmpfs with room for nothing but its top and `files` empty files.
Outcome<UniqueFd> make_tmpfs(int files) {
  constexpr std::string_view kWhat = "cannot make the tmpfs that holds the root";
  auto fs = TRY(required(sys::fsopen("tmpfs"), call("fsopen", kWhat)));
  std::string inodes = std::to_string(files + 1);
  TRY(required(sys::fsconfig(fs, FSCONFIG_SET_STRING, "nr_inodes", inodes.c_str()),
               call("fsconfig", kWhat)));
  TRY(required(sys::fsconfig(fs, FSCONFIG_SET_STRING, "size", "4k"), call("fsconfig", kWhat)));
  TRY(required(sys::fsconfig(fs, FSCONFIG_SET_STRING, "mode", "0555"), call("fsconfig", kWhat)));
  TRY(required(sys::fsconfig(fs, FSCONFIG_CMD_CREATE, nullptr, nullptr), call("fsconfig", kWhat)));
  return required(sys::fsmount(fs, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC),
                  call("fsmount", kWhat));
}

Outcome<void> make_read_only(Fd mount) {
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSYMFOLLOW;
  return required(sys::mount_setattr(mount, "", AT_EMPTY_PATH, attributes),
                  call("mount_setattr", "cannot make the tmpfs read-only"));
}

}  // namespace

Outcome<void> enter_mount_namespace() {
  TRY(required(sys::unshare(CLONE_NEWNS),
               {.step = "mount namespace",
                .where = {},
                .syscall = "unshare",
                .what = "cannot enter a mount namespace",
                .remedy = "user.max_mnt_namespaces may be reached: one is needed per mount"}));
  return required(sys::mount_propagation("/", MS_REC | MS_PRIVATE),
                  {.step = "mount namespace",
                   .where = "/",
                   .syscall = "mount",
                   .what = "cannot make the mounts private",
                   .remedy = {}});
}

Outcome<UniqueFd> clone_own_fds() {
  constexpr std::string_view kWhat = "cannot clone /proc/self/fd";
  auto tree = TRY(required(sys::open_tree(sys::kWorkingDirectory, "/proc/self/fd", OPEN_TREE_CLONE),
                           call("open_tree", kWhat, "/proc must be mounted")));
  mount_attr attributes{};
  attributes.attr_set =
      MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
  attributes.propagation = MS_PRIVATE;
  TRY(required(sys::mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, attributes),
               call("mount_setattr", kWhat)));
  return tree;
}

Outcome<UniqueFd> enter_directory_root(Fd tree) {
  TRY(cover_root(tree));
  TRY(pivot_into(tree));
  return required(sys::openat(sys::kWorkingDirectory, "/", O_PATH | O_DIRECTORY),
                  call("openat", "cannot open the new root"));
}

Outcome<UniqueFd> enter_file_root(Fd tree) {
  auto tmpfs = TRY(make_tmpfs(1));
  TRY(cover_root(tmpfs));
  auto file =
      TRY(required(sys::openat(tmpfs, kFileName, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0400),
                   call("openat", "cannot make the mount point of the file")));
  file.reset();
  TRY(required(sys::move_mount(tree, "", tmpfs, kFileName, MOVE_MOUNT_F_EMPTY_PATH),
               call("move_mount", "cannot attach the file", "the tree was attached before")));
  TRY(make_read_only(tmpfs));
  TRY(pivot_into(tmpfs));
  return required(sys::openat(sys::kWorkingDirectory, kFileName, O_PATH | O_NOFOLLOW),
                  call("openat", "cannot open the file"));
}

Outcome<void> enter_empty_root() {
  auto tmpfs = TRY(make_tmpfs(0));
  TRY(cover_root(tmpfs));
  TRY(make_read_only(tmpfs));
  return pivot_into(tmpfs);
}

}  // namespace sandbox
