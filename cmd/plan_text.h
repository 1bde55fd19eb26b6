// The attach plan as people and as programs read it: --check, GOFER_MOUNTS and --mounts-fd.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "cmd/served.h"
#include "spec/attach_plan.h"
#include "spec/json.h"

namespace cmd {

// A table with a line per attach point, then what is passed over, then the notes.
std::string plan_table(const Found& found, const spec::AttachPlan& plan);

// The same as one JSON object.
spec::Json plan_json(const Found& found, const spec::AttachPlan& plan);

// The attach points of a `ready` event; `pids` corresponds to `served` by index.
spec::Json::Array ready_json(std::span<const Served> served, std::span<const pid_t> pids);

// GOFER_MOUNTS: `fds` corresponds to `served` by index.
std::string gofer_mounts(std::span<const Served> served, std::span<const int> fds);

// Options that a list of mounts gets besides those of the spec.
enum class Marks : uint8_t {
  kNone,
  kOverlayfs,  // overlayfs_stale_read where the source is on overlayfs, as runsc's sandbox expects
};

// --mounts-fd: the spec's own array with the destinations of attach points resolved.
std::string resolved_mounts(const spec::Json& raw_mounts, std::span<const Served> served,
                            Marks marks = Marks::kNone);

}  // namespace cmd
