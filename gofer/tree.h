// Tree: the served tree as far as fids refer to it, and every step through it.
#pragma once

#include <optional>

#include "gofer/descriptor_cache.h"
#include "gofer/node.h"
#include "gofer/node_index.h"
#include "gofer/scout.h"

namespace gofer {

struct TreeBudget {
  std::size_t nodes = 0;        // past it: ENOMEM
  std::size_t descriptors = 0;  // past it the least recently used one is closed; none left: EMFILE
};

// Finds, opens, moves and forgets nodes. Nothing is resolved by path: each step is one name below
// an open directory, links are not followed, and a place that is opened again must show the same
// file as before (else ESTALE).
class Tree {
 public:
  // `root` is borrowed for the life of the tree; all nodes must be gone before it.
  Tree(base::Fd root, const Identity& identity, TreeBudget budget);
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;
  ~Tree() = default;

  NodeRef root() { return root_; }

  // The file that is `name` in `dir` now. ENOTDIR when `dir` is no directory.
  base::Result<NodeRef> walk(Node& dir, p9::Name name);

  // A node for the file with this identity, which was just created there. Without a descriptor.
  base::Result<NodeRef> adopt(Node& dir, p9::Name name, const Identity& identity);

  // An O_PATH descriptor of the node's file. ESTALE when the host has put another file in its
  // place, or none, after the node's own descriptor was closed.
  base::Result<Pin> open(Node& node);

  // The way to the node's file from the nearest place above it that is open now. None for one that
  // has lost its place and its descriptor, or is more than Scout::kMostNames away.
  std::optional<Trail> trail(Node& node);

  // ESTALE when the host has moved the node's file out of the tree together with the directory
  // that it is or lies in: what is below that is none of the client's business any more. A host
  // that moves one at the same moment is not noticed by any check; so the answer for the directory
  // asked last holds for a few times more, until forget_check().
  base::Result<void> check_inside(Node& node);
  // Some time has passed, or may have.
  void forget_check() { inside_ = nullptr; }

  // The node's name still stands for its file; the root's always does. ENOENT when it is detached,
  // ESTALE when its place shows another file.
  base::Result<void> check_named(Node& node);

  // unlinkat(2). A node of that place is detached and keeps its descriptor.
  base::Result<void> unlink(Node& dir, p9::Name name, int flags);
  // Removes the node's own file, of whatever kind. EBUSY for the root; ENOENT when it is detached,
  // ESTALE when its place shows another file.
  base::Result<void> remove(Node& node);

  // renameat2(2) without flags. The node of the old place moves, that of the new one is detached.
  base::Result<void> rename(Node& from_dir, p9::Name from, Node& to_dir, p9::Name to);
  // Renames the node's own file; errors as for remove().
  base::Result<void> rename(Node& node, Node& to_dir, p9::Name to);

  // The node's file is about to be changed through us, which may change what statx says of it.
  void mark_changed(Node& node) { node.changed_ = true; }

  // What an open or a change of mode showed of bits that a write takes away.
  void note_set_id(Node& node, bool set_id) {
    if (set_id && set_ids_ != kUncounted) ++set_ids_;
    node.set_id_ = set_id;
    node.set_ids_seen_ = set_ids_;
  }
  // Whether the node's file may have some: it had, or some file was given them since, which may be
  // this one by another name.
  bool may_have_set_id(const Node& node) const {
    return node.set_id_ || node.set_ids_seen_ != set_ids_ || set_ids_ == kUncounted;
  }
  // What the node's file said of itself when it was asked for all, its time of birth too.
  void note_birth(Node& node, const Identity& identity) {
    if (!node.birth_unasked_) return;
    node.identity_.birth_ns = identity.birth_ns;
    node.birth_unasked_ = false;
  }
  // The node's file was asked again: its qid shows the version that it has now.
  void note_version(Node& node, uint32_t version) { node.identity_.version = version; }

  std::size_t nodes() const { return nodes_; }
  std::size_t descriptors() const { return cache_.size(); }

 private:
  friend class NodeRef;

  base::Result<NodeRef> make(Node& dir, p9::Name name, const Identity& identity);
  base::Result<NodeRef> known(Node& dir, base::Fd dir_fd, p9::Name name);
  base::Result<void> reopen(Node& node);
  base::Result<void> open_in(Node& node, base::Fd dir);
  base::Result<void> check_place(Node& node);
  base::Result<base::UniqueFd> secure(const Node& node, base::Fd dir);
  base::Result<void> verify(Node& node);
  void move(Node& node, Node& to_dir, p9::Name to);
  void forget(Node& node, base::UniqueFd last = {});
  void release(Node* node);

  // How often the answer of one check is taken.
  static constexpr unsigned kChecksSaved = 64;

  // So many files were given set-id bits that every one may have some.
  static constexpr uint32_t kUncounted = UINT32_MAX;

  base::Fd root_fd_;
  TreeBudget budget_;
  std::size_t nodes_ = 0;
  uint32_t set_ids_ = 0;
  const Node* inside_ = nullptr;  // the directory that check_inside() asked last, if that is news
  unsigned checks_left_ = 0;
  NodeIndex index_;
  DescriptorCache cache_;
  NodeRef root_;
};

}  // namespace gofer
