// QidMap: the 64-bit identity that a client sees for a file, from its device and inode number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>

#include "spec/base/result.h"

namespace gofer {

// Never gives one number to two files, and the same file always the same number, for as long as
// the map lives. The high 16 bits are an index handed out per device and per upper 16 bits of the
// inode number, the low 48 those of the inode number: files of the first device, of any ordinary
// file system, show their real inode numbers. When all indices are taken, single files are listed
// one by one; when that list is full too: EOVERFLOW.
class QidMap {
 public:
  static constexpr std::size_t kMaxIndices = 0xffff;  // 0xffff itself marks a listed file
  static constexpr std::size_t kMaxListed = std::size_t{1} << 16;

  explicit QidMap(std::size_t indices = kMaxIndices, std::size_t listed = kMaxListed)
      : max_indices_(indices), max_listed_(listed) {}

  base::Result<uint64_t> path(uint64_t device, uint64_t inode);

 private:
  struct Key {
    uint64_t device;
    uint64_t inode;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct Hash {
    std::size_t operator()(const Key& key) const noexcept;
  };
  using Numbers = std::unordered_map<Key, uint64_t, Hash>;

  std::size_t max_indices_;
  std::size_t max_listed_;
  Key last_range_{};
  uint64_t last_index_ = kMaxIndices;  // of last_range_: most files are where the one before was
  Numbers indices_;                    // inode holds its upper 16 bits only
  Numbers listed_;
};

}  // namespace gofer
