// Command: CMD of `gofer ... -- CMD ARGS`, forked early with the caller's privileges and released
// once every attach point is served.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <string>
#include <vector>

#include "spec/base/fd.h"
#include "spec/base/problem.h"

namespace cmd {

class Command {
 public:
  // Forks a child that keeps `sockets` under their present numbers and waits to be released.
  // Must be called before any namespace is entered: CMD lives in the caller's. `mask` is the
  // signal mask that CMD gets.
  static base::Outcome<Command> fork_waiting(const std::vector<std::string>& words,
                                             std::vector<base::UniqueFd> sockets,
                                             const sigset_t& mask);

  // Lets the child run CMD with GOFER_MOUNTS=`mounts`. A Command that is destroyed unreleased
  // ends its child.
  base::Outcome<void> release(const std::string& mounts);

  pid_t pid() const { return pid_; }

 private:
  Command(pid_t pid, base::UniqueFd gate) : pid_(pid), gate_(std::move(gate)) {}
  pid_t pid_;
  base::UniqueFd gate_;  // the child waits for its end of file
};

}  // namespace cmd
