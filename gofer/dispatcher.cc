#include "gofer/dispatcher.h"

#include <cerrno>

#include "gofer/handlers.h"

namespace gofer {
namespace {

using base::fail;
using base::LogLevel;

// What dispatch() serves: a session behind its checks.
struct Gate {
  Session& session;
  bool on_channel;
  uint32_t google() const { return session.google(); }
};

// Every request that names a fid names the one it works on, or in, first.
template <p9::Message M>
std::string place_of(Session& session, const M& request) {
  auto members = p9::detail::tie_members(request);
  using First = std::tuple_element_t<0, decltype(members)>;
  if constexpr (std::is_same_v<std::remove_cvref_t<First>, p9::Fid>) {
    auto state = session.fids().find(std::get<0>(members));
    if (state) return Session::path_of(*(*state)->node);
  }
  return "?";
}

template <p9::Message M>
[[gnu::cold, gnu::noinline]] Result<void> refuse_write(Session& session, const M& request) {
  const AttachPoint& attach_point = session.attach_point();
  if (attach_point.on_write == OnWrite::kRefuse) return fail(EROFS);
  session.log().write(LogLevel::kError, "write on a panic-on-write attach point",
                      {{"attach_point", attach_point.destination},
                       {"operation", M::kLine.name},
                       {"path", place_of(session, request)},
                       {"request", p9::to_string(request)}});
  session.panic();
  return fail(EROFS);
}

// Requests that go through no place in the tree: through an open file, or through nothing at all.
// Whatever is not named here is checked.
template <p9::Message M>
constexpr bool kGoesThroughNoPlace =
    p9::kOneOf<M, p9::Tversion, p9::Tauth, p9::Tattach, p9::Tflush, p9::Tclunk, p9::Tgetattr,
               p9::Tstatfs, p9::Tread, p9::Twrite, p9::Tfsync, p9::Tlock, p9::Tgetlock, p9::Tflushf,
               p9::Tallocate, p9::Tchannel>;
// A walk of no names stays where it is.
template <p9::Message M>
bool goes_through_a_place(const M& request) {
  if constexpr (p9::kOneOf<M, p9::Twalk, p9::Twalkgetattr>) return !request.wnames.empty();
  return !kGoesThroughNoPlace<M>;
}
// Requests about the connection itself.
template <p9::Message M>
constexpr bool kForTheSocket = p9::kOneOf<M, p9::Tversion, p9::Tchannel>;

// Requests that the kernel answers from what it knows, most of the time, and that change nothing.
// All others ask for themselves whether a place is inside, and may wait for a disk: the host may do
// anything meanwhile.
template <p9::Message M>
constexpr bool kIsQuick = p9::kOneOf<M, p9::Twalk, p9::Twalkgetattr, p9::Tgetattr, p9::Tclunk>;

// Every fid that the request names, and that exists, is still in the tree.
template <p9::Message M>
Result<void> check_places(Session& session, const M& request) {
  Result<void> inside;
  auto check = [&]<class T>(const T& member) {
    if constexpr (std::is_same_v<T, p9::Fid>)
      if (auto state = session.fids().find(member); state && inside)
        inside = session.tree().check_inside(*(*state)->node);
  };
  std::apply([&](const auto&... member) { (check(member), ...); },
             p9::detail::tie_members(request));
  return inside;
}

template <p9::Message M>
Result<void> admit(const Gate& gate, [[maybe_unused]] const M& request) {
  Session& session = gate.session;
  if constexpr (kForTheSocket<M>)
    if (gate.on_channel) return fail(EINVAL);
  if constexpr (!std::is_same_v<M, p9::Tversion>)
    if (!session.has_version()) return fail(EINVAL);
// The mutant proves that the other layers hold without this one.
#ifndef GOFER_MUTANT_NO_READ_ONLY_CHECK
  if (session.attach_point().read_only && p9::mutates(request))
    return refuse_write(session, request);
#endif
  if (goes_through_a_place(request)) TRY(check_places(session, request));
  return {};
}

template <p9::Message M>
[[gnu::cold, gnu::noinline]] void trace(Session& session, const M& request, int error) {
  session.log().write(LogLevel::kDebug, "request",
                      {{"request", p9::to_string(request)},
                       {"path", place_of(session, request)},
                       {"errno", static_cast<uint64_t>(error)}});
}

// Sends somebody the way that the request is going to take. Each fid is where one begins, each name
// behind it leads on.
template <p9::Message M>
[[gnu::cold, gnu::noinline]] bool leave(Session& session, const M& request) {
  if (!goes_through_a_place(request)) return false;
  auto descriptors = session.open_files().take(Scout::kDescriptors, EMFILE);
  if (!descriptors) return false;
  Scout scout(*std::move(descriptors));
  auto look = [&]<class T>(const T& member) {
    if constexpr (std::is_same_v<T, p9::Fid>) {
      auto state = session.fids().find(member);
      auto trail = state ? session.tree().trail(*(*state)->node) : std::nullopt;
      if (trail) scout.add(*std::move(trail));
    } else if constexpr (std::is_same_v<T, p9::Name>) {
      scout.add(member);
    } else if constexpr (std::is_same_v<T, p9::WalkList<p9::Name>>) {
      for (p9::Name name : member.view()) scout.add(name);
    } else if constexpr (std::is_same_v<T, p9::PathNames>) {
      p9::Reader names(member.encoded);
      for (uint16_t i = 0; i < member.count; ++i)
        if (auto name = p9::Name::parse(p9::Codec<std::string_view>::read(names))) scout.add(*name);
    }
  };
  std::apply([&](const auto&... member) { (look(member), ...); }, p9::detail::tie_members(request));
  if constexpr (std::is_same_v<M, p9::Treaddir>)
    scout.add_listing(request.offset, std::min(request.count, session.msize()));
  if (scout.has_nothing_to_do()) return false;
  session.leave(std::move(scout));
  return true;
}

template <p9::Message M>
Result<typename M::Reply> handle(Gate& gate, const M& request) {
  static_assert(p9::Serves<Session, M>, "declare the request's handler in gofer/handlers.h");
  constexpr bool kLooksUp = !kGoesThroughNoPlace<M>;
  Session& session = gate.session;
  std::chrono::milliseconds begin{};
  if constexpr (kLooksUp) begin = Disk::now();
  if constexpr (!kIsQuick<M>) session.tree().forget_check();
  Result<void> admitted = admit(gate, request);
  bool left = false;
  if constexpr (kLooksUp) left = admitted && session.better_scouted() && leave(session, request);
  Result<typename M::Reply> reply = !admitted ? base::failure(admitted.error())
                                    : left    ? fail(EAGAIN)  // which nobody sends
                                              : handle(session, request);
  if (left) [[unlikely]]
    return reply;
  if constexpr (kLooksUp) session.disk().note_lookup(Disk::now() - begin);
  if constexpr (!kIsQuick<M>) session.tree().forget_check();
  if (session.log().enabled(LogLevel::kDebug)) [[unlikely]]
    trace(session, request, reply ? 0 : reply.error().code());
  if constexpr (p9::releases_fid<M>())
    if (session.has_version()) session.fids().erase(request.fid);
  return reply;
}

}  // namespace

base::Result<std::size_t> serve_frame(Session& session, p9::Bytes frame,
                                      std::span<std::byte> room) {
  session.lend_payload(room.subspan(p9::kPayloadOffset));
  Gate gate{.session = session, .on_channel = false};
  return p9::dispatch(gate, frame, room);
}

base::Result<std::size_t> serve_datagram(Session& session, const p9::Datagram& datagram,
                                         std::span<std::byte> room, std::span<std::byte> scratch) {
  constexpr std::size_t kPayload = p9::kDatagramHeader + p9::kPayloadInBody;
  session.lend_payload(room.subspan(kPayload), scratch);
  Gate gate{.session = session, .on_channel = true};
  return p9::dispatch(gate, datagram, room);
}

}  // namespace gofer
