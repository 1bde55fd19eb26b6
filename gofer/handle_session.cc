// Version, authentication, attach and flush.
#include <algorithm>
#include <cerrno>
#include <charconv>

#include "gofer/handlers.h"

namespace gofer {
namespace {

using base::fail;

constexpr std::string_view kServed = "9P2000.L";
constexpr std::string_view kGooglePrefix = "9P2000.L.Google.";
constexpr std::string_view kUnknown = "unknown";

bool is_google_version(std::string_view version) {
  if (!version.starts_with(kGooglePrefix)) return false;
  std::string_view number = version.substr(kGooglePrefix.size());
  uint32_t value = 0;
  auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  return error == std::errc() && end == number.data() + number.size();
}

}  // namespace

Result<p9::Rversion> handle(Session& session, const p9::Tversion& request) {
  if (request.msize < kMinMsize) return fail(EINVAL);
  uint32_t msize = std::min(request.msize, session.attach_point().limits.msize);
  if (is_google_version(request.version)) return fail(EAGAIN);
  if (request.version != kServed) return p9::Rversion{.msize = msize, .version = kUnknown};
  session.begin(msize);
  return p9::Rversion{.msize = msize, .version = kServed};
}

Result<p9::Rauth> handle(Session&, const p9::Tauth&) {
  return fail(ENOENT);
}

Result<p9::Rattach> handle(Session& session, const p9::Tattach& request) {
  if (request.afid.value != p9::kNoFid) return fail(EINVAL);
  if (!request.aname.empty() && request.aname != "/") return fail(ENOENT);
  NodeRef root = session.tree().root();
  // The root is the one file that no walk asks about.
  host::Stat stat =
      TRY(host::statx(session.attach_point().root, host::Path::empty(), kIdentityMask));
  p9::Qid qid = TRY(session.qid(identity_of(stat)));
  TRY(session.fids().insert(request.fid, {.node = root, .uid = request.n_uname}));
  return p9::Rattach{.qid = qid};
}

Result<p9::Rflush> handle(Session&, const p9::Tflush&) {
  return p9::Rflush{};
}

}  // namespace gofer
