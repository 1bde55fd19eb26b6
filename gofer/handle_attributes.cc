// Attributes of files and of the file system.
#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstdint>

#include "gofer/attributes.h"
#include "gofer/creation.h"
#include "gofer/handlers.h"
#include "gofer/p9/flags.h"
#include "gofer/set_id.h"

namespace gofer {
namespace {

using base::fail;
using base::Fd;
using base::UniqueFd;

constexpr uint32_t kKnownSetattr = p9::kSetattrMode | p9::kSetattrUid | p9::kSetattrGid |
                                   p9::kSetattrSize | p9::kSetattrAtime | p9::kSetattrMtime |
                                   p9::kSetattrCtime | p9::kSetattrAtimeSet | p9::kSetattrMtimeSet;
constexpr uint32_t kOwner = p9::kSetattrUid | p9::kSetattrGid;
constexpr uint32_t kTimes = p9::kSetattrAtime | p9::kSetattrMtime;
constexpr uint64_t kSecond = 1'000'000'000;
constexpr uint64_t kMaxSize = INT64_MAX;

Result<void> check_size(const Identity& identity, uint64_t size) {
  if (identity.is_directory()) return fail(EISDIR);
  if (!identity.is_regular()) return fail(EINVAL);
  if (size > kMaxSize) return fail(EFBIG);
  return {};
}

Result<void> check(const Identity& identity, const p9::Tsetattr& request) {
  auto asked = [&](uint32_t bits) { return (request.valid & bits) == bits; };
  if ((request.valid & ~kKnownSetattr) != 0) return fail(EINVAL);
  if (asked(p9::kSetattrUid) && request.uid == kKeepId) return fail(EINVAL);
  if (asked(p9::kSetattrGid) && request.gid == kKeepId) return fail(EINVAL);
  if (asked(p9::kSetattrAtime | p9::kSetattrAtimeSet) && request.atime_nsec >= kSecond)
    return fail(EINVAL);
  if (asked(p9::kSetattrMtime | p9::kSetattrMtimeSet) && request.mtime_nsec >= kSecond)
    return fail(EINVAL);
  if (asked(p9::kSetattrMode) && identity.is_symlink()) return fail(EOPNOTSUPP);
  if (asked(p9::kSetattrSize)) return check_size(identity, request.size);
  return {};
}

// In a mapped tree the kernel shows a file whose owner has no id there as nobody's, and lets
// whoever has CAP_CHOWN on the host give it away. The client's root would not have it. Changing
// nothing is refused by the kernel for just these files (EOVERFLOW).
Result<void> check_may_give_away(const AttachPoint& attach_point, Fd fd) {
  constexpr uint32_t kNobody = 65534;  // the kernel's default overflowuid and overflowgid
  if (!attach_point.id_mapped) return {};
  host::Stat stat = TRY(host::statx(fd, host::Path::empty(), STATX_UID | STATX_GID));
  if (stat.stx_uid != kNobody && stat.stx_gid != kNobody) return {};
  auto changed = host::fchownat(fd, kKeepId, kKeepId);
  if (!changed && changed.error().code() == EOVERFLOW) return fail(EPERM);
  return changed;
}

timespec time_to_set(uint32_t valid, uint32_t which, uint32_t set, uint64_t sec, uint64_t nsec) {
  if ((valid & which) == 0) return {.tv_sec = 0, .tv_nsec = UTIME_OMIT};
  if ((valid & set) == 0) return {.tv_sec = 0, .tv_nsec = UTIME_NOW};
  return {.tv_sec = static_cast<time_t>(sec), .tv_nsec = static_cast<long>(nsec)};
}

Result<void> set_size(Session& session, FidState& state, Fd fd, uint64_t size) {
  auto* file = state.use.as<OpenFile>();
  if (file != nullptr && file->access != Access::kRead) return host::ftruncate(file->fd, size);
  UniqueFd writable =
      TRY(host::openat(session.attach_point().own_fds, host::Path::number(fd), O_WRONLY));
  return host::ftruncate(writable, size);
}

// The elements of Rmultigetattr, encoded where the reply's payload may lie.
class StatList {
 public:
  explicit StatList(std::span<std::byte> room) : room_(room), writer_(room) {}
  Result<void> add(const Attributes& file) {
    p9::Codec<p9::FullStat>::write(writer_, {file.qid, file.valid, file.attr});
    used_ = TRY(writer_.finish());
    ++count_;
    return {};
  }
  p9::EncodedList<p9::FullStat> list() const {
    return {.encoded = room_.first(used_), .count = count_};
  }

