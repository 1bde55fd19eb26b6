// Opening and creating files.
#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "gofer/creation.h"
#include "gofer/handlers.h"
#include "gofer/open_flags.h"
#include "gofer/set_id.h"

namespace gofer {
namespace {

using base::fail;
using base::Fd;
using base::UniqueFd;

// The name of a file that is created and removed by others all the time is not chased for ever.
constexpr int kCreateAttempts = 4;

uint32_t iounit(const Session& session) {
  return session.msize() - kIoHeader;
}

Result<UniqueFd> open_directory(Fd place, const OpenMode& mode) {
  if (mode.access != Access::kRead || mode.truncate) return fail(EISDIR);
  return host::openat(place, host::Path::here(), O_RDONLY | O_DIRECTORY);
}

// The type was read from the very descriptor that is reopened: no name that could change its
// meaning lies between the check and the open.
Result<UniqueFd> open_regular(Session& session, Node& node, Fd place, const OpenMode& mode) {
  if (node.identity().is_symlink()) return fail(ELOOP);
  if (mode.directory) return fail(ENOTDIR);
  if (!node.identity().is_regular()) return fail(EPERM);
  if (mode.access != Access::kRead || mode.truncate) session.tree().mark_changed(node);
  return host::openat(session.attach_point().own_fds, host::Path::number(place), mode.flags);
}

// Asks an open file for the version that the client may cache its content under, and for what a
// write will have to know.
Result<void> note_opened(Session& session, const FidState& opener, Node& node, Fd fd,
                         const OpenMode& mode) {
  host::Stat stat = TRY(host::statx(fd, host::Path::empty(), kIdentityMask | STATX_MODE));
  session.tree().note_version(node, identity_of(stat).version);
  if (mode.access != Access::kRead) session.tree().note_set_id(node, has_set_id(stat.stx_mode));
  if (mode.truncate && opener.uid != 0) TRY(drop_set_id(session, fd, stat.stx_mode));
  return {};
}

// A description of the file for the client alone, with the access that it asked for and nothing of
// what ours has besides. Without one it asks us to read and write.
void donate(Session& session, const OpenFile& file) {
  if (!session.donates()) return;
  auto fd = host::openat(session.attach_point().own_fds, host::Path::number(file.fd),
                         access_flags(file.access));
  if (fd) session.donate(*std::move(fd));
}

// From now on the fid stands for the open file.
void settle_opened(Session& session, FidState& state, OpenFile file) {
  donate(session, file);
  state.use = std::move(file);
}

// Of a FIFO there is only what the client gets: reads and writes through us would have to wait.
Result<UniqueFd> open_fifo(const Session& session, Fd place, const OpenMode& mode) {
  if (mode.directory) return fail(ENOTDIR);
  if (!session.attach_point().fifo || !session.donates()) return fail(EPERM);
  return host::openat(session.attach_point().own_fds, host::Path::number(place),
                      access_flags(mode.access) | O_NONBLOCK);
}

struct Opened {
  NodeRef node;
  UniqueFd fd;
};

Result<Opened> open_existing(Session& session, const FidState& opener, Node& dir, p9::Name name,
                             const OpenMode& mode) {
  NodeRef node = TRY(session.tree().walk(dir, name));
  if (node->identity().is_directory()) return fail(EISDIR);
  Pin place = TRY(session.tree().open(*node));
  UniqueFd fd = TRY(open_regular(session, *node, place, mode));
  TRY(note_opened(session, opener, *node, fd, mode));
  return Opened{std::move(node), std::move(fd)};
}

Result<NodeRef> adopt_created(Session& session, Node& dir, const NewObject& object, Fd fd) {
  Identity identity = TRY(settle_open(session, object, fd));
  TRY(session.qid(identity));
  return session.tree().adopt(dir, object.name, identity);
}

Result<Opened> create(Session& session, Node& dir, const NewObject& object, const OpenMode& mode) {
  UniqueFd fd =
      TRY(host::openat(object.dir, host::Path(object.name),
                       O_CREAT | O_EXCL | O_NOFOLLOW | mode.flags, object.mode & kModeBits));
  auto node = adopt_created(session, dir, object, fd);
  if (!node) {
    if (auto created = identify(fd)) undo(object, *created);
    return base::failure(node.error());
  }
  session.tree().note_set_id(**node, has_set_id(object.mode));
  return Opened{*std::move(node), std::move(fd)};
}

Result<Opened> create_or_open(Session& session, const FidState& opener, Node& dir,
                              const NewObject& object, const OpenMode& mode) {
  for (int attempt = 1;; ++attempt) {
    auto created = create(session, dir, object, mode);
    if (created || created.error().code() != EEXIST || mode.exclusive) return created;
    auto opened = open_existing(session, opener, dir, object.name, mode);
    if (opened || opened.error().code() != ENOENT || attempt == kCreateAttempts) return opened;
  }
}

Result<p9::Rlcreate> create(Session& session, const p9::Tlcreate& request, Owner owner) {
  FidState& state = *TRY(session.fids().find(request.fid));
  OpenMode mode = TRY(parse_open_flags(request.flags));
  if (mode.directory) return fail(EINVAL);
  if (state.is_open()) return fail(EBADF);
  Budget::Share share = TRY(session.open_files().take(1, EMFILE));
  NodeRef parent = state.node;
  Pin dir = TRY(session.tree().open(*parent));
  NewObject object{.dir = dir,
                   .name = request.name,
                   .mode = S_IFREG | (request.mode & kModeBits),
                   .uid = owner.uid_or(state.uid),
                   .gid = owner.gid};
  Opened opened = TRY(create_or_open(session, state, *parent, object, mode));
  p9::Qid qid = TRY(session.qid(opened.node->identity()));
  state.node = std::move(opened.node);
  settle_opened(session, state, {std::move(share), std::move(opened.fd), mode.access});
  return p9::Rlcreate{.qid = qid, .iounit = iounit(session)};
}

}  // namespace

Result<p9::Rlopen> handle(Session& session, const p9::Tlopen& request) {
  FidState& state = *TRY(session.fids().find(request.fid));
  OpenMode mode = TRY(parse_open_flags(request.flags));
  if (state.is_open()) return fail(EBADF);
  Node& node = *state.node;
  Budget::Share share = TRY(session.open_files().take(1, EMFILE));
  Pin place = TRY(session.tree().open(node));
  if (node.identity().is_directory()) {
    p9::Qid qid = TRY(session.qid(node.identity()));
    UniqueFd fd = TRY(open_directory(place, mode));
    state.use = OpenDirectory{std::move(share), std::move(fd)};
    return p9::Rlopen{.qid = qid, .iounit = iounit(session)};
  }
  if (node.identity().is_fifo()) {
    p9::Qid qid = TRY(session.qid(node.identity()));
    session.hand_over(TRY(open_fifo(session, place, mode)));
    state.use = OpenFifo{};
    return p9::Rlopen{.qid = qid, .iounit = iounit(session)};
  }
  UniqueFd fd = TRY(open_regular(session, node, place, mode));
  TRY(note_opened(session, state, node, fd, mode));
  p9::Qid qid = TRY(session.qid(node.identity()));
  settle_opened(session, state, {std::move(share), std::move(fd), mode.access});
  return p9::Rlopen{.qid = qid, .iounit = iounit(session)};
}

Result<p9::Rlcreate> handle(Session& session, const p9::Tlcreate& request) {
  return create(session, request, {.gid = request.gid});
}

Result<p9::Rucreate> handle(Session& session, const p9::Tucreate& request) {
  p9::Tlcreate plain{request.fid, request.name, request.flags, request.mode, request.gid};
  p9::Rlcreate created = TRY(create(session, plain, {.uid = request.uid, .gid = request.gid}));
  return p9::Rucreate{created.qid, created.iounit};
}

}  // namespace gofer
