// Requests that are known but not served yet.
#include <cerrno>

#include "gofer/handlers.h"

namespace gofer {

Result<p9::Rxattrwalk> handle(Session& session, const p9::Txattrwalk& request) {
  TRY(session.fids().find(request.fid));
  return base::fail(EOPNOTSUPP);
}

Result<p9::Rxattrcreate> handle(Session& session, const p9::Txattrcreate& request) {
  TRY(session.fids().find(request.fid));
  return base::fail(EOPNOTSUPP);
}

Result<p9::Rlock> handle(Session& session, const p9::Tlock& request) {
  TRY(session.fids().find(request.fid));
  return base::fail(EOPNOTSUPP);
}

Result<p9::Rgetlock> handle(Session& session, const p9::Tgetlock& request) {
  TRY(session.fids().find(request.fid));
  return base::fail(EOPNOTSUPP);
}

}  // namespace gofer
