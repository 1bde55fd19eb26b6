// Requests that are known but not served yet.
#include <cerrno>

#include "gofer/handlers.h"

namespace gofer {

Result<p9::Rxattrwalk> handle(Session&, const p9::Txattrwalk&) {
  return base::fail(EOPNOTSUPP);
}

Result<p9::Rxattrcreate> handle(Session&, const p9::Txattrcreate&) {
  return base::fail(EOPNOTSUPP);
}

Result<p9::Rlock> handle(Session&, const p9::Tlock&) {
  return base::fail(EOPNOTSUPP);
}

Result<p9::Rgetlock> handle(Session&, const p9::Tgetlock&) {
  return base::fail(EOPNOTSUPP);
}

}  // namespace gofer
