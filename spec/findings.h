// Findings: what a start tells the operator about a bundle that it can serve all the same.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "spec/base/problem.h"

namespace spec {

// Refusal of the bundle at a JSON pointer.
inline base::Problem bad_spec(std::string_view where, std::string what, std::string expected) {
  return {.exit = base::ExitCode::kBadSpec,
          .step = "spec",
          .where = std::string(where),
          .what = std::move(what),
          .expected = std::move(expected)};
}

// Whether what is merely doubtful in a bundle is refused.
enum class Doubts : uint8_t { kAreNotes, kAreErrors };

// Collects notes. Outlived by the list it was given.
class Findings {
 public:
  Findings(Doubts doubts, std::vector<std::string>& notes) : doubts_(doubts), notes_(notes) {}

  void note(std::string_view where, std::string_view what) {
    notes_.push_back(std::string(where) + ": " + std::string(what));
  }

  // A note, or with Doubts::kAreErrors a Problem.
  base::Outcome<void> doubt(std::string_view where, std::string what, std::string expected) {
    if (doubts_ == Doubts::kAreErrors)
      return base::failure(bad_spec(where, std::move(what), std::move(expected) + " (--strict)"));
    note(where, what);
    return {};
  }

 private:
  Doubts doubts_;
  std::vector<std::string>& notes_;
};

}  // namespace spec
