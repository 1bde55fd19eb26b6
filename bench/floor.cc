#include "bench/floor.h"

#include <cstring>
#include <memory>
#include <optional>
#include <span>

#include "bench/floor_operations.h"
#include "bench/frame_reader.h"
#include "gofer/p9/requests.h"
#include "gofer/pass_descriptor.h"

namespace bench {
namespace {

class FloorOnSocket {
 public:
  FloorOnSocket(base::Fd socket, base::Fd root, Dialect dialect)
      : socket_(socket),
        requests_(socket),
        operations_(root, dialect),
        room_(std::make_unique<std::byte[]>(kRoom)) {}

  void run();

 private:
  static constexpr std::size_t kRoom = 2 * kMsize;

  void serve(std::byte* frame);
  bool send();

  base::Fd socket_;
  FrameReader requests_;
  FloorOperations operations_;
  std::unique_ptr<std::byte[]> room_;
  std::size_t used_ = 0;             // of room_, by replies
  std::optional<base::Fd> donated_;  // with the first of them
};

void FloorOnSocket::run() {
  while (requests_.fill()) {
    for (auto frame = requests_.buffered(); !frame.empty(); frame = requests_.buffered()) {
      if (used_ > kRoom - kMsize && !send()) return;
      serve(frame.data());
    }
    if (!send()) return;
  }
}

void FloorOnSocket::serve(std::byte* frame) {
  std::byte* start = room_.get() + used_;
  Reply out(start + kBodyAt);
  auto tag = load<uint16_t>(frame + kTagAt);
  auto answer = operations_.serve(load<uint8_t>(frame + kTypeAt), Request(frame + kBodyAt), out);
  std::size_t size = kBodyAt + out.size();
  store(start, static_cast<uint32_t>(size));
  store(start + kTypeAt, answer.type);
  store(start + kTagAt, tag);
  used_ += size;
  donated_ = answer.donated;
}

bool FloorOnSocket::send() {
  std::span<const std::byte> replies(room_.get(), used_);
  used_ = 0;
  if (!donated_) return write_all(socket_, replies);
  auto passed = gofer::pass_descriptor(socket_, replies, *donated_, 0);
  return passed && *passed == replies.size();
}

}  // namespace

void serve_floor(base::Fd socket, base::Fd root, Dialect dialect) {
  FloorOnSocket(socket, root, dialect).run();
}

void serve_floor(BareWindow window, base::Fd side, base::Fd root, Dialect dialect) {
  FloorOperations operations(root, dialect);
  auto own = std::make_unique<std::byte[]>(p9::kDatagramCapacity);
  std::byte* const body = window.datagram() + p9::kDatagramHeader;
  for (;;) {
    std::size_t length = window.wait();
    auto type = load<uint8_t>(window.datagram());
    // The reply is composed where the request lies.
    bool copied = type != p9::Twrite::kLine.type;
    if (copied) std::memcpy(own.get(), body, length - p9::kDatagramHeader);
    Reply out(body);
    auto answer = operations.serve(type, Request(copied ? own.get() : body), out);
    bool donates = answer.donated && gofer::pass_descriptor(side, {}, *answer.donated, 0);
    store(window.datagram(), answer.type);
    store(window.datagram() + p9::kHasFd, static_cast<uint8_t>(donates));
    window.hand_over(p9::kDatagramHeader + out.size());
  }
}

}  // namespace bench
