// Disk: which calls are made at once, and which are better left to somebody who can wait.
#pragma once

#include <chrono>
#include <optional>

#include "gofer/disk_call.h"

namespace gofer {

// Whether calls of one kind have taken long lately. After one that has, so many must be quick until
// it is forgotten.
class Pace {
 public:
  bool slow() const { return to_come_ > 0; }
  void note(std::chrono::milliseconds took);

 private:
  unsigned to_come_ = 0;
};

class Disk {
 public:
  // Makes the call, unless it would have to wait, as far as one can know: a read of what is not in
  // the page cache, on file systems that say so (preadv2(2): RWF_NOWAIT); any other while those of
  // its kind are slow; every fsync(2). None: it was not made. `file` is the one that it is for.
  std::optional<base::Result<std::size_t>> make_at_once(const DiskCall& call, OpenFile& file);

  // Makes it, however long that takes: on any thread. note() takes what is returned.
  struct Made {
    base::Result<std::size_t> result;
    std::chrono::milliseconds took;
  };
  static Made make(const DiskCall& call);
  void note(const DiskCall& call, const Made& made);

  // Whether requests that look something up have had to wait lately; one has taken so long.
  bool lookups_are_slow() const { return lookups_.slow(); }
  void note_lookup(std::chrono::milliseconds took) { lookups_.note(took); }

  // The time of the last tick of the clock: a finer one costs a tenth of a short read.
  static std::chrono::milliseconds now();

 private:
  Pace& pace_of(const DiskCall& call) {
    return call.kind == DiskCall::Kind::kRead ? reads_ : writes_;
  }

  Pace reads_;
  Pace writes_;
  Pace lookups_;
};

}  // namespace gofer
