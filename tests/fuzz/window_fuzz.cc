// The window of a channel: the server waits for its turns and answers while a client writes into
// the shared memory as a script says, whoever's turn it is.
//
// A script: how the tree is served (frames.h), then steps of the client's thread. Each is a byte
// that says what to do, and its operands; see Client.
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <thread>
#include <vector>

#include "gofer/dispatcher.h"
#include "gofer/window.h"
#include "spec/base/fd.h"
#include "tests/fuzz/served_place.h"
#include "tests/support/raw_frame.h"

namespace {

using fuzz::require;

constexpr p9::Fid kRoot{0};
constexpr p9::Fid kFile{1};
constexpr std::size_t kTouched = 4096;  // of either end of the memory

// The same memory twice, as a client and a server have it that are different processes.
struct Shared {
  using Mapping = std::span<std::byte, p9::kWindowSize>;
  Shared() : file(::memfd_create("window", MFD_CLOEXEC)), server(map()), client(map()) {}

  Mapping map() const {
    constexpr auto kSize = static_cast<off_t>(p9::kWindowSize);
    require(::ftruncate(file.raw(), kSize) == 0, "memory has a size");
    void* start =
        ::mmap(nullptr, p9::kWindowSize, PROT_READ | PROT_WRITE, MAP_SHARED, file.raw(), 0);
    require(start != MAP_FAILED, "memory can be mapped");
    return Mapping(static_cast<std::byte*>(start), p9::kWindowSize);
  }

  base::UniqueFd file;
  Mapping server;
  Mapping client;
};

// What a client's thread does with the memory.
class Client {
 public:
  Client(std::span<std::byte> memory, p9::Bytes script) : memory_(memory), script_(script) {}

  void play() {
    while (!script_.empty()) {
      switch (byte() % 5) {
        case 0:
          write_some();
          break;
        case 1:
          pass_turn(number());
          break;
        case 2:
          wait_for_turn();
          break;
        case 3:
          flip();
          break;
        case 4:  // a datagram as it should be
          wait_for_turn();
          pass_turn(write_some());
          break;
      }
    }
  }

 private:
  uint8_t byte() {
    if (script_.empty()) return 0;
    auto byte = static_cast<uint8_t>(script_.front());
    script_ = script_.subspan(1);
    return byte;
  }
  uint32_t number() {
    uint32_t number = 0;
    for (int shift = 0; shift < 32; shift += 8) number |= uint32_t{byte()} << shift;
    return number;
  }
  // In the header, in the first bytes of the datagram, or at the very end.
  std::size_t place() {
    uint8_t high = byte();
    std::size_t offset = (std::size_t{high} << 8U | byte()) % kTouched;
    return high >= 0xf0 ? memory_.size() - 1 - offset : offset;
  }
  void put(std::size_t at, std::byte value) {
    std::atomic_ref(memory_[at]).store(value, std::memory_order_relaxed);
  }
  std::atomic_ref<uint32_t> word(std::size_t at) {
    return std::atomic_ref(*reinterpret_cast<uint32_t*>(&memory_[at]));
  }

  // A byte of length, then as many; where a datagram lies. Returns the length.
  uint32_t write_some() {
    std::size_t length = byte();
    length = std::min(length, script_.size());
    for (std::size_t i = 0; i < length; ++i) put(p9::kDatagram + i, script_[i]);
    script_ = script_.subspan(length);
    return static_cast<uint32_t>(length);
  }
  void pass_turn(uint32_t length) {
    word(p9::kWindowLength).store(length);
    word(p9::kWindowState).store(p9::kServerActive);
    ::syscall(SYS_futex, &memory_[p9::kWindowState], FUTEX_WAKE, 1, nullptr, nullptr, 0);
  }
  void wait_for_turn() {
    const timespec patience{.tv_sec = 0, .tv_nsec = 1'000'000};
    ::syscall(SYS_futex, &memory_[p9::kWindowState], FUTEX_WAIT, p9::kServerActive, &patience,
              nullptr, 0);
  }
  // One place, back and forth, while the server may be reading it.
  void flip() {
    std::size_t at = place();
    std::byte one{byte()};
    std::byte other{byte()};
    for (int i = byte(); i > 0; --i) {
      put(at, one);
      put(at, other);
    }
  }

  std::span<std::byte> memory_;
  p9::Bytes script_;
};

void serve_turns(gofer::Session& session, gofer::Window& window) {
  static std::vector<std::byte> copy(p9::kDatagramCapacity);
  for (;;) {
    auto length = window.wait();
    if (!length) return window.close();
    require(*length >= p9::kDatagramHeader && *length <= p9::kDatagramCapacity,
            "a length that is taken fits");
    p9::Datagram taken = window.take(*length, copy);
    auto replied = gofer::serve_datagram(session, taken, window.reply_room(), copy);
    require(replied.has_value() && *replied >= p9::kDatagramHeader, "a datagram is answered");
    (void)session.take_donation();
    if (!window.hand_over(*replied)) return window.close();
  }
}

void attach(gofer::Session& session) {
  auto send = [&](const auto& message) {
    fuzz::answer(session, support::RawFrame::of(p9::Tag{1}, message));
  };
  send(p9::Tversion{fuzz::kMsize, "9P2000.L.Google.13"});
  send(p9::Tattach{kRoot, p9::Fid{p9::kNoFid}, "user", "/", 1000});
  p9::Twalk walk{.fid = kRoot, .newfid = kFile};
  walk.wnames.push(*p9::Name::parse("f"));
  send(walk);
  send(p9::Tlopen{kFile, 2});
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  p9::Bytes script = std::as_bytes(std::span(data, size)).subspan(1);
  static const Shared kShared;
  std::ranges::fill(kShared.server.first(kTouched), std::byte{0});
  std::ranges::fill(kShared.server.last(kTouched), std::byte{0});
  fuzz::with_session(data[0], [&](gofer::Session& session) {
    attach(session);
    gofer::Window window(kShared.server);
    std::thread client([&] {
      Client(kShared.client, script).play();
      window.stop();
    });
    serve_turns(session, window);
    client.join();
  });
  return 0;
}
