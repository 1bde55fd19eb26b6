// Data of open files.
#include <linux/falloc.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

#include "gofer/handlers.h"
#include "gofer/set_id.h"
#include "gofer/xattr.h"

namespace gofer {
namespace {

using base::fail;
using base::Fd;

constexpr uint64_t kMaxOffset = INT64_MAX;

// All that fallocate(2) has but FALLOC_FL_NO_HIDE_STALE, which would show what others deleted.
constexpr uint32_t kAllocateModes = FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE |
                                    FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_ZERO_RANGE |
                                    FALLOC_FL_INSERT_RANGE | FALLOC_FL_UNSHARE_RANGE;

enum class Use : uint8_t { kRead, kWrite };

// What the kernel says of data at an offset in a FIFO, it would say here.
Result<Fd> open_for(FidState& state, Use use) {
  if (state.use.as<OpenFifo>()) return fail(ESPIPE);
  auto* file = state.use.as<OpenFile>();
  if (file == nullptr) return fail(EBADF);
  if (file->access == (use == Use::kRead ? Access::kWrite : Access::kRead)) return fail(EBADF);
  return file->fd;
}

}  // namespace

// One call: the kernel gives less than asked only at the end of the file or after an error, which
// the next request will meet.
Result<p9::Rread> handle(Session& session, const p9::Tread& request) {
  FidState& state = *TRY(session.fids().find_any(request.fid));
  if (const auto* snapshot = state.use.as<XattrSnapshot>())
    return read_xattr(*snapshot, request.offset,
                      std::min<std::size_t>(request.count, session.payload(SIZE_MAX).size()));
  if (state.use.as<OpenDirectory>()) return fail(EISDIR);
  Fd file = TRY(open_for(state, Use::kRead));
  if (request.offset > kMaxOffset) return fail(EINVAL);
  // No byte lies past the largest offset: there is the end of every file.
  uint64_t count_to_end = std::min<uint64_t>(request.count, kMaxOffset - request.offset);
  std::span<std::byte> room = session.payload(count_to_end);
  auto count = session.make(
      {.kind = DiskCall::Kind::kRead, .file = file, .offset = request.offset, .room = room}, state);
  if (!count) return p9::Rread{};
  return p9::Rread{.data = room.first(TRY(*count))};
}

Result<p9::Rwrite> handle(Session& session, const p9::Twrite& request) {
  FidState& state = *TRY(session.fids().find_any(request.fid));
  if (auto* draft = state.use.as<XattrDraft>())
    return write_xattr(*draft, request.offset, request.data);
  Fd file = TRY(open_for(state, Use::kWrite));
  if (request.offset > kMaxOffset) return fail(EINVAL);
  if (!request.data.empty()) TRY(drop_set_id_for_write(session, state, file));
  auto count = session.make({.kind = DiskCall::Kind::kWrite,
                             .file = file,
                             .offset = request.offset,
                             .data = request.data},
                            state);
  if (!count) return p9::Rwrite{};
  return p9::Rwrite{.count = static_cast<uint32_t>(TRY(*count))};
}

Result<p9::Rfsync> handle(Session& session, const p9::Tfsync& request) {
  FidState& state = *TRY(session.fids().find(request.fid));
  if (!state.is_open()) return fail(EBADF);
  // Nothing was written that would have to reach the disk, and the role may not even ask.
  if (session.attach_point().read_only) return p9::Rfsync{};
  if (state.use.as<OpenFifo>()) return fail(EINVAL);
  Pin fd = TRY(session.descriptor(state));
  auto kind = request.datasync.value != 0 ? DiskCall::Kind::kDataSync : DiskCall::Kind::kSync;
  if (auto done = session.make({.kind = kind, .file = fd}, state)) TRY(*done);
  return p9::Rfsync{};
}

// Nothing is kept back here that a close would have to write.
Result<p9::Rflushf> handle(Session& session, const p9::Tflushf& request) {
  TRY(session.fids().find(request.fid));
  return p9::Rflushf{};
}

Result<p9::Rallocate> handle(Session& session, const p9::Tallocate& request) {
  FidState& state = *TRY(session.fids().find(request.fid));
  Fd file = TRY(open_for(state, Use::kWrite));
  if ((request.mode & ~kAllocateModes) != 0) return fail(EOPNOTSUPP);
  if (request.offset > kMaxOffset || request.length > kMaxOffset) return fail(EINVAL);
  TRY(drop_set_id_for_write(session, state, file));
  TRY(host::fallocate(file, static_cast<int>(request.mode), request.offset, request.length));
  return p9::Rallocate{};
}

}  // namespace gofer
