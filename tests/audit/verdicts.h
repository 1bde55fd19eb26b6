// What each role may and may not call, written by hand from the manual pages' constants: the
// expectation that the compiled policies are held against.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "tests/audit/policy_files.h"

namespace audit {

enum class Verdict : uint8_t { kAllowed, kKilled };

// A call that is harmless if the kernel makes it: its descriptors, pids and pointers lead nowhere.
struct Row {
  const char* what;
  long number;
  std::array<uint64_t, 6> args;
  Verdict verdict;
};

std::vector<Row> rows(const Policed& policed);
// Those of them that are about one extra, which it has or has not.
std::vector<Row> rows_of_extra(const Policed& policed, spec::Extra extra);

}  // namespace audit
