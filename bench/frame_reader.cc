#include "bench/frame_reader.h"

#include <unistd.h>

#include <utility>

#include "tests/support/descriptors.h"

namespace bench {

std::span<std::byte> FrameReader::buffered() {
  if (end_ - begin_ < kBodyAt) return {};
  std::size_t size = load<uint32_t>(buffer_.get() + begin_);
  if (end_ - begin_ < size) return {};
  std::span<std::byte> frame(buffer_.get() + begin_, size);
  begin_ += size;
  return frame;
}

std::span<std::byte> FrameReader::room() {
  if (begin_ == end_) begin_ = end_ = 0;
  if (begin_ > kSize - kMsize) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  return {buffer_.get() + end_, kSize - end_};
}

bool FrameReader::fill() {
  std::span<std::byte> where = room();
  ssize_t n = ::read(socket_.raw(), where.data(), where.size());
  if (n <= 0) return false;
  end_ += static_cast<std::size_t>(n);
  return true;
}

bool FrameReader::fill(base::UniqueFd& descriptor) {
  support::Received received = support::receive_descriptors(socket_, room());
  if (!received.descriptors.empty()) descriptor = std::move(received.descriptors.front());
  end_ += received.bytes;
  return received.bytes > 0;
}

bool write_all(base::Fd socket, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    ssize_t n = ::write(socket.raw(), bytes.data(), bytes.size());
    if (n < 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return true;
}

}  // namespace bench
