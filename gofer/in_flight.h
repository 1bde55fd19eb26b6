// InFlight: the requests of a socket for which other threads wait, since they may have to wait for
// a disk.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <optional>

#include "gofer/fid_claims.h"
#include "gofer/outlet.h"
#include "gofer/session.h"
#include "spec/base/parked_threads.h"

namespace gofer {

class InFlight {
 public:
  // What is done for them in a turn of the session, on the thread that waited.
  struct Turns {
    // Looks ahead, then serves the frame, and writes the reply into `room`.
    std::function<Answer(Scout, p9::Bytes frame, std::span<std::byte> room)> serve;
    // Takes what a call has shown, when its reply is sent, and forgets it.
    std::function<void(DiskCall, const Disk::Made&)> settle;
  };

  // `threads` may be null: there are none. All are borrowed.
  InFlight(base::ParkedThreads* threads, Outlet& outlet, Turns turns);
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;
  ~InFlight() { wait_for_all(); }

  // Of the thread that reads the socket, as all that follow. While there are any, their threads
  // answer on the outlet, and use the session.
  bool any() const { return busy_.load(std::memory_order_acquire) > 0; }
  bool has_room() const { return busy_.load(std::memory_order_acquire) < count_; }

  // A thread does what is left, and sends the reply, of at most `largest_reply` bytes. There must
  // be room. What it reads from and into is copied.
  void start(p9::Tag tag, Left left, p9::Bytes frame, std::size_t largest_reply);

  // Whether a request with the tag `flushed` is in flight, or one that flushes it: then Rflush with
  // `tag` follows its reply. Of several, the last one is answered (9P manual, flush(5): it need be
  // no other).
  bool answer_after(p9::Tag flushed, p9::Tag tag);

  // Until those were answered that a scout was sent for and that have to do with the same fids. On
  // a socket every request finds the fids as those before it have left them.
  void wait_for_fids_of(p9::Bytes frame);
  // Until all were answered.
  void wait_for_all();

 private:
  // Each has its thread. What it holds belongs to that thread while it is taken, but for the tags,
  // which are read and changed while sending.
  struct Slot {
    std::atomic<bool> taken = false;
    // Takes what it needs of the request into memory of its own.
    void hold(DiskCall& call);
    void hold(p9::Bytes request, std::size_t largest_reply);

    Left left;
    FidClaims claims = {};                // of whoever reads the socket; for a scout
    p9::Bytes frame = {};                 // for a scout
    std::unique_ptr<std::byte[]> memory;  // for all that is copied, and the reply
    std::span<std::byte> room = {};       // for the reply
    std::optional<p9::Tag> tag;           // until it is answered
    std::optional<p9::Tag> flush;
  };

  void live(std::size_t index);
  void make(Slot& slot, DiskCall& call);
  void answer(Slot& slot, const Answer& answer);

  base::ParkedThreads* threads_;
  Outlet& outlet_;
  Turns turns_;
  std::size_t count_;
  std::deque<Slot> slots_;  // as many
  std::atomic<std::size_t> busy_ = 0;
};

}  // namespace gofer
