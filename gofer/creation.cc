#include "gofer/creation.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

namespace gofer {
namespace {

using base::fail;
using base::Fd;
using base::Result;
using base::UniqueFd;

constexpr unsigned kOwnedIdentity = kIdentityMask | STATX_UID | STATX_GID;
constexpr uint32_t kIdBits = S_ISUID | S_ISGID;

bool owner_differs(const Session& session, const NewObject& object, const host::Stat& stat) {
  if (!session.attach_point().may_chown) return false;
  return (object.uid != kKeepId && object.uid != stat.stx_uid) ||
         (object.gid != kKeepId && object.gid != stat.stx_gid);
}

Result<void> give_owner(Session& session, const NewObject& object, Fd fd) {
  TRY(host::fchownat(fd, object.uid, object.gid));
  // chown(2) takes these from a file even though nobody but us has seen it yet.
  bool had_id_bits = !S_ISDIR(object.mode) && (object.mode & kIdBits) != 0;
  if (had_id_bits) TRY(host::fchmodat(session.attach_point().own_fds, fd, object.mode & kModeBits));
  return {};
}

Result<void> give_owner_by_name(Session& session, const NewObject& object,
                                const Identity& identity) {
  UniqueFd fd = TRY(host::openat(object.dir, host::Path(object.name), kStep));
  if (!same_file(TRY(identify(fd)), identity)) return fail(ESTALE);
  return give_owner(session, object, fd);
}

}  // namespace

Result<p9::Qid> settle(Session& session, const NewObject& object) {
  host::Stat stat = TRY(host::statx(object.dir, host::Path(object.name), kOwnedIdentity));
  Identity identity = identity_of(stat);
  if (identity.type != (object.mode & S_IFMT)) return fail(ESTALE);
  Result<void> owned;
  if (owner_differs(session, object, stat)) owned = give_owner_by_name(session, object, identity);
  Result<p9::Qid> qid = owned ? session.qid(identity) : base::failure(owned.error());
  if (!qid) undo(object, identity);
  return qid;
}

Result<Identity> settle_open(Session& session, const NewObject& object, Fd fd) {
  host::Stat stat = TRY(host::statx(fd, host::Path::empty(), kOwnedIdentity));
  if (owner_differs(session, object, stat)) TRY(give_owner(session, object, fd));
  return identity_of(stat);
}

void undo(const NewObject& object, const Identity& identity) {
  auto now = identify(object.dir, host::Path(object.name));
  if (!now || !same_file(*now, identity)) return;
  // What can be done about a failure was done: the request fails already.
  (void)host::unlinkat(object.dir, host::Path(object.name),
                       identity.is_directory() ? AT_REMOVEDIR : 0);
}

}  // namespace gofer
