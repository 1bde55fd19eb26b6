// The calls of each role in a second hand, written from the manual pages' constants: which bits of
// which argument may vary. The policies are held against it bit by bit.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "spec/policy.h"
#include "tests/audit/policy_files.h"

namespace audit {

using Arguments = std::array<uint64_t, spec::kSyscallArguments>;

// An argument that is looked at: all its bits are those of the example but for the free ones.
struct Held {
  unsigned index = spec::kSyscallArguments;
  uint64_t free = 0;
};

struct Shape {
  const char* what;
  long number;
  Arguments example = {};
  std::array<Held, 3> held = {};

  std::span<const Held> arguments() const;  // those that are looked at
  bool permits(long call, const Arguments& arguments) const;
};

// What a process may call. Together they permit what the policy must, and nothing else.
std::vector<Shape> shapes(const Policed& policed);

bool permitted(const std::vector<Shape>& shapes, long call, const Arguments& arguments);

// A call that differs from an example in one bit of an argument that is looked at.
struct Variation {
  const Shape* shape;
  unsigned index;
  Arguments arguments;
};

// Every variation of every shape, and every example itself (index is spec::kSyscallArguments).
std::vector<Variation> variations(const std::vector<Shape>& shapes);

}  // namespace audit
