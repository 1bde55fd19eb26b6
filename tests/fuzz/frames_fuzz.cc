// Feeds any sequence of 9P frames to a session on a real tree, and checks what must hold whatever a
// client says.
//
// The first byte of an input says how the tree is served (kReadOnly ...); the rest are frames. The
// size of a frame that lies about it is put right, so that changes of one frame leave the others.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "gofer/dispatcher.h"
#include "gofer/window.h"
#include "tests/fuzz/served_place.h"

namespace {

using fuzz::require;

// A frame as the datagram that has the same to say, taken out of a window and answered there. What
// the window held before is rubbish, and what it holds afterwards is not looked at but for its
// type.
void serve_in_window(gofer::Session& session, p9::Bytes frame) {
  static std::vector<std::byte> memory(p9::kWindowSize);
  static std::vector<std::byte> copy(p9::kDatagramCapacity);
  if (frame.size() > p9::kDatagramCapacity) return;
  gofer::Window window(std::span<std::byte, p9::kWindowSize>(memory.data(), memory.size()));
  std::span<std::byte> room = window.reply_room();
  room[0] = frame[4];
  room[p9::kHasFd] = std::byte{0};
  p9::Bytes body = frame.subspan(p9::kHeaderSize);
  std::ranges::copy(body, room.begin() + p9::kDatagramHeader);
  p9::Datagram taken = window.take(p9::kDatagramHeader + body.size(), copy);
  auto replied = gofer::serve_datagram(session, taken, room, copy);
  require(replied.has_value() && *replied >= p9::kDatagramHeader, "a datagram is answered");
  auto type = static_cast<uint8_t>(room[0]);
  require(type == p9::Rlerror::kLine.type || type == static_cast<uint8_t>(frame[4]) + 1,
          "a datagram is answered by its own reply or an error");
}

void serve(gofer::Session& session, bool channel, p9::Bytes input) {
  while (input.size() >= p9::kHeaderSize) {
    uint32_t size = 0;
    std::memcpy(&size, input.data(), sizeof size);
    if (size < p9::kHeaderSize || size > input.size()) size = static_cast<uint32_t>(input.size());
    std::vector<std::byte> frame(input.begin(), input.begin() + size);
    std::memcpy(frame.data(), &size, sizeof size);
    input = input.subspan(size);
    if (channel && frame[4] != std::byte{p9::Tversion::kLine.type}) {
      serve_in_window(session, frame);
      (void)session.take_donation();
      continue;
    }
    fuzz::answer(session, frame);
  }
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  p9::Bytes frames = std::as_bytes(std::span(data, size)).subspan(1);
  fuzz::with_session(data[0], [&](gofer::Session& session) {
    serve(session, (data[0] & fuzz::kChannel) != 0, frames);
  });
  return 0;
}
