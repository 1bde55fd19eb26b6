#include "spec/bundle.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "spec/json_field.h"
#include "spec/lexical_path.h"

namespace spec {
namespace {

using base::Outcome;

// The minor version of the OCI text that this program was written for.
constexpr uint32_t kKnownMinor = 3;

// More the kernel does not take (man 7 user_namespaces).
constexpr std::size_t kMaxIdRanges = 340;

// Takes a number of SemVer (no sign, no leading zero) from the start of `text`.
std::optional<uint32_t> take_number(std::string_view& text) {
  uint32_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  auto length = static_cast<std::size_t>(end - text.data());
  if (error != std::errc() || (length > 1 && text[0] == '0')) return std::nullopt;
  text.remove_prefix(length);
  return number;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

bool is_version_suffix(std::string_view text) {
  if (text.empty()) return true;
  if (text[0] != '-' && text[0] != '+') return false;
  constexpr std::string_view kAllowed =
      "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-+";
  return text.size() > 1 && text.find_first_not_of(kAllowed) == std::string_view::npos;
}

struct Version {
  uint32_t major = 0;
  uint32_t minor = 0;
};

// MAJOR.MINOR.PATCH with an optional "-pre" or "+build".
std::optional<Version> parse_version(std::string_view text) {
  auto major = take_number(text);
  if (!major || !take(text, '.')) return std::nullopt;
  auto minor = take_number(text);
  if (!minor || !take(text, '.')) return std::nullopt;
  if (!take_number(text) || !is_version_suffix(text)) return std::nullopt;
  return Version{*major, *minor};
}

Outcome<std::string> parse_oci_version(const Field& field, std::vector<std::string>& notes) {
  std::string text = TRY(field.string());
  auto version = parse_version(text);
  if (!version) return field.refuse(quote(text), "expected a version such as 1.0.2");
  if (version->major != 1)
    return field.refuse("version " + quote(text), "expected a version 1 of the OCI runtime spec");
  if (version->minor > kKnownMinor)
    notes.push_back(field.where() + ": version " + text + " is newer than 1." +
                    std::to_string(kKnownMinor) + "; what it added is not honoured");
  return text;
}

Outcome<std::string> string_or_empty(const Field& field) {
  return field.present() ? field.string() : std::string();
}

Outcome<std::string> path_or_empty(const Field& field) {
  return field.present() ? field.path() : std::string();
}

Outcome<std::string> required_path(const Field& field) {
  std::string path = TRY(field.path());
  if (path.empty()) return field.refuse("an empty string", "expected a path");
  return path;
}

Outcome<Root> parse_root(const Field& field) {
  TRY(field.expect_object());
  Root root{.path = TRY(required_path(field["path"]))};
  if (field["readonly"].present()) root.readonly = TRY(field["readonly"].boolean());
  return root;
}

// One past the last id. The highest id of all is no id (it is -1), so a range ends before it.
uint64_t end_of(uint32_t first, uint32_t size) {
  return uint64_t{first} + size;
}

Outcome<IdRange> parse_id_range(const Field& field) {
  TRY(field.expect_object());
  IdRange range{.container = TRY(field["containerID"].uint32()),
                .host = TRY(field["hostID"].uint32()),
                .size = TRY(field["size"].uint32())};
  if (range.size == 0) return field["size"].refuse("the integer 0", "expected 1 or more");
  if (end_of(range.container, range.size) > std::numeric_limits<uint32_t>::max())
    return field.refuse("containerID plus size is beyond the last id",
                        "expected at most 4294967295");
  if (end_of(range.host, range.size) > std::numeric_limits<uint32_t>::max())
    return field.refuse("hostID plus size is beyond the last id", "expected at most 4294967295");
  return range;
}

// Fails if two ranges share an id on the side that `side` names: containerID or hostID.
Outcome<void> check_apart(const Field& field, std::vector<IdRange> ranges, uint32_t IdRange::* side,
                          std::string_view name) {
  std::ranges::sort(ranges, {}, side);
  auto shares = [side](const IdRange& a, const IdRange& b) {
    return end_of(a.*side, a.size) > b.*side;
  };
  auto found = std::ranges::adjacent_find(ranges, shares);
  if (found == ranges.end()) return {};
  return field.refuse("the ranges from " + std::string(name) + " " + std::to_string(*found.*side) +
                          " and " + std::to_string(*std::next(found).*side) + " overlap",
                      "expected every id once");
}

Outcome<std::vector<IdRange>> parse_id_ranges(const Field& field) {
  std::vector<IdRange> ranges;
  if (!field.present()) return ranges;
  auto elements = TRY(field.elements());
  if (elements.size() > kMaxIdRanges)
    return field.refuse(std::to_string(elements.size()) + " ranges",
                        "expected at most " + std::to_string(kMaxIdRanges));
  for (const Field& element : elements) ranges.push_back(TRY(parse_id_range(element)));
  TRY(check_apart(field, ranges, &IdRange::container, "containerID"));
  TRY(check_apart(field, ranges, &IdRange::host, "hostID"));
  return ranges;
}

Outcome<IdMap> parse_id_map(const Field& owner) {
  Field uids = owner["uidMappings"];
  Field gids = owner["gidMappings"];
  IdMap ids{.uids = TRY(parse_id_ranges(uids)), .gids = TRY(parse_id_ranges(gids))};
  constexpr std::string_view kBoth = "expected both uidMappings and gidMappings, or neither";
  if (ids.uids.empty() && !ids.gids.empty())
    return uids.refuse("no mapping, while gidMappings has one", std::string(kBoth));
  if (ids.gids.empty() && !ids.uids.empty())
    return gids.refuse("no mapping, while uidMappings has one", std::string(kBoth));
  return ids;
}

Outcome<Mount> parse_mount(const Field& field) {
  TRY(field.expect_object());
  Mount mount{.destination = TRY(required_path(field["destination"])),
              .type = TRY(string_or_empty(field["type"])),
              .source = TRY(path_or_empty(field["source"]))};
  if (field["options"].present())
    for (const Field& option : TRY(field["options"].elements()))
      mount.options.push_back(TRY(option.string()));
  mount.ids = TRY(parse_id_map(field));
  return mount;
}

Outcome<Propagation> parse_rootfs_propagation(const Field& field) {
  std::string word = TRY(field.string());
  if (word == "private" || word == "rprivate") return Propagation::kPrivate;
  if (word == "slave" || word == "rslave") return Propagation::kSlave;
  if (word == "unbindable" || word == "runbindable") return Propagation::kUnbindable;
  constexpr std::string_view kExpected = "expected private, slave or unbindable";
  if (word == "shared" || word == "rshared")
    return field.refuse(quote(word) + " is refused: mounts would reach the host",
                        std::string(kExpected));
  return field.refuse(quote(word), std::string(kExpected));
}

enum class UserNamespace : uint8_t { kNone, kNew, kJoined };

Outcome<UserNamespace> parse_user_namespace(const Field& namespaces) {
  auto found = UserNamespace::kNone;
  if (!namespaces.present()) return found;
  for (const Field& entry : TRY(namespaces.elements())) {
    TRY(entry.expect_object());
    if (TRY(entry["type"].string()) != "user") continue;
    found =
        TRY(path_or_empty(entry["path"])).empty() ? UserNamespace::kNew : UserNamespace::kJoined;
  }
  return found;
}

Outcome<void> parse_linux(const Field& field, Bundle& bundle) {
  TRY(field.expect_object());
  if (field["rootfsPropagation"].present())
    bundle.rootfs_propagation = TRY(parse_rootfs_propagation(field["rootfsPropagation"]));
  auto user = TRY(parse_user_namespace(field["namespaces"]));
  bundle.user_namespace = user != UserNamespace::kNone;
  bundle.ids = TRY(parse_id_map(field));
  if (user == UserNamespace::kNew && bundle.ids.empty())
    return field["uidMappings"].refuse("missing, while the bundle asks for a user namespace",
                                       "expected uidMappings and gidMappings");
  if (user == UserNamespace::kJoined)
    bundle.notes.push_back(field.where() + "/namespaces: a user namespace given by its path is " +
                           "not joined");
  if (user == UserNamespace::kNone && !bundle.ids.empty())
    bundle.notes.push_back(field.where() +
                           ": uidMappings and gidMappings have no effect without a user namespace");
  return {};
}

Outcome<void> parse_annotations(const Field& field, Bundle& bundle) {
  for (const auto& [key, value] : *TRY(field.object())) {
    const auto* text = value.as<std::string>();
    if (text == nullptr) return base::failure(field[key].string().error());
    bundle.annotations.emplace(key, *text);
  }
  return {};
}

Outcome<void> parse_mounts(const Field& field, Bundle& bundle) {
  for (const Field& element : TRY(field.elements()))
    bundle.mounts.push_back(TRY(parse_mount(element)));
  bundle.raw_mounts = *field.json();
  return {};
}

// What stands there is the sandbox's to judge: only its directory may be made here.
std::string cwd_of(const Field& process) {
  auto cwd = process["cwd"].present() ? process["cwd"].path() : std::string();
  return cwd && length_error(*cwd).empty() ? *std::move(cwd) : std::string();
}

// Likewise. man 5 proc: from -1000 to 1000.
std::optional<int> oom_score_adj_of(const Field& process) {
  const Json* value = process["oomScoreAdj"].json();
  if (value == nullptr) return std::nullopt;
  if (const auto* number = value->as<uint64_t>(); number != nullptr && *number <= 1000)
    return static_cast<int>(*number);
  if (const auto* number = value->as<int64_t>();
      number != nullptr && -1000 <= *number && *number <= 1000)
    return static_cast<int>(*number);
  return std::nullopt;
}

Outcome<void> refuse_other_platforms(const Field& top) {
  for (std::string_view section : {"windows", "solaris", "vm", "zos"})
    if (top[section].present())
      return top[section].refuse("a section of another platform",
                                 "expected a bundle for Linux without it");
  return {};
}

}  // namespace

Outcome<Bundle> parse_bundle(std::string_view text, std::string_view name) {
  Json json = TRY(parse_json(text, "spec", name));
  Field top(json, "spec", name);
  TRY(top.expect_object());
  TRY(refuse_other_platforms(top));
  Bundle bundle;
  bundle.oci_version = TRY(parse_oci_version(top["ociVersion"], bundle.notes));
  bundle.root = TRY(parse_root(top["root"]));
  bundle.raw_mounts = Json(Json::Array{});
  if (top["mounts"].present()) TRY(parse_mounts(top["mounts"], bundle));
  if (top["linux"].present()) TRY(parse_linux(top["linux"], bundle));
  bundle.cwd = cwd_of(top["process"]);
  bundle.oom_score_adj = oom_score_adj_of(top["process"]);
  if (top["annotations"].present()) TRY(parse_annotations(top["annotations"], bundle));
  return bundle;
}

}  // namespace spec
