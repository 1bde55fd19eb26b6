// Walk, clunk and remove.
#include <cerrno>

#include "gofer/attributes.h"
#include "gofer/handlers.h"
#include "gofer/xattr.h"

namespace gofer {

namespace {

struct Arrived {
  NodeRef node;
  p9::WalkList<p9::Qid> qids = {};
};

Result<void> step(Session& session, Arrived& at, p9::Name name) {
  // A link on the way would be followed by a local open; here it is the client's to resolve.
  if (!at.qids.empty() && at.node->identity().is_symlink()) return base::fail(ELOOP);
  at.node = TRY(session.tree().walk(*at.node, name));
  at.qids.push(TRY(session.qid(at.node->identity())));
  return {};
}

Result<Arrived> walk(Session& session, const FidState& from, const p9::WalkList<p9::Name>& names) {
  Result<Arrived> at(std::in_place, from.node);
  for (p9::Name name : names.view()) {
    if (Result<void> done = step(session, *at, name); !done) {
      at = base::failure(done.error());
      break;
    }
  }
  return at;
}

Result<void> check_newfid(Session& session, p9::Fid fid, p9::Fid newfid) {
  return newfid == fid ? Result<void>() : session.fids().check_free(newfid);
}

// Lets newfid stand for where the walk arrived. Without names in place nothing changes: the fid
// stays as it is, open or not.
template <class M>
Result<void> settle_newfid(Session& session, FidState& from, const M& request, const Arrived& at) {
  FidState arrived{.node = at.node, .uid = from.uid};
  if (request.newfid != request.fid)
    return session.fids().insert(request.newfid, std::move(arrived));
  if (!at.qids.empty()) from = std::move(arrived);
  return {};
}

Result<p9::Rwalk> arrive(Session& session, FidState& from, const p9::Twalk& request,
                         const Result<Arrived>& at) {
  if (!at) return base::failure(at.error());
  TRY(settle_newfid(session, from, request, *at));
  return p9::Rwalk{at->qids};
}

}  // namespace

Result<p9::Rwalk> handle(Session& session, const p9::Twalk& request) {
  FidState& from = *TRY(session.fids().find(request.fid));
  TRY(check_newfid(session, request.fid, request.newfid));
  return arrive(session, from, request, walk(session, from, request.wnames));
}

Result<p9::Rwalkgetattr> handle(Session& session, const p9::Twalkgetattr& request) {
  FidState& from = *TRY(session.fids().find(request.fid));
  TRY(check_newfid(session, request.fid, request.newfid));
  Arrived at = TRY(walk(session, from, request.wnames));
  Pin file = TRY(at.qids.empty() ? session.descriptor(from) : session.tree().open(*at.node));
  Attributes attributes = TRY(attributes_of(session, *at.node, file));
  TRY(settle_newfid(session, from, request, at));
  return p9::Rwalkgetattr{attributes.valid, attributes.attr, at.qids};
}

// The dispatcher releases the fid, here and after Tremove: see kReleasesFid.
Result<p9::Rclunk> handle(Session& session, const p9::Tclunk& request) {
  FidState& state = *TRY(session.fids().find_any(request.fid));
  if (const auto* draft = state.use.as<XattrDraft>()) TRY(commit_xattr(session, state, *draft));
  return p9::Rclunk{};
}

Result<p9::Rremove> handle(Session& session, const p9::Tremove& request) {
  FidState& state = *TRY(session.fids().find(request.fid));
  TRY(session.tree().remove(*state.node));
  return p9::Rremove{};
}

}  // namespace gofer
