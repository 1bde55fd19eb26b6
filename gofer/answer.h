// Answer: a reply on its way to the client, and the descriptor that goes along.
#pragma once

#include <cstddef>
#include <utility>

#include "gofer/pass_descriptor.h"
#include "spec/base/fd.h"

namespace gofer {

// A descriptor that goes along with a reply.
class Donation {
 public:
  Donation() = default;
  Donation(base::UniqueFd owned, Alone reply)
      : owned_(std::move(owned)), fd_(owned_), reply_(reply) {}
  Donation(base::Fd borrowed, Alone reply) : fd_(borrowed), reply_(reply) {}

  bool valid() const { return fd_.raw() >= 0; }
  base::Fd fd() const { return fd_; }
  Alone reply() const { return reply_; }

 private:
  base::UniqueFd owned_;
  base::Fd fd_{-1};
  Alone reply_ = Alone::kGood;
};

// What was written where the reply was to be: nothing when somebody else will answer, or when the
// session has panicked and must not go on.
struct Answer {
  std::size_t size = 0;
  Donation donation = {};
  bool panicked = false;
};

}  // namespace gofer
