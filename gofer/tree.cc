#include "gofer/tree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

namespace gofer {
namespace {

using base::fail;
using base::Fd;
using base::Result;
using base::UniqueFd;

constexpr uint64_t kSecond = 1'000'000'000;

// Changes whenever the modification time or the size does; never 0, which means "not asked".
// Clients that cache the content of files ask for it again when this number is another one.
uint32_t version_of(int64_t mtime_sec, uint64_t mtime_nsec, uint64_t size) {
  auto seconds = static_cast<uint64_t>(mtime_sec);
  uint64_t mixed = (seconds * kSecond + mtime_nsec) * 0x9e3779b97f4a7c15;
  mixed ^= size * 0xff51afd7ed558ccd;
  auto version = static_cast<uint32_t>(mixed ^ (mixed >> 32));
  return version != 0 ? version : 1;
}

int64_t birth_of(const statx_timestamp& birth) {
  constexpr auto kLast = static_cast<int64_t>(kLateBirth / kSecond);
  if (birth.tv_sec >= kLast || birth.tv_sec < -kLast) return kLateBirth;
  return birth.tv_sec * static_cast<int64_t>(kSecond) + birth.tv_nsec;
}

uint64_t device_of(uint32_t major, uint32_t minor) {
  return uint64_t{major} << 32 | minor;
}

}  // namespace

bool Identity::is_directory() const {
  return S_ISDIR(type);
}
bool Identity::is_regular() const {
  return S_ISREG(type);
}
bool Identity::is_symlink() const {
  return S_ISLNK(type);
}
bool Identity::is_fifo() const {
  return S_ISFIFO(type);
}
bool Identity::is_socket() const {
  return S_ISSOCK(type);
}

Identity identity_of(const host::Stat& stat) {
  Identity identity{.device = device_of(stat.stx_dev_major, stat.stx_dev_minor),
                    .inode = stat.stx_ino,
                    .type = stat.stx_mode & uint32_t{S_IFMT}};
  if (identity.is_regular())
    identity.version = version_of(stat.stx_mtime.tv_sec, stat.stx_mtime.tv_nsec, stat.stx_size);
  if ((stat.stx_mask & STATX_BTIME) != 0) identity.birth_ns = birth_of(stat.stx_btime);
  return identity;
}

Identity identity_of(const host::BasicStat& stat) {
  Identity identity{.device = device_of(gnu_dev_major(stat.st_dev), gnu_dev_minor(stat.st_dev)),
                    .inode = stat.st_ino,
                    .type = stat.st_mode & uint32_t{S_IFMT}};
  if (identity.is_regular())
    identity.version = version_of(stat.st_mtim.tv_sec, static_cast<uint64_t>(stat.st_mtim.tv_nsec),
                                  static_cast<uint64_t>(stat.st_size));
  return identity;
}

Result<Identity> identify(Fd fd, const host::Path& path) {
  auto stat = host::statx(fd, path, kIdentityMask);
  if (!stat) return base::failure(stat.error());
  return identity_of(*stat);
}

Result<Identity> identify_unborn(Fd fd) {
  auto stat = host::fstat(fd);
  if (!stat) return base::failure(stat.error());
  return identity_of(*stat);
}

bool same_file(const Identity& a, const Identity& b) {
  bool same_birth = a.birth_ns == b.birth_ns || a.birth_ns == 0 || b.birth_ns == 0;
  return a.device == b.device && a.inode == b.inode && a.type == b.type && same_birth;
}

NodeRef::NodeRef(Node* node) : node_(node) {
  if (node_ != nullptr) ++node_->references_;
}

NodeRef::~NodeRef() {
  if (node_ != nullptr && --node_->references_ == 0) node_->tree_.release(node_);
}

Tree::Tree(Fd root, const Identity& identity, TreeBudget budget)
    : root_fd_(root), budget_(budget), cache_(budget.descriptors) {
  root_ = NodeRef(new Node(*this, nullptr, "", identity));
  ++nodes_;
}

Result<NodeRef> Tree::walk(Node& dir, p9::Name name) {
  if (!dir.identity_.is_directory()) return fail(ENOTDIR);
  Pin dir_fd = TRY(open(dir));
  if (NodeRef node = TRY(known(dir, dir_fd, name))) return node;
  TRY(cache_.make_room());
  UniqueFd fd = TRY(host::openat(dir_fd, host::Path(name), kStep));
  // A file that is open needs no time of birth to be told from all others. Where descriptors are
  // short this one will soon be closed.
  bool unborn = !cache_.is_full();
  NodeRef node = TRY(make(dir, name, TRY(unborn ? identify_unborn(fd) : identify(fd))));
  node->birth_unasked_ = unborn;
  cache_.put(*node, std::move(fd));
  return node;
}

// The node of that place if there is one and its file is still there; null if not.
Result<NodeRef> Tree::known(Node& dir, Fd dir_fd, p9::Name name) {
  Node* node = index_.find(dir, name.view());
  if (node == nullptr) return NodeRef();
  auto found = identify(dir_fd, host::Path(name));
  if (!found) {
    if (found.error().code() == ENOENT) forget(*node);
    return base::failure(found.error());
  }
  // Some file systems show another identity after a first write; the descriptor tells.
  if (node->birth_unasked_ || (node->descriptor_.valid() && !same_file(*found, node->identity_)))
    DescriptorCache::ask(*node);
  if (!same_file(*found, node->identity_)) {
    forget(*node);
    return NodeRef();
  }
  node->identity_.version = found->version;
  return NodeRef(node);
}

Result<NodeRef> Tree::adopt(Node& dir, p9::Name name, const Identity& identity) {
  if (Node* old = index_.find(dir, name.view())) forget(*old);
  return make(dir, name, identity);
}

Result<NodeRef> Tree::make(Node& dir, p9::Name name, const Identity& identity) {
  if (nodes_ >= budget_.nodes) return fail(ENOMEM);
  NodeRef node(new Node(*this, &dir, name.view(), identity));
  ++dir.references_;
  ++nodes_;
  index_.insert(*node);
  return node;
}

Result<Pin> Tree::open(Node& node) {
  if (node.is_root()) return Pin(root_fd_);
  if (node.unverified_) TRY(verify(node));
  if (node.descriptor_.valid())
    cache_.touch(node);
  else
    TRY(reopen(node));
  return Pin(NodeRef(&node), node.descriptor_);
}

std::optional<Trail> Tree::trail(Node& node) {
  std::vector<host::Path> names;
  Node* at = &node;
  for (; !at->is_root() && !at->descriptor_.valid(); at = at->parent_) {
    if (at->detached_ || names.size() == Scout::kMostNames) return std::nullopt;
    names.emplace_back(at->name());
  }
  if (at->unverified_) return std::nullopt;
  std::ranges::reverse(names);
  Pin from = at->is_root() ? Pin(root_fd_) : Pin(NodeRef(at), at->descriptor_);
  return Trail{.from = std::move(from), .names = std::move(names)};
}

// The kernel answers ".." of a directory that is no longer below the root of its mount with ENOENT.
Result<void> Tree::check_inside(Node& node) {
  Node* dir = node.identity_.is_directory() ? &node : node.detached_ ? nullptr : node.parent_;
  if (dir == nullptr || dir->is_root()) return {};
  if (dir == inside_ && checks_left_ > 0) {
    --checks_left_;
    return {};
  }
  Pin fd = TRY(open(*dir));
  if (!host::reach_parent(fd)) return fail(ESTALE);
  inside_ = dir;
  checks_left_ = kChecksSaved;
  return {};
}

// From the nearest place above that is open, down to the node, each step verified. A loop: the
// client decides how deep a tree is, not our stack.
Result<void> Tree::reopen(Node& node) {
  std::vector<Node*> closed;
  for (Node* at = &node; !at->is_root() && !at->descriptor_.valid(); at = at->parent_) {
    if (at->detached_) return fail(ESTALE);
    closed.push_back(at);
  }
  for (; !closed.empty(); closed.pop_back()) {
    Node& next = *closed.back();
    Pin above = TRY(open(*next.parent_));
    TRY(open_in(next, above));
  }
  return {};
}

Result<void> Tree::open_in(Node& node, Fd dir) {
  TRY(cache_.make_room());
  auto fd = host::openat(dir, host::Path(node.name()), kStep);
  if (!fd) {
    int code = fd.error().code();
    return fail(code == ENOENT || code == ENOTDIR ? ESTALE : code);
  }
  if (!same_file(TRY(identify(*fd)), node.identity_)) return fail(ESTALE);
  cache_.put(node, *std::move(fd));
  return {};
}

// What is left of a node's file once it loses its place below `dir`; none if the node has a
// descriptor already, or another file its place. Most of these nodes are not asked for any more: so
// which file it is, is looked at when somebody does.
Result<UniqueFd> Tree::secure(const Node& node, Fd dir) {
  if (node.descriptor_.valid()) return UniqueFd();
  TRY(cache_.make_room());
  auto fd = host::openat(dir, host::Path(node.name()), kStep);
  if (!fd && (fd.error().code() == ENOENT || fd.error().code() == ENOTDIR)) return UniqueFd();
  return fd;
}

Result<void> Tree::verify(Node& node) {
  node.unverified_ = false;
  auto found = identify(node.descriptor_);
  if (found && same_file(*found, node.identity_)) return {};
  cache_.close(node);
  return fail(ESTALE);
}

Result<void> Tree::unlink(Node& dir, p9::Name name, int flags) {
  Pin dir_fd = TRY(open(dir));
  NodeRef node(index_.find(dir, name.view()));
  UniqueFd last;
  if (node) last = TRY(secure(*node, dir_fd));
  TRY(host::unlinkat(dir_fd, host::Path(name), flags));
  if (node) forget(*node, std::move(last));
  return {};
}

Result<void> Tree::check_place(Node& node) {
  if (node.is_root()) return fail(EBUSY);
  if (node.detached_) return fail(ENOENT);
  Pin parent = TRY(open(*node.parent_));
  NodeRef now = TRY(known(*node.parent_, parent, node.name()));
  if (now.get() != &node) return fail(ESTALE);
  return {};
}

Result<void> Tree::check_named(Node& node) {
  NodeRef keep(&node);
  return node.is_root() ? Result<void>() : check_place(node);
}

Result<void> Tree::remove(Node& node) {
  NodeRef keep(&node);
  TRY(check_place(node));
  return unlink(*node.parent_, node.name(), node.identity_.is_directory() ? AT_REMOVEDIR : 0);
}

Result<void> Tree::rename(Node& node, Node& to_dir, p9::Name to) {
  NodeRef keep(&node);
  TRY(check_place(node));
  std::string from(node.name_.view());
  return rename(*NodeRef(node.parent_), *p9::Name::parse(from), to_dir, to);
}

Result<void> Tree::rename(Node& from_dir, p9::Name from, Node& to_dir, p9::Name to) {
  Pin from_fd = TRY(open(from_dir));
  Pin to_fd = TRY(open(to_dir));
  NodeRef moved(index_.find(from_dir, from.view()));
  NodeRef replaced(index_.find(to_dir, to.view()));
  UniqueFd last;
  if (replaced) last = TRY(secure(*replaced, to_fd));
  // Two names of one file: the kernel leaves both where they are.
  bool stays = false;
  if (moved && !moved->identity_.is_directory()) {
    auto target = identify(to_fd, host::Path(to));
    stays = target && same_file(*target, moved->identity_);
  }
  TRY(host::renameat2(from_fd, host::Path(from), to_fd, host::Path(to)));
  if (stays || (replaced && replaced.get() == moved.get())) return {};
  if (replaced) forget(*replaced, std::move(last));
  if (moved) move(*moved, to_dir, to);
  return {};
}

void Tree::move(Node& node, Node& to_dir, p9::Name to) {
  for (Node* above = &to_dir; above != nullptr; above = above->parent_) {
    // The host has moved directories behind our back, and the kernel knows better what lies above
    // what. Our own nodes must never form a ring.
    if (above == &node) return forget(node);
  }
  index_.remove(node);
  NodeRef old_parent(node.parent_);
  --node.parent_->references_;
  node.parent_ = &to_dir;
  ++to_dir.references_;
  node.name_.set(to.view());
  index_.insert(node);
}

void Tree::forget(Node& node, UniqueFd last) {
  index_.remove(node);
  if (last.valid()) {
    cache_.put(node, std::move(last));
    node.unverified_ = true;
  }
  if (node.descriptor_.valid()) cache_.keep(node);
  node.detached_ = true;
}

// Frees the node, and then those above it that only it kept: a loop for the same reason as above.
void Tree::release(Node* node) {
  while (node != nullptr) {
    cache_.close(*node);
    if (!node->detached_ && !node->is_root()) index_.remove(*node);
    if (node == inside_) forget_check();
    Node* parent = node->parent_;
    delete node;
    --nodes_;
    node = parent != nullptr && --parent->references_ == 0 ? parent : nullptr;
  }
}

}  // namespace gofer
