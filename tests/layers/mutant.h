// Mutants of the program, which layer caught what was tried at one, and the tables of
// docs/layers.md, which say the same.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "tests/support/serving.h"

namespace layers {

// The binary without these layers, as the tables name them: "nothing", "read-only check, filter".
std::string binary_without(std::string_view off);

bool kernel_has_landlock();

// What one request at one worker came to.
struct Answer {
  std::string said;   // "ok", an errno, or "ECONNRESET" when the worker ended
  std::string cause;  // of the worker's end; it is made to hang up if it goes on
  std::string call;   // the system call that its policy forbids
};
Answer answered(support::Serving& serving, std::size_t attach_point, std::string said);

// A row of a table: what is off, what is tried, who catches it, and how that shows.
struct Row {
  std::string off;
  std::string attack;
  std::set<std::string> caught_by;
  std::set<std::string> seen_as;
};
std::string text_of(const Row& row);

// The rows of the table below this heading of docs/layers.md.
std::set<std::string> documented(std::string_view heading);

}  // namespace layers
