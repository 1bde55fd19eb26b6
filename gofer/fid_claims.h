// FidClaims: the fids that a request names, and which of them others may look from meanwhile.
#pragma once

#include <array>
#include <cstddef>

#include "gofer/p9/flags.h"
#include "gofer/p9/wire.h"

namespace gofer {

class FidClaims {
 public:
  // Of the request in a frame; none when it is malformed, for then it does nothing.
  static FidClaims of(p9::Bytes frame);

  void add(p9::Fid fid, bool shared);
  bool any() const { return count_ > 0; }
  // Whether one of the two requests could find a fid otherwise than it would without the other.
  bool conflict_with(const FidClaims& other) const;

 private:
  struct Claim {
    p9::Fid fid{p9::kNoFid};
    bool shared = false;
  };
  std::array<Claim, 2> claims_{};  // no request names more
  std::size_t count_ = 0;
};

}  // namespace gofer
