// RawClient: a client on the socket, with many requests in flight if it is told to.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "bench/client.h"
#include "bench/frame_reader.h"
#include "bench/setting.h"

namespace bench {

class RawClient final : public Client {
 public:
  // Takes over a connected socket, and says nothing.
  explicit RawClient(base::UniqueFd socket);
  // Agrees on a dialect, and on an msize of at most kMsize.
  RawClient(base::UniqueFd socket, Dialect dialect);

  std::size_t msize() const override { return msize_; }
  p9::Bytes call(p9::Bytes request) override;
  base::UniqueFd take_descriptor() override { return std::move(descriptor_); }
  void fly(Script& script, std::size_t in_flight, steady_clock::time_point end,
           Times& times) override;

  // Bytes, and one reply after the other, for what none of the above fits.
  void send(p9::Bytes frames);
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
  bool takes_descriptors_ = false;
  base::UniqueFd descriptor_;
  std::size_t msize_ = kMsize;
  std::size_t next_operation_ = 0;
  std::vector<Slot> slots_;
  std::vector<iovec> queue_;
};

}  // namespace bench
