// Rename and unlink.
#include <fcntl.h>

#include <cerrno>

#include "gofer/handlers.h"
#include "gofer/p9/flags.h"

namespace gofer {

Result<p9::Rrename> handle(Session& session, const p9::Trename& request) {
  FidState& file = *TRY(session.fids().find(request.fid));
  FidState& to = *TRY(session.fids().find(request.dfid));
  TRY(session.tree().rename(*file.node, *to.node, request.name));
  return p9::Rrename{};
}

Result<p9::Rrenameat> handle(Session& session, const p9::Trenameat& request) {
  FidState& from = *TRY(session.fids().find(request.olddirfid));
  FidState& to = *TRY(session.fids().find(request.newdirfid));
  TRY(session.tree().rename(*from.node, request.oldname, *to.node, request.newname));
  return p9::Rrenameat{};
}

Result<p9::Runlinkat> handle(Session& session, const p9::Tunlinkat& request) {
  FidState& dir = *TRY(session.fids().find(request.dirfd));
  if ((request.flags & ~p9::kUnlinkDirectory) != 0) return base::fail(EINVAL);
  TRY(session.tree().unlink(*dir.node, request.name, request.flags != 0 ? AT_REMOVEDIR : 0));
  return p9::Runlinkat{};
}

}  // namespace gofer
