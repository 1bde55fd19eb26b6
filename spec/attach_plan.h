// AttachPlan: the trees to serve, derived from an OCI bundle. Pure data; nothing was opened for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "spec/base/problem.h"
#include "spec/bundle.h"
#include "spec/gofer_options.h"

namespace spec {

// One tree that one worker serves.
struct AttachPoint {
  std::string where;        // JSON pointer of its origin: "/root" or "/mounts/3"
  std::string destination;  // where the container sees it: absolute and lexically clean
  std::string source;       // on the host: absolute, or relative to the working directory
  Access access = Access::kReadWrite;  // read-only covers all that is mounted in the tree, too
  bool recursive = false;              // serve what is mounted below the source, too
  Propagation propagation = Propagation::kPrivate;
  IdMap ids;  // empty: ids are served as they are
  GoferOptions options;
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
  bool read_only_root = false;   // whatever the spec says of the root
  bool read_only = false;        // whatever the spec says of every attach point
  bool panic_on_write = false;   // for every read-only attach point
  bool uds = false;              // for every attach point
  bool fifo = false;             // for every attach point
  unsigned channels = 0;         // for every attach point that does not say how many
  bool for_runsc = false;        // for a sandbox of its kind; see below
  bool strict = false;           // what is merely doubtful becomes an error instead of a note
  std::size_t max_mounts = 256;  // attach points allowed besides the root
};

// Which trees to serve and how. A mount is an attach point if its type is bind or its options ask
// for bind; every other one is passed over. Looks at texts only: that sources exist, what they are
// and where symlinks lead is for the launcher to find out.
// A sandbox of runsc's kind makes its mounts in the order of their length, so that a later one
// hides no earlier one; and the annotations dev.gvisor.flag.* are for the caller to honour. Errors
// carry ExitCode::kBadSpec and a JSON pointer; docs/bad-input.md lists them and what is doubtful.
base::Outcome<AttachPlan> make_attach_plan(const Bundle& bundle, const PlanOptions& options);

}  // namespace spec
