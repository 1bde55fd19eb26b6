// Connection: a session that the socket and the channels of one client serve at the same time.
#pragma once

#include <mutex>
#include <span>

#include "gofer/p9/flipcall.h"
#include "gofer/session.h"

namespace gofer {

// For all threads that serve the client: one request is served at a time, from its decoding to the
// last byte of its reply. Whoever waits for the next one waits outside. Where there are no channels
// there is one thread, and nothing to wait for.
class Connection {
 public:
  // `session` and `socket` are borrowed.
  Connection(Session& session, base::Fd socket)
      : session_(session), socket_(socket), shared_(session.attach_point().channels != nullptr) {}

  // A reply that was written. None when the session has panicked: it must not go on.
  struct Answer {
    std::size_t size = 0;
    Donation donation = {};
    bool panicked = false;
  };

  // The frames that follow have come at the same time, and are served without waiting for others.
  void begin_batch();
  // Serves a frame of the socket: see serve_frame().
  base::Result<Answer> serve(p9::Bytes frame, std::span<std::byte> room);
  // Serves a datagram of a channel: see serve_datagram().
  base::Result<Answer> serve(const p9::Datagram& datagram, std::span<std::byte> room,
                             std::span<std::byte> scratch);

  // From a channel, when the session has panicked: whoever reads from the socket finds its end.
  void hang_up();

  bool panicked();

  const Session& session() const { return session_; }

 private:
  template <class Serve>
  base::Result<Answer> serve_one(Serve serve);
  std::unique_lock<std::mutex> take_turn() {
    return shared_ ? std::unique_lock(one_at_a_time_) : std::unique_lock<std::mutex>();
  }

  std::mutex one_at_a_time_;
  Session& session_;
  base::Fd socket_;
  bool shared_;
};

}  // namespace gofer
