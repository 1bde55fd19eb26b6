#include "gofer/xattr.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace gofer {

using base::fail;
using base::Result;

p9::Rread read_xattr(const XattrSnapshot& snapshot, uint64_t offset, std::size_t count) {
  if (offset >= snapshot.size) return p9::Rread{};
  std::span<const std::byte> rest(snapshot.bytes.get() + offset, snapshot.size - offset);
  return p9::Rread{.data = rest.first(std::min(count, rest.size()))};
}

Result<p9::Rwrite> write_xattr(XattrDraft& draft, uint64_t offset, p9::Bytes data) {
  if (offset != draft.written || data.size() > draft.size - draft.written) return fail(EINVAL);
  std::memcpy(draft.bytes.get() + offset, data.data(), data.size());
  draft.written += data.size();
  return p9::Rwrite{.count = static_cast<uint32_t>(data.size())};
}

Result<void> commit_xattr(Session& session, const FidState& state, const XattrDraft& draft) {
  if (draft.written != draft.size) return fail(EINVAL);
  TRY(session.tree().check_inside(*state.node));
  Pin file = TRY(session.tree().open(*state.node));
  session.tree().mark_changed(*state.node);
  if (draft.size == 0 && (draft.flags & p9::kXattrReplace) != 0)
    return host::removexattr(file, draft.name->c_str());
  return host::setxattr(file, draft.name->c_str(), {draft.bytes.get(), draft.size},
                        static_cast<int>(draft.flags));
}

}  // namespace gofer
