// What the inputs of frames_fuzz are made of.
#pragma once

#include <cstdint>

namespace fuzz {

// Bits of the first byte of an input.
inline constexpr uint8_t kReadOnly = 1;
inline constexpr uint8_t kAllXattrs = 2;   // of every name space
inline constexpr uint8_t kTight = 4;       // budgets that a short input reaches
inline constexpr uint8_t kSingleFile = 8;  // the root is a file
inline constexpr uint8_t kChannel = 16;    // all but Tversion comes through a window

inline constexpr uint32_t kMsize = 16384;  // at most; replies that are longer tell no more

}  // namespace fuzz
