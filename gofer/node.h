// Node: a place in the served tree and the file that was found there, shared by all fids on it.
#pragma once

#include <fcntl.h>

#include <cstdint>
#include <string_view>
#include <utility>

#include "gofer/host_file.h"
#include "gofer/node_name.h"
#include "gofer/p9/wire.h"
#include "spec/base/fd.h"

namespace gofer {

class Tree;
class Node;

// What tells one file from another, also after its descriptor was closed.
struct Identity {
  uint64_t device = 0;
  uint64_t inode = 0;
  // 0 where the file system does not know; then it is not compared. kLateBirth from 2262 on.
  int64_t birth_ns = 0;
  uint32_t type = 0;     // S_IFMT bits
  uint32_t version = 0;  // of its content when it was asked; not compared. 0: it was not asked

  bool is_directory() const;
  bool is_regular() const;
  bool is_symlink() const;
  bool is_fifo() const;
  bool is_socket() const;
};

inline constexpr int64_t kLateBirth = INT64_MAX;

inline constexpr unsigned kIdentityMask =
    STATX_TYPE | STATX_INO | STATX_BTIME | STATX_MTIME | STATX_SIZE;

Identity identity_of(const host::Stat& stat);
Identity identity_of(const host::BasicStat& stat);  // without its birth
// Asks for it but for the time of birth, in less time.
base::Result<Identity> identify_unborn(base::Fd fd);
// Asks for it: of the descriptor's own file, or of a name below it.
base::Result<Identity> identify(base::Fd fd, const host::Path& path = host::Path::empty());
bool same_file(const Identity& a, const Identity& b);

// How a place is opened: to be asked, and to go on from.
inline constexpr int kStep = O_PATH | O_NOFOLLOW;

// A counted reference; the last one to go takes the node with it. Not for several threads.
class NodeRef {
 public:
  NodeRef() = default;
  explicit NodeRef(Node* node);
  NodeRef(const NodeRef& other) : NodeRef(other.node_) {}
  NodeRef(NodeRef&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
  NodeRef& operator=(const NodeRef& other) {
    NodeRef copy(other);
    std::swap(node_, copy.node_);
    return *this;
  }
  NodeRef& operator=(NodeRef&& other) noexcept {
    NodeRef taken(std::move(other));
    std::swap(node_, taken.node_);
    return *this;
  }
  ~NodeRef();

  Node* get() const { return node_; }
  Node& operator*() const { return *node_; }
  Node* operator->() const { return node_; }
  explicit operator bool() const { return node_ != nullptr; }

 private:
  Node* node_ = nullptr;
};

// A node says where its file is, by parent and name, as far as this server knows: what the server
// renames moves along, with everything below it. It owns an O_PATH descriptor of the file, or owns
// none for the moment: Tree closes and reopens them. A detached node's file has no place any more
// (unlinked, replaced); it lives on through its descriptor, or is stale without one.
//
// Tree makes, moves and changes nodes; everybody else reads them.
class Node {
 public:
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  ~Node() = default;

  const Identity& identity() const { return identity_; }
  // Its identity holds the time of birth that the file has now, if it has any.
  bool knows_birth() const {
    return !changed_ && !birth_unasked_ && identity_.birth_ns != kLateBirth;
  }
  bool is_root() const { return parent_ == nullptr; }
  bool is_detached() const { return detached_; }
  Node* parent() const { return parent_; }  // where it was, for a detached one; null for the root
  p9::Name name() const { return *p9::Name::parse(name_.view()); }  // not for the root

 private:
  friend class Tree;
  friend class NodeRef;
  friend class NodeIndex;
  friend class DescriptorCache;
  friend class Pin;

  Node(Tree& tree, Node* parent, std::string_view name, const Identity& identity)
      : tree_(tree), parent_(parent), name_(name), identity_(identity) {}

  Tree& tree_;
  Node* parent_;  // holds a reference on it
  NodeName name_;
  Identity identity_;
  Node* next_in_bucket_ = nullptr;
  Node* newer_ = nullptr;  // in the order of last use, while its descriptor may be closed
  Node* older_ = nullptr;
  uint32_t references_ = 0;
  base::UniqueFd descriptor_;
  uint32_t set_ids_seen_ = 0;  // how many files had been given set-id bits: see Tree
  uint16_t pins_ = 0;          // at most a few for each request that is served
  bool detached_ : 1 = false;
  bool unverified_ : 1 = false;     // its descriptor may be of another file: it was opened unasked
  bool birth_unasked_ : 1 = false;  // while it has a descriptor that nothing else could be behind
  bool set_id_ : 1 = false;         // bits that a write takes away, when they were last asked for
  bool changed_ : 1 = false;        // written through us: its identity may have changed (copy-up)
};
// What a client pays with for a place: see docs/limits.md.
static_assert(sizeof(Node) <= 104);

// A descriptor that stays open while the Pin lives, whatever else is opened meanwhile.
class [[nodiscard]] Pin {
 public:
  // A descriptor that somebody else keeps open for at least as long.
  explicit Pin(base::Fd fd) : fd_(fd) {}
  Pin(NodeRef node, base::Fd fd) : node_(std::move(node)), fd_(fd) { ++node_->pins_; }
  Pin(const Pin&) = delete;
  Pin& operator=(const Pin&) = delete;
  Pin(Pin&& other) noexcept : node_(std::move(other.node_)), fd_(other.fd_) {}
  Pin& operator=(Pin&&) = delete;
  ~Pin() {
    if (node_) --node_->pins_;
  }
  // NOLINTNEXTLINE(google-explicit-constructor): borrowing is free
  operator base::Fd() const& { return fd_; }
  operator base::Fd() const&& = delete;

 private:
  NodeRef node_;
  base::Fd fd_;
};

}  // namespace gofer
