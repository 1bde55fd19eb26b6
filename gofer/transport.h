// Transport: the connected socket as whole frames in and whole frames out.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "gofer/outlet.h"
#include "gofer/p9/wire.h"
#include "spec/base/fd.h"
#include "spec/base/result.h"

namespace gofer {

// Two buffers of fixed size. One read(2) takes as many bytes as are there, one write(2) sends all
// replies that were collected, one sendmsg(2) a reply that takes a descriptor with it. Memory that
// no frame has reached yet costs nothing.
class Transport {
 public:
  // Both ends of the socket are borrowed. No frame in or out is longer than `largest_frame`.
  Transport(base::Fd socket, Outlet& outlet, std::size_t largest_frame);

  // The next frame that lies in the buffer, a view until the next receive(); empty when there is
  // none, or no whole one. EBADMSG when it claims to be shorter than a header or longer than
  // `limit` (at most largest_frame); its body is not waited for.
  base::Result<p9::Bytes> next_frame(std::size_t limit);

  // Waits for more bytes. Returns how many came; 0 when the client has closed the connection, or
  // its end of it (ECONNRESET and EPIPE count as that, here and in flush()).
  base::Result<std::size_t> receive();

  // Where the next reply is to be written: at least `size` bytes (at most largest_frame), after
  // sending what was collected if need be.
  base::Result<std::span<std::byte>> reply_room(std::size_t size);
  // The reply there is complete.
  void collect(std::size_t size) { collected_ += size; }
  // The answer there takes a descriptor with it: sent at once, behind what was collected. See
  // Outlet::Sending.
  base::Result<void> send_with(const Answer& answer);
  // Sends all that was collected, however long the client takes to read it.
  base::Result<void> flush();

 private:
  base::Fd socket_;
  Outlet& outlet_;
  std::size_t input_size_;
  std::size_t output_size_;
  std::unique_ptr<std::byte[]> input_;
  std::unique_ptr<std::byte[]> output_;
  std::size_t begin_ = 0;  // of what has come and was not served
  std::size_t end_ = 0;
  std::size_t collected_ = 0;
};

}  // namespace gofer
