// Set-id bits, which a change of the content takes away: what the kernel does for a process without
// CAP_FSETID. The worker needs that capability for chmod(2), so the kernel does not do it here.
#pragma once

#include "gofer/session.h"

namespace gofer {

// Whether a file of this mode (with its type) has bits that a write takes away: S_ISUID always,
// S_ISGID only where the group may execute it.
bool has_set_id(uint32_t mode);

// Before a write through the open file: takes them away if there may be some. User 0 of the client
// keeps them, as a local root does.
base::Result<void> drop_set_id_for_write(Session& session, FidState& state, base::Fd file);

// After the file of an ordinary user was truncated.
base::Result<void> drop_set_id(Session& session, base::Fd file);
// The same where the file was just asked for its mode (with its type).
base::Result<void> drop_set_id(Session& session, base::Fd file, uint32_t mode);

}  // namespace gofer
