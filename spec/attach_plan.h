// AttachPlan: the trees to serve, derived from an OCI bundle. Pure data; nothing was opened for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "spec/base/problem.h"
#include "spec/bundle.h"
#include "spec/role.h"

namespace spec {

enum class Access : uint8_t { kReadOnly, kReadWrite };

constexpr Role worker_role(Access access) {
  return access == Access::kReadOnly ? Role::kReadOnly : Role::kReadWrite;
}

// What a worker does when a client tries to change a read-only tree: answer EROFS, or end.
enum class OnWrite : uint8_t { kRefuse, kPanic };

// Special files that a client may make with Tmknod. Device nodes are never made.
struct SpecialFiles {
  bool fifo = false;
  bool socket = false;
  friend bool operator==(const SpecialFiles&, const SpecialFiles&) = default;
};

// Extended attributes that a client sees and may change, by name space. docs/xattrs-and-locks.md
// says why most are off.
struct XattrNames {
  bool user = true;       // user.*
  bool acl = false;       // system.posix_acl_access and system.posix_acl_default
  bool security = false;  // security.*
  bool trusted = false;   // trusted.*
  friend bool operator==(const XattrNames&, const XattrNames&) = default;
};

// One tree that one worker serves.
struct AttachPoint {
  std::string where;        // JSON pointer of its origin: "/root" or "/mounts/3"
  std::string destination;  // where the container sees it: absolute and lexically clean
  std::string source;       // on the host: absolute, or relative to the working directory
  Access access = Access::kReadWrite;  // read-only covers all that is mounted in the tree, too
  OnWrite on_write = OnWrite::kRefuse;
  bool recursive = false;  // serve what is mounted below the source, too
  Propagation propagation = Propagation::kPrivate;
  IdMap ids;  // empty: ids are served as they are
  SpecialFiles special;
  XattrNames xattrs;
  bool locks = true;   // false: byte-range locks are not served
  bool donate = true;  // false: no descriptor goes to a client
};

// A mount that is the sandbox's own business (proc, sysfs, tmpfs ...): no worker, no descriptor.
struct PassedOver {
  std::string where;
  std::string destination;
  std::string type;
};

struct AttachPlan {
  std::vector<AttachPoint> attach_points;  // the root first, then the mounts in the spec's order
  std::vector<PassedOver> passed_over;
  // What the operator should know, one sentence each: "/mounts/3: ...". The bundle's come first.
  std::vector<std::string> notes;
};

struct PlanOptions {
  std::string bundle = ".";      // relative paths in the spec are relative to this directory
  bool panic_on_write = false;   // for every read-only attach point
  bool strict = false;           // what is merely doubtful becomes an error instead of a note
  std::size_t max_mounts = 256;  // attach points allowed besides the root
};

// Which trees to serve and how. A mount is an attach point if its type is bind or its options ask
// for bind; every other one is passed over. Looks at texts only: that sources exist, what they are
// and where symlinks lead is for the launcher to find out.
// Errors carry ExitCode::kBadSpec and a JSON pointer; docs/bad-input.md lists them and what is
// doubtful.
base::Outcome<AttachPlan> make_attach_plan(const Bundle& bundle, const PlanOptions& options);

}  // namespace spec
