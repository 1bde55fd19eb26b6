// System calls of the jail: one function per call, under its name and with its arguments in order.
// What they mean is in their manual pages; policy (which flags, when) is decided by the callers.
// All new descriptors are O_CLOEXEC. The launcher's and the lockdown's calls are here; what a
// jailed worker may call is in gofer/.
#pragma once

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/vfs.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "spec/base/fd.h"
#include "spec/base/result.h"

namespace sandbox::sys {

inline constexpr base::Fd kWorkingDirectory{AT_FDCWD};

// Mounts.
base::Result<base::UniqueFd> open_tree(base::Fd directory, const char* path, unsigned flags);
base::Result<void> mount_setattr(base::Fd directory, const char* path, unsigned flags,
                                 const mount_attr& attributes);
base::Result<void> move_mount(base::Fd from, const char* from_path, base::Fd to,
                              const char* to_path, unsigned flags);
base::Result<base::UniqueFd> fsopen(const char* type);
base::Result<void> fsconfig(base::Fd fs, unsigned command, const char* key, const char* value);
base::Result<base::UniqueFd> fsmount(base::Fd fs, unsigned attributes);
// mount(2) as it changes the propagation of what is mounted at `path`.
base::Result<void> mount_propagation(const char* path, unsigned long flags);
base::Result<void> pivot_root(const char* new_root, const char* put_old);
base::Result<void> umount2(const char* path, int flags);

// Files.
base::Result<base::UniqueFd> openat(base::Fd directory, const char* path, int flags,
                                    mode_t mode = 0);
base::Result<base::UniqueFd> openat2(base::Fd directory, const char* path, open_how how);
base::Result<struct statx> statx(base::Fd directory, const char* path, int flags, unsigned mask);
base::Result<struct statfs> fstatfs(base::Fd file);
base::Result<std::string> readlinkat(base::Fd directory, const char* path);
base::Result<void> mkdirat(base::Fd directory, const char* path, mode_t mode);
base::Result<void> chdir(const char* path);
base::Result<void> fchdir(base::Fd directory);
// One write(2) of all of `text`; a short one is EIO.
base::Result<void> write(base::Fd file, std::string_view text);
// read(2) to the end of the file.
base::Result<std::string> read_all(base::Fd file);
base::Result<std::size_t> getdents64(base::Fd directory, std::span<std::byte> buffer);

// Descriptors.
base::Result<base::UniqueFd> fcntl_dupfd(base::Fd fd, int lowest);
base::Result<void> dup3(base::Fd from, base::Fd to);
base::Result<void> close_range(unsigned first, unsigned last);

// Sockets.
base::Result<int> getsockopt(base::Fd socket, int option);
base::Result<void> setsockopt(base::Fd socket, int option, int value);
base::Result<void> getpeername(base::Fd socket);
base::Result<void> send(base::Fd socket, std::span<const std::byte> record);
base::Result<std::size_t> recv(base::Fd socket, std::span<std::byte> record);

// The process.
base::Result<void> unshare(int flags);
base::Result<int> prctl(int operation, unsigned long arg2 = 0, unsigned long arg3 = 0);
base::Result<void> setrlimit(__rlimit_resource resource, const rlimit& limit);
base::Result<int> getgroups_count();
base::Result<void> setgroups_none();
base::Result<void> setfsids(uid_t uid, gid_t gid);
// All three ids of the process become `id`.
base::Result<void> setresuid(uid_t id);
base::Result<void> setresgid(gid_t id);
base::Result<base::UniqueFd> pidfd_open(pid_t pid);
// Whether the process of a pidfd has ended: poll(2) without waiting.
base::Result<bool> has_ended(base::Fd pidfd);

// Landlock. The attributes are the kernel's structs in the size that the ABI has.
base::Result<int> landlock_version();
base::Result<base::UniqueFd> landlock_create_ruleset(const void* attributes, std::size_t size);
base::Result<void> landlock_add_path_rule(base::Fd ruleset, base::Fd path, uint64_t rights);
base::Result<void> landlock_restrict_self(base::Fd ruleset);

}  // namespace sandbox::sys
