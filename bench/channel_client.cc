#include "bench/channel_client.h"

#include <stdexcept>
#include <string>
#include <utility>

#include "tests/support/outcome.h"

namespace bench {
namespace {

template <class T>
T must(base::Result<T> result, const char* what) {
  if (!result) throw std::runtime_error(what + (": " + support::outcome(result)));
  return base::value_of(std::move(result));
}

}  // namespace

ChannelClient::ChannelClient(p9client::Connection connection, p9client::Channel::Parts parts,
                             Way way)
    : connection_(std::move(connection)),
      channel_(must(p9client::Channel::open(std::move(parts), connection_.socket()),
                    "a channel is not served")) {
  channel_.watches = way == Way::kChannelWatch;
}

p9::Bytes ChannelClient::call(p9::Bytes request) {
  must(channel_.exchange(request, reply_), "a request over a channel");
  return reply_.bytes;
}

void ChannelClient::fly(Script& script, std::size_t in_flight, steady_clock::time_point end,
                        Times& times) {
  if (in_flight != 1) throw std::logic_error("a channel takes one request at a time");
  times.take_until(end, [&] { run(script); });
}

std::unique_ptr<ChannelClient> connect_over_channel(base::UniqueFd socket, const Setting& setting) {
  p9client::Connection connection(std::move(socket));
  auto agree = [&](Dialect dialect) {
    must(connection.call(p9::Tversion{kMsize, version_of(dialect)}), "Tversion");
  };
  agree(Dialect::kGoogle);  // for Tchannel
  auto parts = must(p9client::Channel::ask(connection, 0), "Tchannel");
  agree(setting.dialect);
  return std::make_unique<ChannelClient>(std::move(connection), std::move(parts), setting.way);
}

}  // namespace bench
