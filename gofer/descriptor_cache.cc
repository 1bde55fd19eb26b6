#include "gofer/descriptor_cache.h"

#include <cerrno>

namespace gofer {

base::Result<void> DescriptorCache::make_room() {
  if (!is_full()) return {};
  Node* victim = oldest_;
  while (victim != nullptr && victim->pins_ > 0) victim = victim->newer_;
  if (victim == nullptr) return base::fail(EMFILE);
  if (victim->changed_ || victim->birth_unasked_) ask(*victim);
  victim->changed_ = false;
  close(*victim);
  return {};
}

void DescriptorCache::ask(Node& node) {
  if (auto now = identify(node.descriptor_)) node.identity_ = *now;
  node.birth_unasked_ = false;
}

void DescriptorCache::put(Node& node, base::UniqueFd descriptor) {
  node.descriptor_ = std::move(descriptor);
  ++size_;
  link(node);
}

void DescriptorCache::touch(Node& node) {
  if (newest_ == &node || node.detached_) return;
  unlink(node);
  link(node);
}

void DescriptorCache::keep(Node& node) {
  unlink(node);
}

void DescriptorCache::close(Node& node) {
  if (!node.descriptor_.valid()) return;
  if (!node.detached_) unlink(node);
  node.descriptor_.reset();
  --size_;
}

void DescriptorCache::link(Node& node) {
  node.older_ = newest_;
  node.newer_ = nullptr;
  (newest_ != nullptr ? newest_->newer_ : oldest_) = &node;
  newest_ = &node;
}

void DescriptorCache::unlink(Node& node) {
  (node.newer_ != nullptr ? node.newer_->older_ : newest_) = node.older_;
  (node.older_ != nullptr ? node.older_->newer_ : oldest_) = node.newer_;
  node.older_ = node.newer_ = nullptr;
}

}  // namespace gofer
