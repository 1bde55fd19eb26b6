#include "gofer/node_index.h"

#include <bit>
#include <functional>

namespace gofer {
namespace {

constexpr std::size_t kFewest = 64;

}  // namespace

NodeIndex::NodeIndex() : buckets_(kFewest) {}

std::size_t NodeIndex::bucket_of(const Node* parent, std::string_view name) const {
  std::size_t hash = std::hash<std::string_view>{}(name);
  hash ^= std::hash<const Node*>{}(parent) * 0x9e3779b97f4a7c15;
  return (hash ^ (hash >> 32)) & (buckets_.size() - 1);
}

Node* NodeIndex::find(const Node& parent, std::string_view name) const {
  Node* node = buckets_[bucket_of(&parent, name)];
  while (node != nullptr && (node->parent_ != &parent || node->name_.view() != name))
    node = node->next_in_bucket_;
  return node;
}

void NodeIndex::insert(Node& node) {
  if (size_ >= buckets_.size()) rehash(buckets_.size() * 2);
  Node*& head = buckets_[bucket_of(node.parent_, node.name_.view())];
  node.next_in_bucket_ = head;
  head = &node;
  ++size_;
}

void NodeIndex::remove(Node& node) {
  Node** link = &buckets_[bucket_of(node.parent_, node.name_.view())];
  while (*link != &node) link = &(*link)->next_in_bucket_;
  *link = std::exchange(node.next_in_bucket_, nullptr);
  --size_;
  if (buckets_.size() > kFewest && size_ < buckets_.size() / 8) rehash(buckets_.size() / 4);
}

void NodeIndex::rehash(std::size_t buckets) {
  std::vector<Node*> old(buckets);
  old.swap(buckets_);
  for (Node* node : old) {
    while (node != nullptr) {
      Node* next = node->next_in_bucket_;
      Node*& head = buckets_[bucket_of(node->parent_, node->name_.view())];
      node->next_in_bucket_ = head;
      head = node;
      node = next;
    }
  }
}

}  // namespace gofer