 private:
  std::span<std::byte> room_;
  p9::Writer writer_;
  std::size_t used_ = 0;
  uint16_t count_ = 0;
};

}  // namespace

Result<p9::Rgetattr> handle(Session& session, const p9::Tgetattr& request) {
  FidState& state = *TRY(session.fids().find(request.fid));
  Pin fd = TRY(session.descriptor(state));
  return getattr(session, *state.node, fd, request.request_mask);
}

// In the order in which nothing undoes what was asked: chown and truncate may clear set-id bits,
// and all three touch the times.
Result<p9::Rsetattr> handle(Session& session, const p9::Tsetattr& request) {
  FidState& state = *TRY(session.fids().find(request.fid));
  TRY(check(state.node->identity(), request));
  Pin fd = TRY(session.descriptor(state));
  uint32_t valid = request.valid;
  if ((valid & kOwner) != 0) TRY(check_may_give_away(session.attach_point(), fd));
  session.tree().mark_changed(*state.node);
  if ((valid & kOwner) != 0)
    TRY(host::fchownat(fd, (valid & p9::kSetattrUid) != 0 ? request.uid : kKeepId,
                       (valid & p9::kSetattrGid) != 0 ? request.gid : kKeepId));
  if ((valid & p9::kSetattrSize) != 0) TRY(set_size(session, state, fd, request.size));
  if ((valid & p9::kSetattrMode) != 0) {
    TRY(host::fchmodat(session.attach_point().own_fds, fd, request.mode & kModeBits));
    session.tree().note_set_id(
        *state.node, has_set_id(state.node->identity().type | (request.mode & kModeBits)));
  } else if ((valid & p9::kSetattrSize) != 0 && state.uid != 0) {
    TRY(drop_set_id(session, fd));
  }
  if ((valid & kTimes) != 0) {
    std::array<timespec, 2> times{time_to_set(valid, p9::kSetattrAtime, p9::kSetattrAtimeSet,
                                              request.atime_sec, request.atime_nsec),
                                  time_to_set(valid, p9::kSetattrMtime, p9::kSetattrMtimeSet,
                                              request.mtime_sec, request.mtime_nsec)};
    TRY(host::utimensat(fd, times));
  }
  return p9::Rsetattr{};
}

Result<p9::Rsetattrclunk> handle(Session& session, const p9::Tsetattrclunk& request) {
  TRY(handle(session, p9::Tsetattr{.fid = request.fid,
                                   .valid = request.valid,
                                   .mode = request.mode,
                                   .uid = request.uid,
                                   .gid = request.gid,
                                   .size = request.size,
                                   .atime_sec = request.atime_sec,
                                   .atime_nsec = request.atime_nsec,
                                   .mtime_sec = request.mtime_sec,
                                   .mtime_nsec = request.mtime_nsec}));
  return p9::Rsetattrclunk{};
}

Result<p9::Rstatfs> handle(Session& session, const p9::Tstatfs& request) {
  FidState& state = *TRY(session.fids().find(request.fid));
  Pin fd = TRY(session.descriptor(state));
  struct statfs stat = TRY(host::fstatfs(fd));
  auto low = static_cast<uint32_t>(stat.f_fsid.__val[0]);
  auto high = static_cast<uint32_t>(stat.f_fsid.__val[1]);
  return p9::Rstatfs{.type = static_cast<uint32_t>(stat.f_type),
                     .bsize = static_cast<uint32_t>(stat.f_bsize),
                     .blocks = stat.f_blocks,
                     .bfree = stat.f_bfree,
                     .bavail = stat.f_bavail,
                     .files = stat.f_files,
                     .ffree = stat.f_ffree,
                     .fsid = uint64_t{high} << 32 | low,
                     .namelen = static_cast<uint32_t>(stat.f_namelen)};
}

Result<p9::Rreadlink> handle(Session& session, const p9::Treadlink& request) {
  FidState& state = *TRY(session.fids().find(request.fid));
  if (!state.node->identity().is_symlink()) return fail(EINVAL);
  Pin link = TRY(session.descriptor(state));
  std::span<char> room = session.text_room();
  std::size_t length = TRY(host::readlinkat(link, room));
  return p9::Rreadlink{.target = {room.data(), length}};
}

// In one request what a client learns by walking name by name: how far the path goes, and what lies
// on it. It ends without an error where a name is missing, and behind the first file that is no
// directory.
Result<p9::Rmultigetattr> handle(Session& session, const p9::Tmultigetattr& request) {
  FidState& state = *TRY(session.fids().find(request.fid));
  StatList stats(session.payload(SIZE_MAX));
  NodeRef at = state.node;
  p9::Reader names(request.names.encoded);
  for (uint16_t i = 0; i < request.names.count; ++i) {
    auto text = p9::Codec<std::string_view>::read(names);
    if (text.empty()) {
      Pin start = TRY(session.descriptor(state));
      TRY(stats.add(TRY(attributes_of(session, *state.node, start))));
      continue;
    }
    auto next = session.tree().walk(*at, TRY(p9::Name::parse(text)));
    if (!next && next.error().code() == ENOENT) break;
    at = TRY(std::move(next));
    Pin file = TRY(session.tree().open(*at));
    TRY(stats.add(TRY(attributes_of(session, *at, file))));
    if (!at->identity().is_directory()) break;
  }
  return p9::Rmultigetattr{stats.list()};
}

}  // namespace gofer
