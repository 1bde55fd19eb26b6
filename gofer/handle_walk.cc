// Walk, clunk and remove.
#include <cerrno>

#include "gofer/handlers.h"
#include "gofer/xattr.h"

namespace gofer {

Result<p9::Rwalk> handle(Session& session, const p9::Twalk& request) {
  FidState& from = *TRY(session.fids().find(request.fid));
  bool in_place = request.newfid == request.fid;
  if (!in_place) TRY(session.fids().check_free(request.newfid));

  p9::Rwalk reply;
  NodeRef at = from.node;
  for (p9::Name name : request.wnames.view()) {
    // A link on the way would be followed by a local open; here it is the client's to resolve.
    if (reply.wqids.count > 0 && at->identity().is_symlink()) return base::fail(ELOOP);
    at = TRY(session.tree().walk(*at, name));
    reply.wqids.items[reply.wqids.count++] = TRY(session.qid(at->identity()));
  }
  if (!in_place)
    TRY(session.fids().insert(request.newfid, {.node = at, .uid = from.uid}));
  else if (reply.wqids.count > 0)
    from = {.node = at, .uid = from.uid};
  return reply;
}

// The dispatcher releases the fid, here and after Tremove: see kReleasesFid.
Result<p9::Rclunk> handle(Session& session, const p9::Tclunk& request) {
  FidState& state = *TRY(session.fids().find_any(request.fid));
  if (const auto* draft = state.draft()) TRY(commit_xattr(session, state, *draft));
  return p9::Rclunk{};
}

Result<p9::Rremove> handle(Session& session, const p9::Tremove& request) {
  FidState& state = *TRY(session.fids().find(request.fid));
  TRY(session.tree().remove(*state.node));
  return p9::Rremove{};
}

}  // namespace gofer
