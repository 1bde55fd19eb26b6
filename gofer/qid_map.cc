#include "gofer/qid_map.h"

#include <cerrno>

namespace gofer {
namespace {

constexpr unsigned kLowBits = 48;
constexpr uint64_t kLowMask = (uint64_t{1} << kLowBits) - 1;

}  // namespace

std::size_t QidMap::Hash::operator()(const Key& key) const noexcept {
  uint64_t mixed = key.device * 0x9e3779b97f4a7c15 ^ key.inode;
  return static_cast<std::size_t>(mixed ^ (mixed >> 32));
}

base::Result<uint64_t> QidMap::path(uint64_t device, uint64_t inode) {
  Key range{device, inode >> kLowBits};
  if (range == last_range_ && last_index_ != kMaxIndices)
    return last_index_ << kLowBits | (inode & kLowMask);
  auto known = indices_.find(range);
  if (known == indices_.end() && indices_.size() < max_indices_)
    known = indices_.emplace(range, indices_.size()).first;
  if (known != indices_.end()) {
    last_range_ = range;
    last_index_ = known->second;
    return last_index_ << kLowBits | (inode & kLowMask);
  }

  Key file{device, inode};
  auto listed = listed_.find(file);
  if (listed == listed_.end()) {
    if (listed_.size() >= max_listed_) return base::fail(EOVERFLOW);
    listed = listed_.emplace(file, listed_.size()).first;
  }
  return uint64_t{kMaxIndices} << kLowBits | listed->second;
}

}  // namespace gofer
