// Version, authentication, attach and flush.
#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>

#include "gofer/channels.h"
#include "gofer/handlers.h"

namespace gofer {
namespace {

using base::fail;

constexpr std::string_view kPlain = "9P2000.L";
constexpr std::string_view kGooglePrefix = "9P2000.L.Google.";
constexpr std::string_view kUnknown = "unknown";

// N of a dialect 9P2000.L.Google.N, 0 for 9P2000.L itself; none for any other.
std::optional<uint32_t> google_of(std::string_view version) {
  if (version == kPlain) return 0;
  if (!version.starts_with(kGooglePrefix)) return std::nullopt;
  std::string_view number = version.substr(kGooglePrefix.size());
  if (number.size() > 1 && number.starts_with('0')) return std::nullopt;
  uint32_t value = 0;
  auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  bool whole = error == std::errc() && end == number.data() + number.size();
  return whole ? std::optional(value) : std::nullopt;
}

}  // namespace

Result<p9::Rversion> handle(Session& session, const p9::Tversion& request) {
  if (request.msize < kMinMsize) return fail(EINVAL);
  uint32_t msize = std::min(request.msize, session.attach_point().limits.msize);
  std::optional<uint32_t> google = google_of(request.version);
  if (!google) return p9::Rversion{.msize = msize, .version = kUnknown};
  if (*google > p9::kNewestGoogle) return fail(EAGAIN);
  session.begin(msize, *google);
  return p9::Rversion{.msize = msize, .version = request.version};
}

Result<p9::Rauth> handle(Session&, const p9::Tauth&) {
  return fail(ENOENT);
}

Result<p9::Rattach> handle(Session& session, const p9::Tattach& request) {
  if (request.afid.value != p9::kNoFid) return fail(EINVAL);
  if (!request.aname.empty() && request.aname != "/") return fail(ENOENT);
  NodeRef root = session.tree().root();
  // The root is the one file that no walk asks about.
  p9::Qid qid = TRY(session.qid(TRY(identify(session.attach_point().root))));
  TRY(session.fids().insert(request.fid, {.node = root, .uid = request.n_uname}));
  return p9::Rattach{.qid = qid};
}

Result<p9::Rflush> handle(Session&, const p9::Tflush&) {
  return p9::Rflush{};
}

Result<p9::Rchannel> handle(Session& session, const p9::Tchannel& request) {
  Channels* channels = session.attach_point().channels;
  if (channels == nullptr) return fail(EOPNOTSUPP);
  if (request.id >= channels->count()) return fail(ENOSYS);
  if (request.control == p9::kChannelMemory)
    session.lend(channels->windows());
  else if (request.control == p9::kChannelSocket)
    session.lend(channels->at(request.id).client_socket);
  else
    return fail(EINVAL);
  return p9::Rchannel{.offset = Channels::offset_of(request.id), .length = p9::kWindowSize};
}

}  // namespace gofer
