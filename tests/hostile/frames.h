// Frames: the fixture of hostile cases that are told in bytes.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "tests/suite/samples.h"
#include "tests/suite/world.h"
#include "tests/support/raw_frame.h"

namespace suite {

class Frames : public World {
 protected:
  static constexpr p9::Tag kTag{42};

  // A reply as it can be compared with that of another server: what it is, its errno, its size.
  struct Reply {
    uint8_t type = 0;
    std::string error;
    std::size_t size = 0;
    friend bool operator==(const Reply&, const Reply&) = default;
  };
  static Reply seen(const p9client::Frame& frame) {
    Reply reply{.type = frame.type(), .error = "", .size = frame.bytes.size()};
    if (frame.type() == p9::Rlerror::kLine.type)
      reply.error = outcome(p9client::read_reply<p9::Rlerror>(frame));
    return reply;
  }

  // What one frame is answered with: an errno, "ok", or "closed". Checks what holds for each reply.
  std::string answer(const std::vector<std::byte>& frame, p9::Tag tag = kTag) {
    if (!client().connection().send_raw(frame)) return "closed";
    auto reply = client().connection().receive();
    if (!reply) return "closed";
    EXPECT_EQ(reply->tag(), tag);
    Reply what = seen(*reply);
    if (what.error.empty()) {
      EXPECT_EQ(what.type, static_cast<uint8_t>(frame[4]) + 1);
    }
    return what.error.empty() ? "ok" : what.error;
  }
};

}  // namespace suite
