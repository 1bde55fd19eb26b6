#include "gofer/session.h"

#include <cerrno>
#include <ranges>
#include <vector>

namespace gofer {
namespace {

using base::fail;
using base::Result;

uint8_t qid_type(const Identity& identity) {
  if (identity.is_directory()) return p9::kQidDirectory;
  return identity.is_symlink() ? p9::kQidSymlink : 0;
}

bool is_served_root(const Identity& root, const AttachPoint& attach_point) {
  return root.is_directory() || root.is_regular() || (root.is_socket() && attach_point.uds) ||
         (root.is_fifo() && attach_point.fifo);
}

}  // namespace

Session::State::State(const AttachPoint& attach_point, const Identity& root)
    : tree(attach_point.root, root,
           TreeBudget{.nodes = attach_point.limits.nodes,
                      .descriptors = attach_point.limits.node_fds}),
      open_files(attach_point.limits.open_files),
      xattr_bytes(attach_point.limits.xattr_bytes),
      locks(attach_point.limits.lock_owners, attach_point.limits.lock_ranges),
      fids(attach_point.limits.fids) {}

Session::Session(const AttachPoint& attach_point, const base::Log& log, const Identity& root)
    : attach_point_(&attach_point),
      log_(log),
      state_(std::make_unique<State>(attach_point, root)) {}

Result<Session> Session::start(const AttachPoint& attach_point, const base::Log& log) {
  Identity root = TRY(identify(attach_point.root));
  if (!is_served_root(root, attach_point)) return fail(EINVAL);
  return Session(attach_point, log, root);
}

Result<p9::Qid> Session::qid(const Identity& identity) {
  uint64_t path = TRY(state_->qids.path(identity.device, identity.inode));
  return p9::Qid{.type = qid_type(identity), .version = identity.version, .path = path};
}

Result<Pin> Session::descriptor(FidState& state) {
  if (auto* file = state.use.as<OpenFile>()) return Pin(file->fd);
  if (auto* directory = state.use.as<OpenDirectory>()) return Pin(directory->fd);
  return tree().open(*state.node);
}

std::span<std::byte> Session::xattr_room() {
  if (!state_->xattr) state_->xattr = std::make_unique_for_overwrite<std::byte[]>(kMaxXattrSize);
  return {state_->xattr.get(), kMaxXattrSize};
}

std::optional<Result<std::size_t>> Session::make(const DiskCall& call, FidState& state) {
  if (!may_leave_) return call.make();
  auto* file = state.use.as<OpenFile>();
  if (file != nullptr)
    if (auto made = disk_.make_at_once(call, *file)) return made;
  DiskCall left = call;
  left.use = state.use;
  left_ = std::move(left);
  return std::nullopt;
}

void Session::begin(uint32_t msize, uint32_t google) {
  fids().clear();
  msize_ = msize;
  google_ = google;
  has_version_ = true;
}

std::string Session::path_of(const Node& node) {
  std::vector<std::string_view> names;
  for (const Node* at = &node; !at->is_root(); at = at->parent())
    names.push_back(at->name().view());
  std::string path;
  for (std::string_view name : std::views::reverse(names)) path.append("/").append(name);
  if (path.empty()) path = "/";
  if (node.is_detached()) path += " (detached)";
  return path;
}

}  // namespace gofer
