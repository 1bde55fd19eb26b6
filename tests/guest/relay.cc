#include "tests/guest/relay.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/socket.h>

#include <cerrno>
#include <vector>

#include "tests/support/descriptors.h"

namespace guest {
namespace {

using base::UniqueFd;

constexpr std::size_t kBuffer = std::size_t{1} << 21;  // two messages of the largest msize

// What goes one way and has not been passed on yet.
class Way {
 public:
  Way(base::Fd from, base::Fd to) : from_(from), to_(to), bytes_(kBuffer) {}

  short wants_input() const { return end_ < kBuffer ? POLLIN : short{0}; }
  short wants_output() const { return begin_ < end_ ? POLLOUT : short{0}; }

  // Moves what can be moved without waiting. False at the end of the stream, or at an error.
  bool pass() { return fill() && drain(); }

 private:
  bool fill() {
    if (end_ == kBuffer) return true;
    ssize_t n = ::recv(from_.raw(), bytes_.data() + end_, kBuffer - end_, MSG_DONTWAIT);
    if (n < 0) return errno == EAGAIN || errno == EINTR;
    end_ += static_cast<std::size_t>(n);
    if (n == 0) (void)drain();
    return n > 0;
  }

  bool drain() {
    while (begin_ < end_) {
      ssize_t n =
          ::send(to_.raw(), bytes_.data() + begin_, end_ - begin_, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (n < 0) return errno == EAGAIN || errno == EINTR;
      begin_ += static_cast<std::size_t>(n);
    }
    begin_ = end_ = 0;
    return true;
  }

  base::Fd from_;
  base::Fd to_;
  std::vector<char> bytes_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

void carry(UniqueFd left, UniqueFd right, UniqueFd alive, UniqueFd stop) {
  Way there(left, right);
  Way back(right, left);
  for (;;) {
    auto events = [](const Way& in, const Way& out) {
      return static_cast<short>(in.wants_input() | out.wants_output());
    };
    pollfd polls[] = {{left.raw(), events(there, back), 0},
                      {right.raw(), events(back, there), 0},
                      {alive.raw(), POLLIN, 0},
                      {stop.raw(), POLLIN, 0}};
    if (::poll(polls, 4, -1) < 0 && errno != EINTR) return;
    if (polls[2].revents != 0 || polls[3].revents != 0) return;
    if (!there.pass() || !back.pass()) return;
  }
}

}  // namespace

Relay::Relay(UniqueFd left, UniqueFd right, UniqueFd alive, int cpu) {
  auto [ours, theirs] = support::socket_pair();
  stop_ = std::move(ours);
  thread_ =
      std::thread(carry, std::move(left), std::move(right), std::move(alive), std::move(theirs));
  cpu_set_t only;
  CPU_ZERO(&only);
  CPU_SET(static_cast<std::size_t>(cpu), &only);
  (void)::pthread_setaffinity_np(thread_.native_handle(), sizeof only, &only);
}

Relay::~Relay() {
  stop();
}

void Relay::stop() {
  stop_.reset();
  if (thread_.joinable()) thread_.join();
}

}  // namespace guest
