// RawClient: sends frames that were encoded before, many of them in flight if it is told to, and
// spends as little as it can on the replies. Throws std::runtime_error when a server does not
// answer as it is expected to.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bench/frame_reader.h"
#include "bench/times.h"
#include "tests/support/raw_frame.h"

namespace bench {

inline constexpr std::size_t kMostInFlight = 64;

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

class RawClient {
 public:
  // Takes over a connected socket; agrees on an msize, at most kMsize, and attaches fid 0.
  RawClient(base::UniqueFd socket, std::string_view aname);
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  std::size_t msize() const { return msize_; }

  // One operation after the other until `end`, `in_flight` (at most kMostInFlight) at any time.
  void fly(Script& script, std::size_t in_flight, steady_clock::time_point end, Times& times);

  // The steps of one operation, in order; of the first slot if there are several.
  void run(const Script& script);
  // Sends one frame, and gives the reply: a view until the next call of anything here.
  p9::Bytes call(std::span<const std::byte> request);

  // Bytes, and one reply after the other, for what none of the above fits.
  void send(std::span<const std::byte> frames);
  std::span<std::byte> receive();

 private:
  struct Slot {
    std::size_t step = 0;
    steady_clock::time_point begin;
  };
  // What fly() is about.
  struct Flight {
    Script& script;
    steady_clock::time_point end;
    Times& times;
  };

  void begin(const Flight& flight, std::size_t slot, steady_clock::time_point now);
  void queue(Step& step, std::size_t slot);
  void flush();
  // False if the slot does nothing any more.
  bool advance(const Flight& flight, p9::Bytes reply);

  base::UniqueFd socket_;
  FrameReader replies_;
  std::size_t msize_ = 0;
  std::size_t next_operation_ = 0;
  std::vector<Slot> slots_;
  std::vector<iovec> queue_;
};

}  // namespace bench
