#include "sandbox/mountinfo.h"

#include <algorithm>

namespace sandbox {
namespace {

// The next field of a line; spaces inside a field are written as \040.
std::string_view next_field(std::string_view& line) {
  std::size_t end = std::min(line.find(' '), line.size());
  std::string_view field = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return field;
}

constexpr bool is_octal(char c) {
  return c >= '0' && c <= '7';
}

std::string unescaped(std::string_view field) {
  std::string text;
  while (!field.empty()) {
    bool escaped = field.size() >= 4 && field[0] == '\\' &&
                   std::all_of(field.begin() + 1, field.begin() + 4, is_octal);
    if (!escaped) {
      text += field[0];
      field.remove_prefix(1);
      continue;
    }
    int code = ((field[1] - '0') << 6) | ((field[2] - '0') << 3) | (field[3] - '0');
    text += static_cast<char>(code);
    field.remove_prefix(4);
  }
  return text;
}

// id parent major:minor root mount-point options [optional ...] - type source options
MountedAt parse_line(std::string_view line) {
  for (int skipped = 0; skipped < 4; ++skipped) next_field(line);
  MountedAt mount;
  mount.path = unescaped(next_field(line));
  mount.options = next_field(line);
  while (!line.empty()) {
    std::string_view field = next_field(line);
    if (field == "-") break;
    mount.propagation.append(mount.propagation.empty() ? "" : " ").append(field);
  }
  mount.type = next_field(line);
  return mount;
}

}  // namespace

std::vector<MountedAt> parse_mountinfo(std::string_view text) {
  std::vector<MountedAt> mounts;
  while (!text.empty()) {
    std::size_t end = std::min(text.find('\n'), text.size());
    mounts.push_back(parse_line(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return mounts;
}

}  // namespace sandbox
