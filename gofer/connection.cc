#include "gofer/connection.h"

#include <sys/socket.h>

#include "gofer/dispatcher.h"

namespace gofer {

using base::Result;

template <class Serve>
Result<Connection::Answer> Connection::serve_one(Serve serve) {
  auto turn = take_turn();
  if (session_.panicked()) return Answer{.panicked = true};
  std::size_t size = TRY(serve());
  return Answer{
      .size = size, .donation = session_.take_donation(), .panicked = session_.panicked()};
}

void Connection::begin_batch() {
  auto turn = take_turn();
  session_.tree().forget_check();
}

Result<Connection::Answer> Connection::serve(p9::Bytes frame, std::span<std::byte> room) {
  return serve_one([&] { return serve_frame(session_, frame, room); });
}

Result<Connection::Answer> Connection::serve(const p9::Datagram& datagram,
                                             std::span<std::byte> room,
                                             std::span<std::byte> scratch) {
  return serve_one([&] {
    session_.tree().forget_check();  // a batch of its own
    return serve_datagram(session_, datagram, room, scratch);
  });
}

void Connection::hang_up() {
  ::shutdown(socket_.raw(), SHUT_RDWR);
}

bool Connection::panicked() {
  auto turn = take_turn();
  return session_.panicked();
}

}  // namespace gofer
