// Runs code in a forked child: what it does to its process is gone with it.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "spec/base/fd.h"
#include "spec/base/problem.h"

namespace sandbox_test {

// "ok", or the Problem as the operator reads it.
template <class T>
std::string text_of(const base::Outcome<T>& outcome) {
  return outcome ? "ok" : base::to_line(outcome.error());
}

// What `body` returned in a child, or "killed by signal N", "exited with N". The child is waited
// for, and with it everything it left running in a pid namespace of its own.
std::string in_child(const std::function<std::string()>& body);

// Makes this process an ordinary user without capabilities, as a login would. Throws
// std::system_error.
void become_user(uid_t uid, const std::vector<gid_t>& groups = {});

// What `errno` says about a call's result: "ok" for anything but -1, or the errno's name.
std::string said(long result);

// Tries to pass a descriptor over a socket (SCM_RIGHTS) and says what came of it.
std::string pass_descriptor(base::Fd socket);

}  // namespace sandbox_test
