#include "spec/lexical_path.h"

#include <algorithm>
#include <climits>
#include <vector>

namespace spec {
namespace {

// The components that name something: neither empty nor ".".
std::vector<std::string_view> components(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    std::string_view part = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(part.size() + 1, path.size()));
    if (!part.empty() && part != ".") parts.push_back(part);
  }
  return parts;
}

}  // namespace

bool has_dot_dot(std::string_view path) {
  auto parts = components(path);
  return std::ranges::find(parts, "..") != parts.end();
}

bool climbs_out(std::string_view path) {
  if (path.starts_with('/')) return true;
  std::size_t depth = 0;
  for (std::string_view part : components(path)) {
    if (part != "..")
      ++depth;
    else if (depth-- == 0)
      return true;
  }
  return false;
}

std::string clean(std::string_view path) {
  bool absolute = path.starts_with('/');
  std::vector<std::string_view> kept;
  for (std::string_view part : components(path)) {
    bool can_go_back = !kept.empty() && kept.back() != "..";
    if (part == ".." && can_go_back)
      kept.pop_back();
    else if (part != ".." || !absolute)
      kept.push_back(part);
  }
  std::string result(absolute ? "/" : "");
  for (std::string_view part : kept) {
    if (!result.empty() && result != "/") result += '/';
    result += part;
  }
  return result.empty() ? "." : result;
}

std::string join(std::string_view directory, std::string_view path) {
  if (path.starts_with('/') || directory.empty() || directory == ".") return std::string(path);
  std::string joined(directory);
  if (!joined.ends_with('/')) joined += '/';
  return joined += path;
}

bool is_within(std::string_view inner, std::string_view outer) {
  if (outer == "/") return inner.starts_with('/');
  if (outer == ".") return !climbs_out(inner);
  return inner.starts_with(outer) && (inner.size() == outer.size() || inner[outer.size()] == '/');
}

std::string length_error(std::string_view path) {
  if (path.size() >= PATH_MAX)
    return "a path of " + std::to_string(path.size()) + " bytes; the longest has " +
           std::to_string(PATH_MAX - 1);
  for (std::string_view part : components(path))
    if (part.size() > NAME_MAX)
      return "a path component of " + std::to_string(part.size()) + " bytes; the longest has " +
             std::to_string(NAME_MAX);
  return {};
}

}  // namespace spec
