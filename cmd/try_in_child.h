// try_in_child(): a step of the jail, really taken, by a process that ends with it.
#pragma once

#include <functional>
#include <string>

#include "spec/base/problem.h"

namespace cmd {

// What `step` answers in a forked child; texts are cut after 200 bytes. Errors: its own, or
// kInternal if the child was ended by a signal.
base::Outcome<std::string> try_in_child(const std::function<base::Outcome<std::string>()>& step);

}  // namespace cmd
