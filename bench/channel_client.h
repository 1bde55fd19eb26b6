// ChannelClient: a client on a channel, one request at a time.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include "bench/client.h"
#include "bench/setting.h"
#include "cmd/p9/channel.h"

namespace bench {

class ChannelClient final : public Client {
 public:
  // Shakes hands on a channel, and says nothing else. The socket of `connection` hangs up when its
  // server goes.
  ChannelClient(p9client::Connection connection, p9client::Channel::Parts parts, Way way);

  std::size_t msize() const override { return channel_.datagram().size(); }
  p9::Bytes call(p9::Bytes request) override;
  base::UniqueFd take_descriptor() override { return std::move(reply_.descriptor); }
  // One: there is no room for more.
  void fly(Script& script, std::size_t in_flight, steady_clock::time_point end,
           Times& times) override;

 private:
  p9client::Connection connection_;
  p9client::Channel channel_;
  p9client::Frame reply_;
};

// Agrees on the dialect with a server on this socket, and gets its channel 0.
std::unique_ptr<ChannelClient> connect_over_channel(base::UniqueFd socket, const Setting& setting);

}  // namespace bench
