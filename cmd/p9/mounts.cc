#include "cmd/p9/mounts.h"

#include <limits>
#include <utility>

#include "spec/json.h"

namespace p9client {
namespace {

using base::Outcome;
using spec::Json;

std::unexpected<base::Problem> refuse(std::string what) {
  return base::failure(base::Problem{.exit = base::ExitCode::kUsage,
                                     .step = "p9",
                                     .where = "GOFER_MOUNTS",
                                     .what = std::move(what)});
}

Outcome<Mount> parse_mount(const Json& entry) {
  const Json* fd = entry.find("fd");
  const Json* destination = entry.find("destination");
  const Json* read_only = entry.find("readonly");
  const auto* number = fd != nullptr ? fd->as<uint64_t>() : nullptr;
  const auto* text = destination != nullptr ? destination->as<std::string>() : nullptr;
  const auto* flag = read_only != nullptr ? read_only->as<bool>() : nullptr;
  if (number == nullptr || *number > std::numeric_limits<int>::max())
    return refuse("an entry without a descriptor number in \"fd\"");
  if (text == nullptr || !text->starts_with('/'))
    return refuse("an entry without an absolute path in \"destination\"");
  if (flag == nullptr) return refuse("an entry without true or false in \"readonly\"");
  return Mount{base::Fd(static_cast<int>(*number)), clean_path(*text), *flag};
}

}  // namespace

Outcome<std::vector<Mount>> parse_mounts(std::string_view text) {
  Outcome<Json> json = spec::parse_json(text, "p9", "GOFER_MOUNTS");
  if (!json) {
    json.error().exit = base::ExitCode::kUsage;
    return base::failure(json.error());
  }
  const auto* entries = json->as<Json::Array>();
  if (entries == nullptr) return refuse("expected an array");
  std::vector<Mount> mounts;
  for (const Json& entry : *entries) mounts.push_back(TRY(parse_mount(entry)));
  if (mounts.empty()) return refuse("no attach points in it");
  return mounts;
}

std::string clean_path(std::string_view path) {
  std::string clean;
  while (!path.empty()) {
    std::size_t end = path.find('/');
    std::string_view component = path.substr(0, end);
    path = end == path.npos ? std::string_view() : path.substr(end + 1);
    if (component.empty() || component == ".") continue;
    if (component == "..")
      clean.resize(clean.empty() ? 0 : clean.rfind('/'));
    else
      clean.append("/").append(component);
  }
  return clean.empty() ? "/" : clean;
}

bool is_within(std::string_view path, std::string_view top) {
  if (top == "/" || path == top) return true;
  return path.starts_with(top) && path[top.size()] == '/';
}

const Mount* mount_of(const std::vector<Mount>& mounts, std::string_view path) {
  const Mount* best = nullptr;
  for (const Mount& mount : mounts) {
    if (!is_within(path, mount.destination)) continue;
    if (best == nullptr || mount.destination.size() >= best->destination.size()) best = &mount;
  }
  return best;
}

std::string_view below(std::string_view path, std::string_view destination) {
  path.remove_prefix(destination == "/" ? 1 : destination.size());
  if (path.starts_with('/')) path.remove_prefix(1);
  return path;
}

}  // namespace p9client
