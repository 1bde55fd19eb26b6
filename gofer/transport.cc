#include "gofer/transport.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "gofer/p9/dispatch.h"

namespace gofer {
namespace {

using base::fail;
using base::fail_errno;
using base::Result;

// Room for small frames beside one of the largest size.
constexpr std::size_t kBatch = std::size_t{64} << 10;

}  // namespace

Transport::Transport(base::Fd socket, Outlet& outlet, std::size_t largest_frame)
    : socket_(socket),
      outlet_(outlet),
      input_size_(largest_frame + kBatch),
      output_size_(largest_frame + kBatch),
      input_(std::make_unique_for_overwrite<std::byte[]>(input_size_)),
      output_(std::make_unique_for_overwrite<std::byte[]>(output_size_)) {}

Result<p9::Bytes> Transport::next_frame(std::size_t limit) {
  std::size_t have = end_ - begin_;
  uint32_t size = 0;
  if (have < sizeof size) return p9::Bytes();
  std::memcpy(&size, input_.get() + begin_, sizeof size);
  if (size < p9::kHeaderSize || size > limit) return fail(EBADMSG);
  if (have < size) return p9::Bytes();
  p9::Bytes frame(input_.get() + begin_, size);
  begin_ += size;
  return frame;
}

Result<std::size_t> Transport::receive() {
  // What is left is the beginning of one frame; at the front of the buffer it has room for its end.
  if (begin_ > 0) std::memmove(input_.get(), input_.get() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  for (;;) {
    ssize_t count = ::read(socket_.raw(), input_.get() + end_, input_size_ - end_);
    if (count >= 0) {
      end_ += static_cast<std::size_t>(count);
      return static_cast<std::size_t>(count);
    }
    if (errno == ECONNRESET) return std::size_t{0};
    if (errno != EINTR) return fail_errno();
  }
}

Result<std::span<std::byte>> Transport::reply_room(std::size_t size) {
  if (output_size_ - collected_ < size) TRY(flush());
  return std::span(output_.get() + collected_, output_size_ - collected_);
}

Result<void> Transport::flush() {
  if (collected_ == 0) return {};
  return outlet_.sending().send({output_.get(), std::exchange(collected_, 0)});
}

Result<void> Transport::send_with(const Answer& answer) {
  std::span<std::byte> room(output_.get() + collected_, output_size_ - collected_);
  TRY(flush());
  return outlet_.sending().send(answer, room);
}

}  // namespace gofer
