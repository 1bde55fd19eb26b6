#include "sandbox/handshake.h"

#include <sys/socket.h>

#include <array>
#include <span>
#include <type_traits>

#include "sandbox/sys.h"

namespace sandbox {
namespace {

using base::Fd;
using base::Outcome;

static_assert(std::is_trivially_copyable_v<Message>);

Call call(std::string_view syscall, std::string_view what) {
  return {.step = "handshake",
          .where = {},
          .syscall = syscall,
          .what = what,
          .remedy = "the other process has ended; see what it logged"};
}

template <class T>
std::span<const std::byte> bytes_of(const T& value) {
  return std::as_bytes(std::span(&value, 1));
}

}  // namespace

Outcome<Handshake> make_handshake() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return base::failure(problem_of({.step = "handshake",
                                     .where = {},
                                     .syscall = "socketpair",
                                     .what = "cannot make a socket pair",
                                     .remedy = {}},
                                    base::Errno(errno)));
  return Handshake{.launcher = base::UniqueFd(ends[0]), .child = base::UniqueFd(ends[1])};
}

Outcome<void> send_report(Fd control, const JailReport& report) {
  Message message;
  message.kind = MessageKind::kReport;
  message.report = report;
  return required(sys::send(control, bytes_of(message)),
                  call("send", "cannot report to the launcher"));
}

void send_problem(Fd control, const base::Problem& problem) {
  Message message;
  message.kind = MessageKind::kProblem;
  message.problem = flatten(problem);
  // A launcher that is gone needs no telling.
  [[maybe_unused]] auto sent = sys::send(control, bytes_of(message));
}

Outcome<void> ask_to_be_attached(Fd control) {
  Message message;
  TRY(required(sys::send(control, bytes_of(message)), call("send", "cannot ask the launcher")));
  std::byte go{};
  std::size_t size = TRY(
      required(sys::recv(control, std::span(&go, 1)), call("recv", "no answer of the launcher")));
  if (size == 1) return {};
  return base::failure(problem_of(call("recv", "no answer of the launcher"), base::Errno(EPIPE)));
}

Outcome<std::optional<Message>> receive(Fd control) {
  Message message;
  std::size_t size =
      TRY(required(sys::recv(control, std::as_writable_bytes(std::span(&message, 1))),
                   call("recv", "cannot hear from the child")));
  if (size == 0) return std::optional<Message>();
  bool known = message.kind >= MessageKind::kAttach && message.kind <= MessageKind::kProblem;
  if (size != sizeof message || !known)
    return base::failure(
        problem_of(call("recv", "the child sent what is no message"), base::Errno(EPROTO)));
  return std::optional(message);
}

Outcome<void> send_go(Fd control) {
  constexpr std::byte kGo{1};
  return required(sys::send(control, bytes_of(kGo)), call("send", "cannot answer the child"));
}

}  // namespace sandbox
