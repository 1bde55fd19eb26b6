#include "cmd/patience.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <vector>

#include "cmd/report.h"

namespace cmd {
namespace {

using base::Outcome;
using base::UniqueFd;

// A pid 1 is not ended by a signal that it leaves to its default action.
void end_by(int signal) {
  struct sigaction action{};
  ::sigaction(signal, nullptr, &action);
  ::raise(signal);
  sigset_t one;
  ::sigemptyset(&one);
  ::sigaddset(&one, signal);
  ::sigprocmask(SIG_UNBLOCK, &one, nullptr);
  if (action.sa_handler == SIG_DFL) ::_exit(128 + signal);
}

}  // namespace

Outcome<Patience> Patience::open(Supervisor& supervisor) {
  sigset_t set = supervised_signals();
  UniqueFd signals(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (signals.valid()) return Patience(supervisor, std::move(signals));
  return base::failure(failed_call("workers", "signals cannot be received", "signalfd"));
}

Outcome<void> Patience::wait(std::span<pollfd> others) {
  std::vector<pollfd> all{{.fd = signals_.raw(), .events = POLLIN, .revents = 0}};
  all.insert(all.end(), others.begin(), others.end());
  if (::poll(all.data(), all.size(), -1) < 0 && errno != EINTR)
    return base::failure(failed_call("workers", "waiting failed", "poll"));
  std::copy(all.begin() + 1, all.end(), others.begin());
  if (all[0].revents != 0) obey();
  return {};
}

void Patience::obey() {
  signalfd_siginfo info{};
  while (::read(signals_.raw(), &info, sizeof info) == sizeof info)
    if (info.ssi_signo != SIGCHLD) end_by(static_cast<int>(info.ssi_signo));
  supervisor_->drain();
}

// A pipe that can be written to has room for PIPE_BUF bytes: no write blocks.
Outcome<void> write_patiently(base::Fd to, std::string_view text, Supervisor& supervisor) {
  Patience patience = TRY(Patience::open(supervisor));
  while (!text.empty() && supervisor.any_alive()) {
    std::array<pollfd, 1> reader{{{.fd = to.raw(), .events = POLLOUT, .revents = 0}}};
    TRY(patience.wait(reader));
    if (reader[0].revents == 0) continue;
    ssize_t n = ::write(to.raw(), text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
    if (n < 0 && errno != EINTR)
      return base::failure(failed_call("mounts", "--mounts-fd cannot be written", "write"));
    if (n > 0) text.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

}  // namespace cmd
