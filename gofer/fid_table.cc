#include "gofer/fid_table.h"

#include <cerrno>

namespace gofer {

using base::fail;
using base::Result;

Result<FidState*> FidTable::find(p9::Fid fid) {
  FidState* state = TRY(find_any(fid));
  if (state->is_xattr()) return fail(EBADF);
  return state;
}

Result<FidState*> FidTable::find_any(p9::Fid fid) {
  auto at = states_.find(fid);
  if (at == states_.end()) return fail(EBADF);
  return &at->second;
}

Result<void> FidTable::check_free(p9::Fid fid) const {
  if (fid.value == p9::kNoFid || states_.contains(fid)) return fail(EBADF);
  if (states_.size() >= limit_) return fail(EMFILE);
  return {};
}

Result<void> FidTable::insert(p9::Fid fid, FidState state) {
  TRY(check_free(fid));
  states_.emplace(fid, std::move(state));
  return {};
}

}  // namespace gofer
