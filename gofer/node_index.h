// NodeIndex: finds the node of a place, by parent and name.
#pragma once

#include <vector>

#include "gofer/node.h"

namespace gofer {

// A hash table threaded through the nodes, so that an entry costs one pointer. It owns no node and
// holds no reference; at most one node per place is in it.
class NodeIndex {
 public:
  NodeIndex();
  Node* find(const Node& parent, std::string_view name) const;  // null: none
  void insert(Node& node);  // under its parent and name, both of which then stay as they are
  void remove(Node& node);
  std::size_t size() const { return size_; }

 private:
  std::size_t bucket_of(const Node* parent, std::string_view name) const;
  void rehash(std::size_t buckets);

  std::vector<Node*> buckets_;  // always a power of two
  std::size_t size_ = 0;
};

}  // namespace gofer
