// FrameReader: a stream socket as whole 9P frames, out of one buffer that is made once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>

#include "gofer/p9/dispatch.h"
#include "spec/base/fd.h"

namespace bench {

// The largest frame that anybody here sends: 1 MiB of data and its header, as gofer's msize.
inline constexpr std::size_t kMsize = (std::size_t{1} << 20) + 24;

// Where type and tag of a frame are, and the first members of its message.
inline constexpr std::size_t kTypeAt = 4;
inline constexpr std::size_t kTagAt = 5;
inline constexpr std::size_t kBodyAt = p9::kHeaderSize;

template <class T>
T load(const std::byte* from) {
  T value{};
  std::memcpy(&value, from, sizeof value);
  return value;
}
template <class T>
void store(std::byte* to, T value) {
  std::memcpy(to, &value, sizeof value);
}

class FrameReader {
 public:
  // `socket` is borrowed.
  explicit FrameReader(base::Fd socket)
      : socket_(socket), buffer_(std::make_unique<std::byte[]>(kSize)) {}

  // The next frame if all of it lies in the buffer, else an empty one. Valid until fill().
  std::span<std::byte> buffered();
  // One read(2), of whatever is there. False when nothing comes any more.
  bool fill();
  // One recvmsg(2), likewise, for a peer that passes descriptors: `descriptor` gets one that came.
  bool fill(base::UniqueFd& descriptor);

 private:
  static constexpr std::size_t kSize = 4 * kMsize;

  // Where what comes next goes.
  std::span<std::byte> room();

  base::Fd socket_;
  std::unique_ptr<std::byte[]> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

// All bytes, however many calls that takes. False when the peer is gone.
bool write_all(base::Fd socket, std::span<const std::byte> bytes);

}  // namespace bench
