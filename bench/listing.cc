#include "bench/listing.h"

#include <stdexcept>
#include <string>

namespace bench {
namespace {

// What the smallest msize of the servers has room for.
constexpr uint32_t kCount = (uint32_t{1} << 16) - 24;

// An entry: qid[13] offset[8] type[1] name[s]
constexpr std::size_t kOffsetAt = 13;
constexpr std::size_t kNameSizeAt = 22;
constexpr std::size_t kEntryHeader = 24;

}  // namespace

void list_all(Client& client, const Listing& listing) {
  std::byte request[p9::kHeaderSize + 16];
  p9::Treaddir asks{listing.directory, 0, kCount};
  std::size_t found = 0;
  for (;;) {
    (void)p9::encode_frame(request, p9::Tag{0}, asks);
    p9::Bytes reply = client.call(request);
    if (load<uint8_t>(reply.data() + kTypeAt) != p9::Rreaddir::kLine.type)
      throw std::runtime_error("the server does not list a directory");
    p9::Bytes entries = reply.subspan(p9::kPayloadOffset);
    if (entries.empty()) break;
    while (!entries.empty()) {
      asks.offset = load<uint64_t>(entries.data() + kOffsetAt);
      entries = entries.subspan(kEntryHeader + load<uint16_t>(entries.data() + kNameSizeAt));
      ++found;
    }
  }
  if (found != listing.entries)
    throw std::runtime_error("a directory has " + std::to_string(found) + " entries, not " +
                             std::to_string(listing.entries));
}

}  // namespace bench
