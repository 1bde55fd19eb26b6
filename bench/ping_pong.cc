#include "bench/ping_pong.h"

#include <unistd.h>

#include <array>
#include <cstring>
#include <vector>

#include "bench/frame_reader.h"
#include "tests/support/raw_channel.h"
#include "tests/support/raw_frame.h"

namespace bench {
namespace {

using Page = std::array<std::byte, 4096>;

}  // namespace

void serve_ping_pong(base::Fd socket) {
  std::vector<std::byte> reply = support::RawFrame::of(p9::Tag{0}, p9::Rgetattr{});
  Page request{};
  while (::read(socket.raw(), request.data(), request.size()) > 0 && write_all(socket, reply)) {
  }
}

void serve_ping_pong(BareWindow window) {
  std::vector<std::byte> reply = support::RawChannel::datagram_of(p9::Rgetattr{});
  Page request{};
  for (;;) {
    std::size_t length = window.wait();
    std::memcpy(request.data(), window.datagram(), length);
    std::memcpy(window.datagram(), reply.data(), reply.size());
    window.hand_over(reply.size());
  }
}

}  // namespace bench
