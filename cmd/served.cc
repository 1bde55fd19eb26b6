#include "cmd/served.h"

#include <algorithm>
#include <numeric>
#include <span>
#include <utility>

#include "sandbox/mount_tree.h"

namespace cmd {
namespace {

using base::Outcome;

Outcome<Found> open_sources(const Options& options, std::vector<spec::AttachPoint> points) {
  Found found;
  std::vector<sandbox::Source> sources;
  for (const spec::AttachPoint& point : points) {
    sources.push_back(TRY(sandbox::open_source(
        point, {.strict = options.strict, .allow_kernel_fs = options.allow_kernel_fs})));
    for (const std::string& note : sources.back().notes)
      found.notes.push_back(point.where + ": " + note);
  }
  for (std::string& note : sandbox::overlap_notes(sources, points))
    found.notes.push_back(std::move(note));
  for (std::size_t i = 0; i < points.size(); ++i)
    found.served.push_back({.point = std::move(points[i]), .source = std::move(sources[i])});
  return found;
}

// Indices in the order in which the container makes its mounts: the spec's. The sandbox of runsc
// sorts them by length, so that one listed before the one that it lies in is not hidden by it.
std::vector<std::size_t> mount_order(const std::vector<Served>& all, bool by_length) {
  std::vector<std::size_t> order(all.size());
  std::iota(order.begin(), order.end(), 0);
  auto length = [&all](std::size_t i) { return std::pair(all[i].point.destination.size(), i); };
  if (by_length) std::ranges::sort(order.begin() + 1, order.end(), {}, length);
  return order;
}

struct Locations {
  std::vector<std::size_t> order;  // of the other two, as indices of attach points
  std::vector<sandbox::MountPointRequest> requests;
  std::vector<sandbox::MountPoint> points;
};

// Under the umask of the runtime, as its own gofer makes them.
mode_t mode_of_runsc(const RunscStart& runsc, mode_t mode) {
  return mode & ~runsc.umask;
}

Outcome<Locations> locate(std::vector<Served>& all, sandbox::Missing missing,
                          const Options& options) {
  Locations found{
      .order = mount_order(all, options.runsc.has_value()), .requests = {}, .points = {}};
  for (std::size_t i : found.order)
    found.requests.push_back({.where = all[i].point.where,
                              .destination = all[i].point.destination,
                              .tree = all[i].tree.valid() ? all[i].tree : all[i].source.fd,
                              .is_directory = all[i].source.is_directory});
  sandbox::NewModes modes;
  if (options.runsc) modes.directory = modes.file = mode_of_runsc(*options.runsc, 0777);
  found.points = TRY(sandbox::resolve_mount_points(found.requests, missing, modes));
  for (std::size_t i = 0; i < all.size(); ++i) all[found.order[i]].location = found.points[i];
  return found;
}

// Nothing of what is served depends on it, and the sandbox has the last word: never an error.
void make_cwd(const std::string& cwd, const RunscStart& runsc, const Locations& locations,
              Found& found) {
  if (cwd.empty()) return;
  auto made = sandbox::make_directory(locations.requests, locations.points, cwd, "/process/cwd",
                                      mode_of_runsc(runsc, 0755));
  if (!made) found.notes.push_back(to_line(made.error()));
}

}  // namespace

Outcome<Found> look(const Options& options, std::vector<spec::AttachPoint> points) {
  Found found = TRY(open_sources(options, std::move(points)));
  TRY(locate(found.served, sandbox::Missing::kReport, options));
  return found;
}

Outcome<Found> prepare(const Options& options, std::vector<spec::AttachPoint> points,
                       const std::string& cwd) {
  Found found = TRY(open_sources(options, std::move(points)));
  for (Served& served : found.served)
    served.tree =
        TRY(sandbox::clone_tree(served.source.fd, served.point.recursive, served.point.where));
  // While the trees can still be written to: a mount point may be missing in a read-only one.
  Locations locations = TRY(locate(found.served, sandbox::Missing::kCreate, options));
  if (options.runsc) make_cwd(cwd, *options.runsc, locations, found);
  for (Served& served : found.served)
    TRY(sandbox::seal_tree(served.tree, {.where = served.point.where,
                                         .access = served.point.access,
                                         .propagation = served.point.propagation,
                                         .recursive = served.point.recursive,
                                         .ids = &served.point.ids}));
  return found;
}

}  // namespace cmd
