// BareWindow: the server's side of a channel's window (gofer/p9/flipcall.h) that takes its turns
// and does nothing else: no check of what the client did.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cmd/p9/channel.h"
#include "spec/base/fd.h"

namespace bench {

// What a server does before its client's turn is over: it sleeps at once, or watches the window for
// a moment before, as gofer's does where it may run on several processors.
enum class Waiting : uint8_t { kSleeps, kWatches };

class BareWindow {
 public:
  // Of a file that holds one window, and begins as zeros. Shakes hands with the client. Throws
  // std::system_error.
  BareWindow(base::Fd memory, Waiting waiting);

  // Waits until it is the server's turn; returns the length of the datagram.
  std::size_t wait();
  std::byte* datagram() const { return window_.bytes().data() + p9::kDatagram; }
  // Passes the turn with a datagram of `length` bytes.
  void hand_over(std::size_t length);

 private:
  p9::WindowHeader& header() const;

  p9client::Mapping window_;
  Waiting waiting_;
};

}  // namespace bench
