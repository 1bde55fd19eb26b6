// What the ordinary requests do on a fid that stands for an extended attribute.
#pragma once

#include "gofer/p9/messages.h"
#include "gofer/session.h"

namespace gofer {

// Tread: past the end there is nothing, and no error.
p9::Rread read_xattr(const XattrSnapshot& snapshot, uint64_t offset, std::size_t count);

// Twrite: from the front to the end without a gap; EINVAL for any other offset and beyond the size.
base::Result<p9::Rwrite> write_xattr(XattrDraft& draft, uint64_t offset, p9::Bytes data);

// Tclunk: sets the attribute, or removes it (size 0 with XATTR_REPLACE). EINVAL, and nothing is
// set, when not every byte was written; else what setxattr(2) or removexattr(2) says.
base::Result<void> commit_xattr(Session& session, const FidState& state, const XattrDraft& draft);

}  // namespace gofer
