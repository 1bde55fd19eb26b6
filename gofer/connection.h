// Connection: a session that the socket and the channels of one client serve at the same time.
#pragma once

#include <mutex>
#include <span>

#include "gofer/in_flight.h"
#include "gofer/p9/flipcall.h"
#include "gofer/session.h"

namespace gofer {

// For all threads that serve the client: one request is served at a time, from its decoding to the
// last byte of its reply. Whoever waits for the next one, or for a disk, waits outside: on a
// channel its own thread, for the socket one of the attach point's disk threads. Where no other
// thread is at work there is nothing to wait for.
class Connection {
 public:
  // All are borrowed; `outlet` is that of `socket`.
  Connection(Session& session, base::Fd socket, Outlet& outlet);

  // The frames that follow have come at the same time, and are served without waiting for others.
  void begin_batch();
  // Serves a frame of the socket: see serve_frame(). Tversion waits for what is in flight, and
  // Rflush is sent behind the reply to what it flushes.
  base::Result<Answer> serve(p9::Bytes frame, std::span<std::byte> room);
  // Serves a datagram of a channel: see serve_datagram().
  base::Result<Answer> serve(const p9::Datagram& datagram, std::span<std::byte> room,
                             std::span<std::byte> scratch);

  // From a channel, when the session has panicked: whoever reads from the socket finds its end.
  void hang_up();

  bool panicked();

  const Session& session() const { return session_; }

 private:
  using Turn = std::unique_lock<std::mutex>;

  template <class Serve>
  base::Result<Answer> serve_one(Serve serve);
  template <class Serve>
  base::Result<Answer> serve_scouted(Scout scout, std::chrono::milliseconds took, Serve serve);
  Answer serve_late(Scout scout, p9::Bytes frame, std::span<std::byte> room);
  void settle(DiskCall call, const Disk::Made& made);
  Turn take_turn() { return channels_ || in_flight_.any() ? Turn(one_at_a_time_) : Turn(); }

  std::mutex one_at_a_time_;
  Session& session_;
  base::Fd socket_;
  bool channels_;
  InFlight in_flight_;  // the last: its threads use what is above
};

}  // namespace gofer
