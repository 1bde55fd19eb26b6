// Handshake: what a child tells the launcher while it locks itself down. One end of a
// socketpair(AF_UNIX, SOCK_SEQPACKET) each, one record per message:
//
//   child      -> kAttach    "trace me now", then it waits
//   launcher   -> go         the child goes on
//   child      -> kReport    everything but the filter is in force
//   child      -> kProblem   a step failed, before or after the report; the child ends
//   end of file after kReport: the filter is in force. A worker closes its end under it; pid 1,
//   whose filter has no close(2), just before, and it ends if the filter is then refused.
//   end of file without kReport: the child died.
#pragma once

#include <cstdint>
#include <optional>

#include "sandbox/failure.h"
#include "sandbox/skips.h"
#include "spec/base/fd.h"
#include "spec/base/problem.h"

namespace sandbox {

// What is in force in a jailed process. Trivially copyable.
struct JailReport {
  int landlock_abi = 0;         // 0: none
  int groups_kept = 0;          // supplementary groups that could not be dropped
  uint32_t skipped = 0;         // Skips::bits()
  bool mdwe = false;            // memory is never writable and executable
  bool pass_rights = true;      // the transport would accept passed descriptors
  bool filter = false;          // a filter follows (false only in instrumented builds)
  bool user_namespace = false;  // that of enter_user_namespace(): one id exists, no chown
};

enum class MessageKind : uint32_t { kAttach = 1, kReport, kProblem };

struct Message {
  MessageKind kind = MessageKind::kAttach;
  JailReport report;
  FlatProblem problem;
};

// A connected pair of SOCK_SEQPACKET sockets: for the launcher and for the child.
struct Handshake {
  base::UniqueFd launcher;
  base::UniqueFd child;
};
base::Outcome<Handshake> make_handshake();

// Child's side.
base::Outcome<void> send_report(base::Fd control, const JailReport& report);
void send_problem(base::Fd control, const base::Problem& problem);
// Asks to be attached to and waits for the answer. Errors: EPIPE when the launcher is gone.
base::Outcome<void> ask_to_be_attached(base::Fd control);

// Launcher's side. The next message, blocking; nothing at end of file.
base::Outcome<std::optional<Message>> receive(base::Fd control);
base::Outcome<void> send_go(base::Fd control);

}  // namespace sandbox
