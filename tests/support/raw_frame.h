// RawFrame: a 9P frame put together field by field, for what the typed client refuses to say.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "gofer/p9/dispatch.h"

namespace support {

class RawFrame {
 public:
  RawFrame(uint8_t type, p9::Tag tag) {
    number<uint32_t>(0);
    number(type);
    number(tag.value);
  }

  template <p9::Message M>
  static std::vector<std::byte> of(p9::Tag tag, const M& message) {
    std::vector<std::byte> frame(p9::kHeaderSize + p9::body_size(message));
    (void)p9::encode_frame(frame, tag, message);
    return frame;
  }

  template <std::unsigned_integral T>
  RawFrame& number(T value) {
    return bytes(std::as_bytes(std::span(&value, 1)));
  }
  RawFrame& fid(p9::Fid fid) { return number(fid.value); }
  // A string whatever it holds, or one that announces `length` bytes and has others.
  RawFrame& text(std::string_view text) {
    return text_of(static_cast<uint16_t>(text.size()), text);
  }
  RawFrame& text_of(uint16_t length, std::string_view text) {
    return number(length).bytes(std::as_bytes(std::span(text)));
  }
  RawFrame& bytes(p9::Bytes bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return *this;
  }

  // The frame with its true size in front, or with the one given.
  std::vector<std::byte> take() const { return take(static_cast<uint32_t>(bytes_.size())); }
  std::vector<std::byte> take(uint32_t size) const {
    std::vector<std::byte> frame = bytes_;
    std::memcpy(frame.data(), &size, sizeof size);
    return frame;
  }

 private:
  std::vector<std::byte> bytes_;
};

}  // namespace support
