// How names and attributes are shown to a person.
#pragma once

#include <string>
#include <string_view>

#include "cmd/p9/client.h"

namespace p9client {

// `name` with everything that could move a terminal's cursor or forge a line written as an escape
// (\n, \t, \\, \x1b ...), and so every byte that is not well-formed UTF-8.
std::string printable(std::string_view name);

// "drwxr-sr-x" and the like.
std::string mode_text(uint32_t mode);

// The line of ls -l, without the name: mode, links, owner, group, size, time (UTC).
std::string long_line(const p9::Rgetattr& attributes);

// The lines of stat(1), roughly.
std::string stat_text(std::string_view path, const p9::Rgetattr& attributes);

// 1536 is "1.5K".
std::string human_size(uint64_t bytes);

}  // namespace p9client
