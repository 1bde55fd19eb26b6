#include "cmd/served.h"

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

Outcome<void> locate(std::vector<Served>& all, sandbox::Missing missing) {
  std::vector<sandbox::MountPointRequest> requests;
  for (const Served& served : all)
    requests.push_back({.where = served.point.where,
                        .destination = served.point.destination,
                        .tree = served.tree.valid() ? served.tree : served.source.fd,
                        .is_directory = served.source.is_directory});
  auto locations = TRY(sandbox::resolve_mount_points(requests, missing));
  for (std::size_t i = 0; i < all.size(); ++i) all[i].location = std::move(locations[i]);
  return {};
}

}  // namespace

Outcome<Found> look(const Options& options, std::vector<spec::AttachPoint> points) {
  Found found = TRY(open_sources(options, std::move(points)));
  TRY(locate(found.served, sandbox::Missing::kReport));
  return found;
}

Outcome<Found> prepare(const Options& options, std::vector<spec::AttachPoint> points) {
  Found found = TRY(open_sources(options, std::move(points)));
  for (Served& served : found.served)
    served.tree =
        TRY(sandbox::clone_tree(served.source.fd, served.point.recursive, served.point.where));
  // While the trees can still be written to: a mount point may be missing in a read-only one.
  TRY(locate(found.served, sandbox::Missing::kCreate));
  for (Served& served : found.served)
    TRY(sandbox::seal_tree(served.tree, {.where = served.point.where,
                                         .access = served.point.access,
                                         .propagation = served.point.propagation,
                                         .recursive = served.point.recursive,
                                         .ids = &served.point.ids}));
  return found;
}

}  // namespace cmd
