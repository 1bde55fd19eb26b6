// Setting: how a client of a measurement speaks with its server.
#pragma once

#include <cstdint>
#include <string_view>

namespace bench {

// Over the socket; or over a channel, where a client that waits for its reply sleeps at once, or
// watches the window for a moment before.
enum class Way : uint8_t { kSocket, kChannel, kChannelWatch };

// Clients that speak kGoogle get descriptors of the files that they open.
enum class Dialect : uint8_t { kLinux, kGoogle };

constexpr std::string_view version_of(Dialect dialect) {
  return dialect == Dialect::kGoogle ? "9P2000.L.Google.13" : "9P2000.L";
}

struct Setting {
  Way way = Way::kSocket;
  Dialect dialect = Dialect::kLinux;
  friend bool operator==(const Setting&, const Setting&) = default;

  bool over_channel() const { return way != Way::kSocket; }
};

// What is added to the name of an operation that goes this way.
constexpr std::string_view suffix_of(Way way) {
  switch (way) {
    case Way::kChannel:
      return "/channel";
    case Way::kChannelWatch:
      return "/channel-watch";
    case Way::kSocket:
      break;
  }
  return "";
}

}  // namespace bench
