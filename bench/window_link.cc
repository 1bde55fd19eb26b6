#include "bench/window_link.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "tests/support/descriptors.h"
#include "tests/support/gofer_process.h"

namespace bench {
namespace {

void check(bool good, const char* call) {
  if (!good) throw std::system_error(errno, std::generic_category(), call);
}

}  // namespace

WindowLink::WindowLink()
    : memory_(support::make_memory_file("window")), socket_(support::socket_pair()) {
  check(::ftruncate(memory_.raw(), p9::kWindowSize) == 0, "ftruncate");
  int ends[2] = {-1, -1};
  check(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0, "socketpair");
  side_ = {base::UniqueFd(ends[0]), base::UniqueFd(ends[1])};
  support::set_receive_deadline(socket_.second);
}

std::unique_ptr<ChannelClient> WindowLink::connect(Way way) && {
  socket_.first.reset();
  p9client::Channel::Parts parts{.memory = std::move(memory_),
                                 .offset = 0,
                                 .length = p9::kWindowSize,
                                 .side = std::move(side_.second)};
  return std::make_unique<ChannelClient>(p9client::Connection(std::move(socket_.second)),
                                         std::move(parts), way);
}

}  // namespace bench
