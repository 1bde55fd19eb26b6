#include "gofer/set_id.h"

#include <sys/stat.h>

namespace gofer {

using base::Fd;
using base::Result;

bool has_set_id(uint32_t mode) {
  if (!S_ISREG(mode)) return false;
  return (mode & S_ISUID) != 0 || (mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP);
}

Result<void> drop_set_id_for_write(Session& session, FidState& state, Fd file) {
  if (state.uid == 0 || !session.tree().may_have_set_id(*state.node)) return {};
  TRY(drop_set_id(session, file));
  session.tree().note_set_id(*state.node, false);
  return {};
}

Result<void> drop_set_id(Session& session, Fd file) {
  host::Stat stat = TRY(host::statx(file, host::Path::empty(), STATX_TYPE | STATX_MODE));
  return drop_set_id(session, file, stat.stx_mode);
}

Result<void> drop_set_id(Session& session, Fd file, uint32_t mode) {
  if (!has_set_id(mode)) return {};
  uint32_t kept = mode & 07777 & ~uint32_t{S_ISUID};
  if ((kept & S_IXGRP) != 0) kept &= ~uint32_t{S_ISGID};
  return host::fchmodat(session.attach_point().own_fds, file, kept);
}

}  // namespace gofer
