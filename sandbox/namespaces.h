// Namespaces of the launcher, which its workers share: user, mount, network, IPC, UTS, cgroup, pid.
#pragma once

#include <cstdint>

#include "sandbox/skips.h"
#include "spec/base/fd.h"
#include "spec/base/problem.h"

namespace sandbox {

// True if this process has CAP_SYS_ADMIN in its user namespace.
bool is_privileged();

// Step 1. Moves an unprivileged process into a user namespace of its own, in which it has every
// capability over what it makes there. Its user and group id are mapped to themselves and are the
// only ones that exist in there; supplementary groups can no longer be dropped (setgroups is
// denied, as the kernel demands). Does nothing, and returns false, if is_privileged().
// The process has one thread. Errors: EPERM where the host forbids user namespaces.
base::Outcome<bool> enter_user_namespace();

// Whether one user id exists in this process's user namespace, as enter_user_namespace() makes
// them: files cannot be given to anybody else then. Needs /proc.
base::Outcome<bool> has_single_id();

// Whether this is the host's own user namespace, whose capabilities alone count for trusted.*
// attributes and the like. Needs /proc.
base::Outcome<bool> in_initial_user_namespace();

// In a user namespace that somebody else made and is about to give its id maps: waits until
// `written` ends (end of file), then becomes user and group 0 of it. Closes `written`.
// Errors: what is read before the end, EINVAL for maps without id 0.
base::Outcome<void> become_root_when_mapped(base::UniqueFd written);

// Whether this process is pid 1 of a pid namespace: a runtime made namespaces for it.
bool is_in_pid_namespace_of_its_own();

// Where the namespaces come from of which one is as good as another: network, IPC and UTS.
enum class Given : uint8_t { kNothing, kByRuntime };

// Step 2. Moves this process into mount, network, IPC, UTS and cgroup namespaces of its own (the
// first and the last only, if the runtime has given it the others) and makes every mount in the
// first a slave of the host's, so that none of ours is seen there.
// Descriptors of mounts opened before this are not in the namespace any more: open sources after.
base::Outcome<void> enter_launcher_namespaces(Skips skips, Given given = Given::kNothing);

// Step 4. The children forked after this are in a new pid namespace; the first is its pid 1, and
// when that one ends the kernel kills all others. The caller itself stays where it is.
base::Outcome<void> unshare_pid_namespace();

// A pidfd of the calling process, to be taken before forking: see die_with().
base::Outcome<base::UniqueFd> open_own_pidfd();

// In a child: the kernel kills it when its parent ends (PR_SET_PDEATHSIG). `parent` is the pidfd
// from open_own_pidfd(); it closes the race with a parent that is gone already.
base::Outcome<void> die_with(base::Fd parent);

}  // namespace sandbox
