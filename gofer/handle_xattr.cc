// Extended attributes.
#include <algorithm>
#include <cerrno>
#include <cstring>

#include "gofer/handlers.h"
#include "gofer/p9/flags.h"

namespace gofer {
namespace {

using base::fail;

constexpr uint32_t kKnownFlags = p9::kXattrCreate | p9::kXattrReplace;

// What a fid with an attribute takes for itself, however small the attribute is.
constexpr std::size_t kLeastCharge = 512;
static_assert(sizeof(XattrDraft) <= kLeastCharge);

Result<Budget::Share> charge(Session& session, std::size_t size) {
  return session.xattr_bytes().take(std::max(size, kLeastCharge), ENOBUFS);
}

// Moves the names that are served to the front, in their order; returns how many bytes they take.
std::size_t keep_served(const XattrNames& served, std::span<std::byte> names) {
  auto* text = reinterpret_cast<char*>(names.data());
  std::size_t kept = 0;
  for (std::size_t at = 0; at < names.size();) {
    std::string_view name(text + at, ::strnlen(text + at, names.size() - at));
    std::size_t size = std::min(name.size() + 1, names.size() - at);
    at += size;
    if (!is_served(served, name)) continue;
    std::memmove(text + kept, name.data(), size);
    kept += size;
  }
  return kept;
}

// What the host says now, in `room`.
Result<std::size_t> ask(const AttachPoint& attach_point, base::Fd file, std::string_view name,
                        std::span<std::byte> room) {
  if (name.empty()) {
    if (!attach_point.xattrs.any()) return 0;  // its policy has no listxattr
    std::size_t size = TRY(host::listxattr(file, room));
    return keep_served(attach_point.xattrs, room.first(size));
  }
  XattrName parsed = TRY(XattrName::parse(attach_point.xattrs, name));
  return host::getxattr(file, parsed.c_str(), room);
}

}  // namespace

Result<p9::Rxattrwalk> handle(Session& session, const p9::Txattrwalk& request) {
  FidState& state = *TRY(session.fids().find(request.fid));
  TRY(session.fids().check_free(request.newfid));
  Pin file = TRY(session.descriptor(state));
  std::span<std::byte> room = session.xattr_room();
  std::size_t size = TRY(ask(session.attach_point(), file, request.name, room));
  XattrSnapshot snapshot{.share = TRY(charge(session, size)),
                         .bytes = std::make_unique_for_overwrite<std::byte[]>(size),
                         .size = size};
  std::memcpy(snapshot.bytes.get(), room.data(), size);
  TRY(session.fids().insert(request.newfid,
                            {.node = state.node, .use = std::move(snapshot), .uid = state.uid}));
  return p9::Rxattrwalk{.size = size};
}

Result<p9::Rxattrcreate> handle(Session& session, const p9::Txattrcreate& request) {
  FidState& state = *TRY(session.fids().find(request.fid));
  if (state.is_open()) return fail(EBADF);
  if ((request.flags & ~kKnownFlags) != 0) return fail(EINVAL);
  XattrName name = TRY(XattrName::parse(session.attach_point().xattrs, request.name));
  if (request.attr_size > kMaxXattrSize) return fail(E2BIG);
  auto size = static_cast<std::size_t>(request.attr_size);
  state.use = XattrDraft{.share = TRY(charge(session, size)),
                         .name = std::make_unique<XattrName>(name),
                         .bytes = std::make_unique_for_overwrite<std::byte[]>(size),
                         .size = size,
                         .flags = request.flags};
  return p9::Rxattrcreate{};
}

// The Google extensions carry a value or a list in one message, as text of at most 65535 bytes.

Result<p9::Rgetxattr> handle(Session& session, const p9::Tgetxattr& request) {
  FidState& state = *TRY(session.fids().find(request.fid));
  if (request.name.empty()) return fail(ERANGE);
  Pin file = TRY(session.descriptor(state));
  std::span<std::byte> room = session.xattr_room();
  std::size_t size = TRY(ask(session.attach_point(), file, request.name, room));
  return p9::Rgetxattr{{reinterpret_cast<const char*>(room.data()), size}};
}

Result<p9::Rlistxattr> handle(Session& session, const p9::Tlistxattr& request) {
  FidState& state = *TRY(session.fids().find(request.fid));
  Pin file = TRY(session.descriptor(state));
  std::span<std::byte> room = session.xattr_room();
  std::size_t size = TRY(ask(session.attach_point(), file, {}, room));
  std::string_view names(reinterpret_cast<const char*>(room.data()), size);
  p9::Writer list(session.payload(SIZE_MAX));
  uint16_t count = 0;
  for (; !names.empty(); ++count) {
    std::string_view name = names.substr(0, names.find('\0'));
    p9::Codec<std::string_view>::write(list, name);
    names.remove_prefix(std::min(name.size() + 1, names.size()));
  }
  std::size_t used = TRY(list.finish());
  return p9::Rlistxattr{{.encoded = session.payload(used), .count = count}};
}

Result<p9::Rsetxattr> handle(Session& session, const p9::Tsetxattr& request) {
  FidState& state = *TRY(session.fids().find(request.fid));
  if ((request.flags & ~kKnownFlags) != 0) return fail(EINVAL);
  XattrName name = TRY(XattrName::parse(session.attach_point().xattrs, request.name));
  Pin file = TRY(session.descriptor(state));
  session.tree().mark_changed(*state.node);
  TRY(host::setxattr(file, name.c_str(), std::as_bytes(std::span(request.value)),
                     static_cast<int>(request.flags)));
  return p9::Rsetxattr{};
}

Result<p9::Rremovexattr> handle(Session& session, const p9::Tremovexattr& request) {
  FidState& state = *TRY(session.fids().find(request.fid));
  XattrName name = TRY(XattrName::parse(session.attach_point().xattrs, request.name));
  Pin file = TRY(session.descriptor(state));
  session.tree().mark_changed(*state.node);
  TRY(host::removexattr(file, name.c_str()));
  return p9::Rremovexattr{};
}

}  // namespace gofer
