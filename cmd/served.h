// Served: an attach point together with what was found for it on this host.
#pragma once

#include <string>
#include <vector>

#include "cmd/options.h"
#include "sandbox/mount_points.h"
#include "sandbox/source.h"
#include "spec/attach_plan.h"
#include "spec/base/fd.h"
#include "spec/base/problem.h"

namespace cmd {

struct Served {
  spec::AttachPoint point;
  sandbox::Source source;
  base::UniqueFd tree;           // the detached, sealed clone; empty with --check
  sandbox::MountPoint location;  // where the container sees it
  bool panics() const { return point.options.on_write == spec::OnWrite::kPanic; }
  bool read_only() const { return point.access == spec::Access::kReadOnly; }
};

struct Found {
  std::vector<Served> served;      // in the plan's order
  std::vector<std::string> notes;  // what the operator should know
};

// Opens every source and resolves every destination without changing anything: --check.
base::Outcome<Found> look(const Options& options, std::vector<spec::AttachPoint> points);

// The same for serving: trees are cloned, missing mount points made, and then the trees are sealed
// with their attributes. After enter_launcher_namespaces(). In the place of runsc's gofer mount
// points have the modes that its users know, and `cwd` is made, too, if it is missing.
base::Outcome<Found> prepare(const Options& options, std::vector<spec::AttachPoint> points,
                             const std::string& cwd);

}  // namespace cmd
