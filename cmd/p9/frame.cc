#include "cmd/p9/frame.h"

#include <cstring>

namespace p9client {

p9::Tag Frame::tag() const {
  p9::Tag tag;
  std::memcpy(&tag.value, &bytes[5], sizeof tag.value);
  return tag;
}

std::vector<UniqueFd> received_descriptors(msghdr& message) {
  std::vector<UniqueFd> all;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int raw = -1;
      std::memcpy(&raw, CMSG_DATA(header) + i * sizeof raw, sizeof raw);
      all.emplace_back(raw);
    }
  }
  return all;
}

}  // namespace p9client
