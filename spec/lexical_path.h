// What can be said of a path by its text alone. Symlinks are invisible here: nothing is resolved.
#pragma once

#include <string>
#include <string_view>

namespace spec {

// A component is "..".
bool has_dot_dot(std::string_view path);

// Following `path` from a directory leaves that directory at some point: "../x", "a/../../b".
// An absolute path does.
bool climbs_out(std::string_view path);

// `path` without empty components and ".", each ".." taken back with the component before it.
// "/" and "." stand for nothing left. Clamped at the root if absolute.
std::string clean(std::string_view path);

// `path` seen from `directory`: itself if absolute.
std::string join(std::string_view directory, std::string_view path);

// Clean paths: `inner` is `outer` or below it.
bool is_within(std::string_view inner, std::string_view outer);

// What is wrong with the length of `path` (man 7 path_resolution: PATH_MAX, NAME_MAX), or empty.
std::string length_error(std::string_view path);

}  // namespace spec
