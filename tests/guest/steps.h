// The command line that lets guest_steps make system calls in the guest; see steps.cc for the
// steps.
#pragma once

#include <initializer_list>
#include <string>

namespace guest {

// Steps have no single quotes in them. Says one line per step.
inline std::string steps(std::initializer_list<std::string> all) {
  std::string line = GUEST_STEPS;
  for (const std::string& step : all) line += " '" + step + "'";
  return line;
}

}  // namespace guest
