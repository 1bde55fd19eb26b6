// Request and Reply: the bodies of messages as the floor reads and writes them, from front to back,
// member by member.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "bench/frame_reader.h"

namespace bench {

class Request {
 public:
  explicit Request(std::byte* body) : at_(body) {}

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

class Reply {
 public:
  explicit Reply(std::byte* body) : begin_(body), at_(body) {}

  template <class T>
  void number(T value) {
    store(at_, value);
    at_ += sizeof value;
  }
  void bytes(const void* from, std::size_t count) {
    std::memcpy(at_, from, count);
    at_ += count;
  }
  // A number of bytes and these, which `make` puts where it is told to. Its result is their number;
  // below 0 there is no reply.
  template <class Make>
  bool counted(Make make) {
    ssize_t count = make(at_ + sizeof(uint32_t));
    if (count < 0) return false;
    number(static_cast<uint32_t>(count));
    at_ += count;
    return true;
  }

  void restart() { at_ = begin_; }
  std::size_t size() const { return static_cast<std::size_t>(at_ - begin_); }

 private:
  std::byte* begin_;
  std::byte* at_;
};

}  // namespace bench
