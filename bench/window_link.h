// WindowLink: what a forked server and its client have in common where all they know of channels is
// the window.
#pragma once

#include <memory>
#include <utility>

#include "bench/channel_client.h"
#include "bench/setting.h"
#include "spec/base/fd.h"

namespace bench {

class WindowLink {
 public:
  // Made before the fork. Throws std::system_error.
  WindowLink();

  // The server's.
  base::Fd memory() const { return memory_; }
  base::Fd side() const { return side_.first; }

  // The client, which shakes hands; there is a server by then.
  std::unique_ptr<ChannelClient> connect(Way way) &&;

 private:
  using Pair = std::pair<base::UniqueFd, base::UniqueFd>;  // the server's end, the client's

  base::UniqueFd memory_;
  Pair side_;
  Pair socket_;  // says nothing; hangs up when the server goes
};

}  // namespace bench
