// DescriptorCache: which nodes hold a descriptor, and which of them gives its own up first.
#pragma once

#include <cstddef>

#include "gofer/node.h"

namespace gofer {

// Counts the descriptors that nodes own and keeps those that may be closed in the order of their
// last use. Holds no reference on a node.
class DescriptorCache {
 public:
  explicit DescriptorCache(std::size_t budget) : budget_(budget) {}

  // Makes room for one more: closes the descriptor used longest ago that is not pinned and whose
  // node can be reopened. EMFILE when there is none.
  base::Result<void> make_room();
  // Whether make_room() has to close one.
  bool is_full() const { return size_ >= budget_; }
  // Asks the node's descriptor, which it has, for all of its identity.
  static void ask(Node& node);
  void put(Node& node, base::UniqueFd descriptor);  // the node has none yet; there is room
  void touch(Node& node);                           // it was used just now
  void keep(Node& node);                            // from now on it is never closed to make room
  void close(Node& node);                           // the node goes away

  std::size_t size() const { return size_; }

 private:
  void link(Node& node);
  void unlink(Node& node);

  std::size_t budget_;
  std::size_t size_ = 0;
  Node* newest_ = nullptr;
  Node* oldest_ = nullptr;
};

}  // namespace gofer
