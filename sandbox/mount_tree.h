// Mount tree: a detached clone of a source with the attributes of its attach point. It is seen by
// nobody until a worker moves it into its own mount namespace.
#pragma once

#include <string>
#include <string_view>

#include "spec/attach_plan.h"
#include "spec/base/fd.h"
#include "spec/base/problem.h"

namespace sandbox {

// Clones what is mounted at `source`, with everything mounted below it if `recursive`. The clone
// has the attributes of the original: seal_tree() comes before anybody is served from it.
// `source` was opened after enter_launcher_namespaces(). The clone is gone when its last descriptor
// is closed. Errors: EINVAL in a user namespace when mounts below the source are locked to it
// (row: "use rbind"), EPERM without CAP_SYS_ADMIN, ENOSYS before Linux 5.2.
base::Outcome<base::UniqueFd> clone_tree(base::Fd source, bool recursive, std::string_view where);

struct TreeOptions {
  std::string where;  // JSON pointer, for messages
  spec::Access access = spec::Access::kReadOnly;
  spec::Propagation propagation = spec::Propagation::kPrivate;
  bool recursive = false;  // ids are mapped on all mounts of the tree, not only on its top
  const spec::IdMap* ids = nullptr;  // null or empty: as they are
};

// Sets nosuid, nodev, noexec, nosymfollow, read-only by access and the propagation on every mount
// of the tree; then the id map. Needs Linux 5.14. Errors: EINVAL for a file system that cannot map
// ids, EPERM for an id map without privilege: a tree is never served unmapped instead.
base::Outcome<void> seal_tree(base::Fd tree, const TreeOptions& options);

// clone_tree() and seal_tree().
base::Outcome<base::UniqueFd> make_tree(base::Fd source, const TreeOptions& options);

// A user namespace that has `ids` as its maps and no process in it; for MOUNT_ATTR_IDMAP.
base::Outcome<base::UniqueFd> make_id_map(const spec::IdMap& ids, std::string_view where);

}  // namespace sandbox
