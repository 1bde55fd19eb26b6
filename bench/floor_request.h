// Request: a frame as the floor reads it, from front to back, member by member.
#pragma once

#include <cstdint>

#include "bench/frame_reader.h"

namespace bench {

class Request {
 public:
  explicit Request(std::byte* frame) : at_(frame + kBodyAt) {}

  template <class T>
  T number() {
    T value = load<T>(at_);
    at_ += sizeof value;
    return value;
  }
  // Moved over the end of its size, so that there is room for a NUL.
  const char* name() {
    auto size = number<uint16_t>();
    auto* text = reinterpret_cast<char*>(at_) - 1;
    std::memmove(text, at_, size);
    text[size] = '\0';
    at_ += size;
    return text;
  }
  const std::byte* rest() const { return at_; }

 private:
  std::byte* at_;
};

}  // namespace bench
