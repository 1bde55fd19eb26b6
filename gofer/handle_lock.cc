// Byte-range locks.
#include <fcntl.h>

#include <cerrno>
#include <cstdint>

#include "gofer/handlers.h"
#include "gofer/p9/flags.h"

namespace gofer {
namespace {

using base::fail;
using base::UniqueFd;
using host::LockKind;
using host::LockRange;

constexpr std::size_t kMaxClientId = 255;
constexpr uint32_t kKnownFlags = p9::kLockBlock | p9::kLockReclaim;

Result<LockKind> parse_kind(uint8_t type) {
  switch (type) {
    case p9::kLockRead:
      return LockKind::kRead;
    case p9::kLockWrite:
      return LockKind::kWrite;
    case p9::kLockUnlock:
      return LockKind::kNone;
    default:
      return fail(EINVAL);
  }
}

uint8_t type_of(LockKind kind) {
  switch (kind) {
    case LockKind::kRead:
      return p9::kLockRead;
    case LockKind::kWrite:
      return p9::kLockWrite;
    case LockKind::kNone:
      break;
  }
  return p9::kLockUnlock;
}

Result<LockRange> parse_range(uint64_t start, uint64_t length) {
  constexpr uint64_t kEnd = INT64_MAX;
  if (start > kEnd || (length > 0 && length - 1 > kEnd - start)) return fail(EINVAL);
  return LockRange::of(start, length);
}

// A request about locks, checked.
struct Asked {
  OpenFile& open;
  Node& node;
  LockedFile file;
  LockOwner owner;
  LockKind kind;
  LockRange range;
};

template <class M>
Result<Asked> check(Session& session, const M& request) {
  FidState& state = *TRY(session.fids().find(request.fid));
  if (!session.attach_point().locks) return fail(EOPNOTSUPP);
  auto* open = state.use.as<OpenFile>();
  if (open == nullptr) return fail(EBADF);
  if (request.client_id.size() > kMaxClientId) return fail(EINVAL);
  LockKind kind = TRY(parse_kind(request.type));
  LockRange range = TRY(parse_range(request.start, request.length));
  Identity identity = TRY(identify(open->fd));
  return Asked{.open = *open,
               .node = *state.node,
               .file = {identity.device, identity.inode},
               .owner = {request.client_id, request.proc_id},
               .kind = kind,
               .range = range};
}

// One more description of the file.
Result<UniqueFd> open_again(Session& session, const Asked& asked, int access) {
  if (access != O_RDONLY) session.tree().mark_changed(asked.node);
  return host::openat(session.attach_point().own_fds, host::Path::number(asked.open.fd), access);
}

// A description of the file of its own, in which a lock of the kind can be held. Open for both
// where possible: then an owner can hold locks of both kinds.
Result<LockTable::Entry*> add_entry(Session& session, const Asked& asked) {
  bool writable = asked.kind == LockKind::kWrite || asked.open.access != Access::kRead;
  auto opened = open_again(session, asked, writable ? O_RDWR : O_RDONLY);
  if (!opened && asked.open.access == Access::kWrite) opened = open_again(session, asked, O_WRONLY);
  UniqueFd fd = TRY(std::move(opened));
  return session.locks().add(asked.file, asked.owner, std::move(fd), writable);
}

}  // namespace

Result<p9::Rlock> handle(Session& session, const p9::Tlock& request) {
  Asked asked = TRY(check(session, request));
  if ((request.flags & ~kKnownFlags) != 0) return fail(EINVAL);
  bool writes = asked.kind == LockKind::kWrite;
  if (writes && session.attach_point().read_only) return fail(EBADF);
  LockTable& locks = session.locks();
  LockTable::Entry* entry = locks.find(asked.file, asked.owner);
  if (entry == nullptr) {
    if (asked.kind == LockKind::kNone) return p9::Rlock{p9::kLockSuccess};
    entry = TRY(add_entry(session, asked));
  } else if (writes && !entry->writable) {
    TRY(locks.replace(*entry, TRY(open_again(session, asked, O_RDWR))));
  }
  auto set = locks.set(*entry, request.fid, asked.range, asked.kind);
  if (!set && set.error().code() == EAGAIN) return p9::Rlock{p9::kLockBlocked};
  TRY(std::move(set));
  if (!asked.open.locks) asked.open.locks = std::make_unique<LockTable::Holder>(locks, request.fid);
  return p9::Rlock{p9::kLockSuccess};
}

Result<p9::Rgetlock> handle(Session& session, const p9::Tgetlock& request) {
  Asked asked = TRY(check(session, request));
  LockKind kind = asked.kind == LockKind::kRead ? LockKind::kRead : LockKind::kWrite;
  LockTable::Entry* own = session.locks().find(asked.file, asked.owner);
  host::FoundLock found =
      TRY(host::get_lock(own != nullptr ? own->fd : asked.open.fd, kind, asked.range));
  p9::Rgetlock reply{.type = type_of(found.kind),
                     .start = request.start,
                     .length = request.length,
                     .proc_id = request.proc_id,
                     .client_id = request.client_id};
  if (found.kind == LockKind::kNone) return reply;
  reply.start = found.range.start;
  reply.length = found.range.length();
  auto* holder = session.locks().other_holder(asked.file, asked.owner, found.range);
  reply.proc_id = holder != nullptr ? holder->proc_id : 0;
  reply.client_id = holder != nullptr ? std::string_view(holder->client_id) : std::string_view();
  return reply;
}

}  // namespace gofer
