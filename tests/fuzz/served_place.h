// The tree that fuzzers of the server work on, and what must hold after each input whatever a
// client said.
#pragma once

#include <array>
#include <cstdint>
#include <functional>

#include "gofer/session.h"
#include "tests/fuzz/frames.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tree.h"

namespace fuzz {

using support::path;

// Ends the process, as a sanitizer does, unless the promise holds.
void require(bool holds, const char* promise);

// The tree that is served, beside what must never be reached: links in the tree lead there.
class Place {
 public:
  Place();
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place();

  path served() const { return dir_ / "served"; }
  bool outside_is_untouched() const { return look() == outside_; }
  void make_anew();

 private:
  struct Seen {
    uint64_t numbers[9];
    friend bool operator==(const Seen&, const Seen&) = default;
  };
  path outside() const { return dir_ / "outside"; }
  void bound();
  void make_served();
  std::array<path, 4> watched() const;
  std::array<Seen, 4> look() const;

  support::TempDir dir_;
  bool mounted_ = false;
  base::UniqueFd listener_;  // its backlog fills up, and then nobody waits
  std::array<Seen, 4> outside_{};
};

// Has `client` talk to a session on the tree, served as the bits of `how` say (frames.h).
// Afterwards every descriptor is back, nothing outside was touched and a read-only tree is as it
// was.
void with_session(uint8_t how, const std::function<void(gofer::Session&)>& client);

// The reply to a frame has its size, its tag, and its type or that of an error.
void check_reply(p9::Bytes request, p9::Bytes reply);

// Serves one frame and checks its reply, which is valid until the next one.
p9::Bytes answer(gofer::Session& session, p9::Bytes frame);

}  // namespace fuzz
