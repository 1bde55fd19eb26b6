// Flipcall: how gVisor's client speaks 9P through shared memory instead of the socket. One window
// of it is a channel: both sides take turns, one request under way at a time.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "gofer/p9/wire.h"

namespace p9 {

// A window as it lies in memory: a header, then the datagram of the side whose turn it is. Both
// sides may write anything anywhere at any time; what one reads here it has to copy and to judge.
struct WindowHeader {
  std::atomic<uint32_t> state;   // whose turn it is; the futex word, of the shared kind
  std::atomic<uint32_t> length;  // of the datagram in bytes; written before the turn is passed
  uint64_t reserved;
};

// Windows follow each other in the file, at offset 0, kWindowSize, ... and begin as zeros.
inline constexpr std::size_t kWindowState = 0;
inline constexpr std::size_t kWindowLength = 4;
inline constexpr std::size_t kDatagram = 16;
inline constexpr std::size_t kWindowSize = 1052672;  // 1 MiB of payload and its headers, in pages
inline constexpr std::size_t kDatagramCapacity = kWindowSize - kDatagram;

static_assert(sizeof(WindowHeader) == kDatagram && offsetof(WindowHeader, state) == kWindowState &&
              offsetof(WindowHeader, length) == kWindowLength);
static_assert(std::atomic<uint32_t>::is_always_lock_free);

// Values of the state.
inline constexpr uint32_t kClientActive = 0;
inline constexpr uint32_t kServerActive = 1;
inline constexpr uint32_t kShutDown = 2;

// A datagram: type[1] hasFD[1], then what follows the header of the same message on the socket.
// There is no size, for the window has the length, and no tag. hasFD is 1 when a descriptor waits
// on the side socket: a packet of no bytes, sent before the turn is passed.
inline constexpr std::size_t kDatagramHeader = 2;
inline constexpr std::size_t kHasFd = 1;  // where that byte is

// A datagram that was taken out of its window, so that it stays as it was judged. Of a Twrite only
// what comes before the data was: the data is for the kernel to copy, and nobody else looks at it.
struct Datagram {
  Bytes bytes;
  Bytes payload;
};

// type[1] hasFD[1] fid[4] offset[8] count[4]
inline constexpr std::size_t kWriteFixed = kDatagramHeader + 16;

// The first datagram of either side, the client's first. A window that was never used is silent.
inline constexpr std::string_view kHandshake = "{}\n";

// Tchannel: control
inline constexpr uint32_t kChannelMemory = 0;  // Rchannel brings the file with the windows
inline constexpr uint32_t kChannelSocket = 1;  // ... the client's end of the side socket

}  // namespace p9
