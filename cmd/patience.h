// Patience: waiting for others during the start, while workers end and signals come.
#pragma once

#include <poll.h>

#include <span>
#include <string_view>

#include "cmd/supervisor.h"
#include "spec/base/fd.h"
#include "spec/base/problem.h"

namespace cmd {

class Patience {
 public:
  // The signals of supervised_signals() are blocked by then.
  static base::Outcome<Patience> open(Supervisor& supervisor);

  // poll(2) without a deadline; returns when one of `others` has news or a signal was answered. A
  // traced worker that dies stays in its exit stop, sockets open, until it is answered: it is,
  // here. A signal that asks for the end ends the process, as if it had never been blocked.
  base::Outcome<void> wait(std::span<pollfd> others);

 private:
  Patience(Supervisor& supervisor, base::UniqueFd signals)
      : supervisor_(&supervisor), signals_(std::move(signals)) {}
  void obey();

  Supervisor* supervisor_;
  base::UniqueFd signals_;
};

// All of `text` to a pipe or file whose reader may take its time, or for ever: workers are looked
// after meanwhile. Returns early when none is left.
base::Outcome<void> write_patiently(base::Fd to, std::string_view text, Supervisor& supervisor);

}  // namespace cmd
