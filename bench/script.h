// Script: an operation as frames that were encoded before, and what is expected in answer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "bench/frame_reader.h"
#include "tests/support/raw_frame.h"

namespace bench {

// A request of an operation, and what is expected in answer.
struct Step {
  // One for each operation that may be in flight, with its tag and its fids. Or, in the first step
  // of an operation, a Twalk for each of a row of operations: tag and newfid are filled in.
  std::vector<std::vector<std::byte>> frames;
  bool per_operation = false;
  uint8_t reply_type = 0;
  std::size_t reply_size = 0;
};

// An operation: its requests, one after the reply to the other.
using Script = std::vector<Step>;

// The fid that an operation in flight may use as it likes.
inline p9::Fid own_fid(std::size_t slot) {
  return p9::Fid{static_cast<uint32_t>(100 + slot)};
}

// `request` is made by a function of the slot; `data` bytes more than its least come in reply.
template <class Make>
Step step(std::size_t slots, std::size_t data, Make request) {
  using Request = decltype(request(std::size_t{}));
  Step made{.frames = {},
            .per_operation = false,
            .reply_type = Request::Reply::kLine.type,
            .reply_size = p9::kHeaderSize + p9::body_size(typename Request::Reply{}) + data};
  for (std::size_t slot = 0; slot < slots; ++slot)
    made.frames.push_back(
        support::RawFrame::of(p9::Tag{static_cast<uint16_t>(slot)}, request(slot)));
  return made;
}

// Throws std::runtime_error if `reply` is not what the step expects.
void expect(const Step& step, p9::Bytes reply);

}  // namespace bench
