#include "gofer/scout.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <utility>

#include "gofer/disk.h"

namespace gofer {

void Scout::add(Trail trail) {
  trails_.push_back(std::move(trail));
}

void Scout::add(p9::Name name) {
  if (trails_.empty() || trails_.back().names.size() >= kMostNames) return;
  trails_.back().names.emplace_back(name);
}

void Scout::add_listing(uint64_t cookie, std::size_t bytes) {
  listing_ = {.cookie = cookie, .bytes = bytes};
}

std::chrono::milliseconds Scout::look() const {
  std::chrono::milliseconds begin = Disk::now();
  for (const Trail& trail : trails_) follow(trail);
  return Disk::now() - begin;
}

void Scout::follow(const Trail& trail) const {
  base::UniqueFd last;
  base::Fd at = trail.from;
  for (const host::Path& name : trail.names) {
    auto next = host::openat(at, name, kStep);
    if (!next) return;
    (void)identify(*next);
    last = *std::move(next);
    at = last;
  }
  if (listing_) read(at, *listing_);
}

void Scout::read(base::Fd dir, const Listing& listing) {
  auto open = host::openat(dir, host::Path::here(), O_RDONLY | O_DIRECTORY);
  if (!open || !host::lseek(*open, listing.cookie)) return;
  std::array<std::byte, 8192> records;  // NOLINT(*-member-init): nobody reads it
  for (std::size_t left = listing.bytes; left > 0;) {
    auto filled = host::getdents64(*open, records);
    if (!filled || *filled == 0) return;
    left -= std::min(left, *filled);
  }
}

}  // namespace gofer
