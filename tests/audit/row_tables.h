// What the tables of verdicts are made of: arguments that lead nowhere, and tables in one.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>

#include <initializer_list>
#include <span>
#include <vector>

#include "tests/audit/verdicts.h"

namespace audit {

inline constexpr uint64_t kFd = 1000;          // no descriptor of a test is that
inline constexpr uint64_t kPid = 0x7fffffff;   // larger than any pid
inline constexpr uint64_t kHere = 0xffffff9c;  // AT_FDCWD, as a compiler passes it
inline constexpr uint64_t kHereToo = ~99ULL;   // AT_FDCWD, sign-extended
inline constexpr uint64_t kHigh = 1ULL << 32;  // a bit that the kernel does not look at
static_assert(static_cast<int>(kHere) == AT_FDCWD && static_cast<int>(kHereToo) == AT_FDCWD);
inline constexpr uint64_t kReadWrite = PROT_READ | PROT_WRITE;

inline std::vector<Row> joined(std::initializer_list<std::span<const Row>> tables) {
  std::vector<Row> all;
  for (auto table : tables) all.insert(all.end(), table.begin(), table.end());
  return all;
}

}  // namespace audit
