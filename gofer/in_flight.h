// InFlight: the requests of a socket whose system calls other threads make, since they may have to
// wait for a disk.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <optional>

#include "gofer/disk.h"
#include "gofer/outlet.h"
#include "spec/base/parked_threads.h"

namespace gofer {

class InFlight {
 public:
  // What is done with a call that was made, before it is forgotten: on the thread that made it.
  using Settle = std::function<void(DiskCall, const Disk::Made&)>;

  // `threads` may be null: there are none. All are borrowed.
  InFlight(base::ParkedThreads* threads, Outlet& outlet, Settle settle);
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;
  ~InFlight() { wait_for_all(); }

  // Of the thread that reads the socket, as all that follow. While there are any, their threads
  // answer on the outlet, and settle what they have made.
  bool any() const { return busy_.load(std::memory_order_acquire) > 0; }
  bool has_room() const { return busy_.load(std::memory_order_acquire) < count_; }

  // A thread makes the call and sends its reply, for which there must be room. What it reads from
  // and into is copied.
  void start(p9::Tag tag, DiskCall call);

  // Whether a request with the tag `flushed` is in flight, or one that flushes it: then Rflush with
  // `tag` follows its reply. Of several, the last one is answered (9P manual, flush(5): it need be
  // no other).
  bool answer_after(p9::Tag flushed, p9::Tag tag);

  // Until all were answered.
  void wait_for_all();

 private:
  // Each has its thread. What it holds belongs to that thread while it is taken, but for the tags,
  // which are read and changed while sending.
  struct Slot {
    std::atomic<bool> taken = false;
    DiskCall call;
    std::unique_ptr<std::byte[]> room;  // for the reply, and for the data
    std::size_t size = 0;
    std::optional<p9::Tag> tag;  // until it is answered
    std::optional<p9::Tag> flush;
  };

  void live(std::size_t index);
  void answer(Slot& slot, const Disk::Made& made);

  base::ParkedThreads* threads_;
  Outlet& outlet_;
  Settle settle_;
  std::size_t count_;
  std::deque<Slot> slots_;  // as many
  std::atomic<std::size_t> busy_ = 0;
};

}  // namespace gofer
