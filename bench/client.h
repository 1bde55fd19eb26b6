// Client: who measures a server, whichever way it speaks with it. It sends frames that were encoded
// before and spends as little as it can on the replies. Throws std::runtime_error when a server
// does not answer as it is expected to.
#pragma once

#include <cstddef>
#include <string_view>

#include "bench/script.h"
#include "bench/times.h"
#include "spec/base/fd.h"

namespace bench {

inline constexpr std::size_t kMostInFlight = 64;

class Client {
 public:
  Client() = default;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  virtual ~Client() = default;

  // The largest frame that its server takes.
  virtual std::size_t msize() const = 0;

  // Sends one frame, and gives the reply: a view until the next call of anything here.
  virtual p9::Bytes call(p9::Bytes request) = 0;
  // The descriptor that came with the last reply, if any did.
  virtual base::UniqueFd take_descriptor() = 0;

  // One operation after the other until `end`, `in_flight` (at most kMostInFlight) at any
  // time.
  virtual void fly(Script& script, std::size_t in_flight, steady_clock::time_point end,
                   Times& times) = 0;

  // The steps of one operation, in order; of the first slot if there are several.
  void run(const Script& script) {
    for (const Step& one : script) expect(one, call(one.frames.front()));
  }
  // Attaches fid 0.
  void attach(std::string_view aname) {
    run({step(1, 0, [&](std::size_t) {
      return p9::Tattach{p9::Fid{0}, p9::Fid{p9::kNoFid}, "root", aname, 0};
    })});
  }
};

}  // namespace bench
