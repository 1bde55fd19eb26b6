#include "gofer/connection.h"

#include <sys/socket.h>

#include <functional>
#include <optional>
#include <utility>

#include "gofer/dispatcher.h"

namespace gofer {
namespace {

using base::Result;

// What a frame means for those before it that are in flight.
struct Meaning {
  bool ends_all = false;                // Tversion
  std::optional<p9::Tag> flushed = {};  // Tflush
};

Meaning meaning_of(p9::Bytes frame) {
  p9::Reader in(frame);
  uint8_t type = p9::FrameHeader::read(in).type;
  if (type == p9::Tversion::kLine.type) return {.ends_all = true};
  if (type != p9::Tflush::kLine.type) return {};
  auto flush = p9::read_members<p9::Tflush>(in);
  return in.finish() ? Meaning{.flushed = flush.oldtag} : Meaning{};
}

p9::Tag tag_of(p9::Bytes frame) {
  p9::Reader in(frame);
  return p9::FrameHeader::read(in).tag;
}

}  // namespace

Connection::Connection(Session& session, base::Fd socket, Outlet& outlet)
    : session_(session),
      socket_(socket),
      channels_(session.attach_point().channels != nullptr),
      in_flight_(session.attach_point().disk_threads, outlet,
                 {.serve = std::bind_front(&Connection::serve_late, this),
                  .settle = std::bind_front(&Connection::settle, this)}) {}

template <class Serve>
Result<Answer> Connection::serve_one(Serve serve) {
  if (session_.panicked()) return Answer{.panicked = true};
  std::size_t size = TRY(serve());
  return Answer{
      .size = size, .donation = session_.take_donation(), .panicked = session_.panicked()};
}

// Serves what somebody has scouted for. In a turn of its own; the scout lets go of its places
// there.
template <class Serve>
Result<Answer> Connection::serve_scouted(Scout scout, std::chrono::milliseconds took, Serve serve) {
  Turn turn(one_at_a_time_);
  const Scout last = std::move(scout);
  session_.disk().note_lookup(took);
  session_.tree().forget_check();
  session_.let_leave(false);
  return serve_one(serve);
}

Answer Connection::serve_late(Scout scout, p9::Bytes frame, std::span<std::byte> room) {
  std::chrono::milliseconds took = scout.look();
  auto answer =
      serve_scouted(std::move(scout), took, [&] { return serve_frame(session_, frame, room); });
  if (answer && !answer->panicked) return *std::move(answer);
  hang_up();
  return {.panicked = true};
}

void Connection::settle(DiskCall call, const Disk::Made& made) {
  Turn turn(one_at_a_time_);
  DiskCall last = std::move(call);  // lets go of its file in this turn
  session_.disk().note(last, made);
}

void Connection::begin_batch() {
  auto turn = take_turn();
  session_.tree().forget_check();
}

Result<Answer> Connection::serve(p9::Bytes frame, std::span<std::byte> room) {
  Meaning meaning;
  if (in_flight_.any()) [[unlikely]] {
    meaning = meaning_of(frame);
    in_flight_.wait_for_fids_of(frame);
  }
  if (meaning.ends_all) in_flight_.wait_for_all();
  auto turn = take_turn();
  session_.let_leave(in_flight_.has_room());
  Result<Answer> answer = serve_one([&] { return serve_frame(session_, frame, room); });
  std::optional<Left> left = session_.take_left();
  if (turn.owns_lock()) turn.unlock();
  if (left) {
    in_flight_.start(tag_of(frame), *std::move(left), frame, room.size());
    return Answer{};
  }
  if (meaning.flushed && in_flight_.answer_after(*meaning.flushed, tag_of(frame))) return Answer{};
  return answer;
}

Result<Answer> Connection::serve(const p9::Datagram& datagram, std::span<std::byte> room,
                                 std::span<std::byte> scratch) {
  auto turn = take_turn();
  session_.tree().forget_check();  // a batch of its own
  session_.let_leave(true);
  auto serve = [&] { return serve_datagram(session_, datagram, room, scratch); };
  Result<Answer> answer = serve_one(serve);
  std::optional<Left> left = session_.take_left();
  if (!left) return answer;
  turn.unlock();
  if (auto* scout = std::get_if<Scout>(&*left)) {
    std::chrono::milliseconds took = scout->look();
    return serve_scouted(std::move(*scout), took, serve);
  }
  auto& call = std::get<DiskCall>(*left);
  Disk::Made made = Disk::make(call);
  auto size =
      call.reply(made.result, [&](const auto& reply) { return p9::encode_datagram(room, reply); });
  settle(std::move(call), made);
  return Answer{.size = TRY(std::move(size))};
}

void Connection::hang_up() {
  ::shutdown(socket_.raw(), SHUT_RDWR);
}

bool Connection::panicked() {
  auto turn = take_turn();
  return session_.panicked();
}

}  // namespace gofer
