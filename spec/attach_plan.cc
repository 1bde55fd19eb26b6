#include "spec/attach_plan.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

#include "spec/findings.h"
#include "spec/json.h"
#include "spec/lexical_path.h"
#include "spec/mount_options.h"

namespace spec {
namespace {

using base::failure;
using base::Outcome;

std::string pointer_to_mount(std::size_t index) {
  return "/mounts/" + std::to_string(index);
}

bool is_bind(const Mount& mount) {
  return mount.type == "bind" || ask_for_bind(mount.options);
}

std::string_view name_of(Access access) {
  return access == Access::kReadOnly ? "read-only" : "read-write";
}

// `path` of the spec as the host sees it.
Outcome<std::string> host_path(std::string_view path, std::string_view where,
                               const PlanOptions& options) {
  std::string joined = join(options.bundle, path);
  if (auto error = length_error(joined); !error.empty())
    return failure(bad_spec(where, std::move(error), "expected a path the kernel takes"));
  return joined;
}

Outcome<std::string> root_source(const Root& root, const PlanOptions& options, Findings& findings) {
  constexpr std::string_view kWhere = "/root/path";
  if (!has_dot_dot(root.path)) return host_path(root.path, kWhere, options);
  if (climbs_out(root.path))
    return failure(bad_spec(kWhere, quote(root.path) + " has .. in it",
                            "expected a path without .. or one that stays in the bundle"));
  std::string cleaned = clean(root.path);
  TRY(findings.doubt(kWhere, quote(root.path) + " has .. in it; taken for " + quote(cleaned),
                     "expected a path without .."));
  return host_path(cleaned, kWhere, options);
}

// What the words of this program mean in a way that the operator may not expect.
void note_own_words(const MountOptions& words, std::string_view where, Findings& findings) {
  bool writable = words.access == Access::kReadWrite;
  if (!writable && words.own.special != SpecialFiles{})
    findings.note(where, "x-gofer.mknod has no effect on a read-only attach point");
  if (words.own.xattrs.security && writable)
    findings.note(where,
                  "x-gofer.xattr=security: the worker keeps CAP_SETFCAP, and its client can "
                  "make files of the host privileged");
  if (words.own.xattrs.trusted)
    findings.note(where, "x-gofer.xattr=trusted: the worker keeps CAP_SYS_ADMIN");
}

Outcome<AttachPoint> plan_root(const Bundle& bundle, const PlanOptions& options,
                               Findings& findings) {
  Access access = bundle.root.readonly ? Access::kReadOnly : Access::kReadWrite;
  auto annotation = bundle.annotations.find(std::string(kRootOptionsAnnotation));
  bool annotated = annotation != bundle.annotations.end();
  auto words = TRY(parse_root_options(annotated ? annotation->second : "", access));
  note_own_words(words, "/annotations/" + std::string(kRootOptionsAnnotation), findings);
  return AttachPoint{.where = "/root",
                     .destination = "/",
                     .source = TRY(root_source(bundle.root, options, findings)),
                     .access = access,
                     .recursive = true,
                     .propagation = bundle.rootfs_propagation.value_or(Propagation::kPrivate),
                     .ids = {},
                     .options = words.own};
}

Outcome<std::string> plan_destination(const std::string& raw, std::string_view mount,
                                      Findings& findings) {
  std::string where = std::string(mount) + "/destination";
  if (has_dot_dot(raw))
    return failure(bad_spec(where, quote(raw) + " has .. in it", "expected a path without .."));
  if (auto error = length_error(raw); !error.empty())
    return failure(bad_spec(where, std::move(error), "expected a path the kernel takes"));
  if (!raw.starts_with('/'))
    TRY(findings.doubt(where, quote(raw) + " is relative, which is deprecated; taken from /",
                       "expected an absolute path"));
  std::string destination = clean("/" + raw);
  if (destination == "/")
    return failure(bad_spec(where, quote(raw) + " would hide the root file system",
                            "expected a place below /"));
  return destination;
}

// Which ids the tree of `mount` is mapped with. Never none when the spec wants a mapping.
Outcome<IdMap> plan_ids(const Mount& mount, bool id_mapped, std::string_view where,
                        const Bundle& bundle, Findings& findings) {
  if (!mount.ids.empty() && !id_mapped)
    findings.note(where, "uidMappings and gidMappings without the option idmap; applied");
  if (!mount.ids.empty() || !id_mapped) return mount.ids;
  if (bundle.user_namespace && !bundle.ids.empty()) return bundle.ids;
  return failure(bad_spec(std::string(where) + "/options", "idmap without mappings",
                          "expected uidMappings and gidMappings of the mount, or of a user "
                          "namespace in linux"));
}

Outcome<AttachPoint> plan_mount(const Bundle& bundle, std::size_t index, const PlanOptions& options,
                                Findings& findings) {
  const Mount& mount = bundle.mounts[index];
  std::string where = pointer_to_mount(index);
  std::string destination = TRY(plan_destination(mount.destination, where, findings));
  if (mount.source.empty())
    return failure(bad_spec(where + "/source", "a bind mount without a source",
                            "expected the path of a directory or a file"));
  if (!ask_for_bind(mount.options))
    findings.note(where, "type bind without the option bind or rbind; taken for bind");
  auto words = TRY(parse_mount_options(mount.options, where + "/options", findings));
  note_own_words(words, where + "/options", findings);
  IdMap ids = TRY(plan_ids(mount, words.id_mapped, where, bundle, findings));
  return AttachPoint{.where = where,
                     .destination = std::move(destination),
                     .source = TRY(host_path(mount.source, where + "/source", options)),
                     .access = words.access,
                     .recursive = words.recursive,
                     .propagation = words.propagation.value_or(Propagation::kPrivate),
                     .ids = std::move(ids),
                     .options = words.own};
}

Outcome<PassedOver> pass_over(const Mount& mount, std::size_t index, Findings& findings) {
  std::string where = pointer_to_mount(index);
  if (are_for_gofer(mount.options))
    return failure(bad_spec(where + "/options",
                            "an x-gofer option on a mount that gofer does not serve",
                            "expected it on a bind mount"));
  return PassedOver{.where = where,
                    .destination = TRY(plan_destination(mount.destination, where, findings)),
                    .type = mount.type};
}

// Where a mount of the spec goes, whoever makes it.
struct Place {
  std::size_t index = 0;
  std::string where;
  std::string destination;
  bool served = false;
};

// What mounting `later` after `earlier` does to it, if that is worth a word.
Outcome<void> compare_places(const Place& earlier, const Place& later, const PlanOptions& options,
                             Findings& findings) {
  std::string what = "the destination " + quote(later.destination);
  if (earlier.destination == later.destination)
    return findings.doubt(
        later.where, what + " is that of " + earlier.where + ", too; clients see the later one",
        "expected different destinations");
  if (options.for_runsc) return {};
  findings.note(later.where, what + " hides " + earlier.where + " at " +
                                 quote(earlier.destination) + ", which is listed before it");
  return {};
}

// Tells of places that a later mount hides, once for each. What only mounts that are passed over
// do to each other is the sandbox's business; leaving them out also bounds the work.
Outcome<void> check_places(const std::vector<Place>& all, const PlanOptions& options,
                           Findings& findings) {
  std::vector<Place> served;
  std::ranges::copy_if(all, std::back_inserter(served), &Place::served);
  for (const Place& place : all) {
    const auto& candidates = place.served ? all : served;
    auto hides = [&place](const Place& later) {
      return later.index > place.index && is_within(place.destination, later.destination);
    };
    auto later = std::ranges::find_if(candidates, hides);
    if (later != candidates.end()) TRY(compare_places(place, *later, options, findings));
  }
  return {};
}

// A note if two attach points serve the same files in ways that their clients may not expect.
void compare_sources(const AttachPoint& a, const std::string& source_a, const AttachPoint& b,
                     const std::string& source_b, Findings& findings) {
  bool same_access = a.access == b.access;
  if (same_access && a.where != "/root") return;
  if (!is_within(source_a, source_b) && !is_within(source_b, source_a)) return;
  std::string what = "the source " + quote(b.source) + " overlaps that of " + a.where + ", " +
                     quote(a.source) + ": ";
  if (same_access)
    what += "the same files are served by two workers";
  else
    what += "what is " + std::string(name_of(b.access)) + " here is " +
            std::string(name_of(a.access)) + " there, so read-only is only a view";
  findings.note(b.where, what);
}

void check_sources(const std::vector<AttachPoint>& attach_points, Findings& findings) {
  std::vector<std::string> sources;
  sources.reserve(attach_points.size());
  for (const AttachPoint& point : attach_points) sources.push_back(clean(point.source));
  for (std::size_t i = 0; i < attach_points.size(); ++i)
    for (std::size_t j = i + 1; j < attach_points.size(); ++j)
      compare_sources(attach_points[i], sources[i], attach_points[j], sources[j], findings);
}

Outcome<void> check_count(const Bundle& bundle, const PlanOptions& options) {
  auto count = static_cast<std::size_t>(std::ranges::count_if(bundle.mounts, is_bind));
  if (count <= options.max_mounts) return {};
  return failure(bad_spec("/mounts", std::to_string(count) + " bind mounts",
                          "expected at most " + std::to_string(options.max_mounts) +
                              " (--max-mounts): each is served by a process of its own"));
}

void note_annotations(const Bundle& bundle, const PlanOptions& options, Findings& findings) {
  std::size_t foreign = 0;
  for (const auto& [key, value] : bundle.annotations) {
    if (key.starts_with("dev.gvisor.flag.") && !options.for_runsc) ++foreign;
    if (key.starts_with("org.gofer.") && key != kRootOptionsAnnotation)
      findings.note("/annotations/" + pointer_token(key), "not known here and passed over");
  }
  if (foreign > 0)
    findings.note("/annotations", std::to_string(foreign) +
                                      " of dev.gvisor.flag.* not honoured: a spec can't change "
                                      "how it is confined");
}

// Puts the mount where it belongs in `plan`.
Outcome<Place> add_mount(const Bundle& bundle, std::size_t index, const PlanOptions& options,
                         AttachPlan& plan, Findings& findings) {
  const Mount& mount = bundle.mounts[index];
  if (is_bind(mount)) {
    auto point = TRY(plan_mount(bundle, index, options, findings));
    const auto& added = plan.attach_points.emplace_back(std::move(point));
    return Place{index, added.where, added.destination, true};
  }
  auto passed = TRY(pass_over(mount, index, findings));
  const auto& added = plan.passed_over.emplace_back(std::move(passed));
  return Place{index, added.where, added.destination, false};
}

// What is asked for on every attach point adds to what its own words say.
void apply_to_all(const PlanOptions& options, AttachPoint& point) {
  if (options.read_only || (options.read_only_root && point.where == "/root"))
    point.access = Access::kReadOnly;
  if (options.panic_on_write && point.access == Access::kReadOnly)
    point.options.on_write = OnWrite::kPanic;
  point.options.uds |= options.uds;
  point.options.fifo |= options.fifo;
  if (point.options.channels == 0) point.options.channels = options.channels;
}

// What the words and the command line say together in a way that the operator may not expect.
void note_contradictions(const AttachPoint& point, Findings& findings) {
  if (point.options.donate) return;
  for (auto [asked, word] : {std::pair(point.options.uds, "sockets (uds)"),
                             std::pair(point.options.fifo, "FIFOs (fifo)")})
    if (asked)
      findings.note(point.where, std::string(word) +
                                     " have no effect with x-gofer.donate=off: "
                                     "clients use them by descriptor only");
}

}  // namespace

Outcome<AttachPlan> make_attach_plan(const Bundle& bundle, const PlanOptions& options) {
  TRY(check_count(bundle, options));
  AttachPlan plan;
  plan.notes = bundle.notes;
  Findings findings(options.strict ? Doubts::kAreErrors : Doubts::kAreNotes, plan.notes);
  plan.attach_points.push_back(TRY(plan_root(bundle, options, findings)));
  std::vector<Place> places;
  for (std::size_t i = 0; i < bundle.mounts.size(); ++i)
    places.push_back(TRY(add_mount(bundle, i, options, plan, findings)));
  for (AttachPoint& point : plan.attach_points) {
    apply_to_all(options, point);
    note_contradictions(point, findings);
  }

  TRY(check_places(places, options, findings));
  check_sources(plan.attach_points, findings);
  note_annotations(bundle, options, findings);
  return plan;
}

}  // namespace spec
