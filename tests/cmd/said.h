// The program run to its end, and what it said.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "spec/base/fd.h"
#include "tests/support/gofer_process.h"

namespace cmd {

struct Said {
  support::End end;
  std::string out;
  std::string err;
};

inline Said run(std::vector<std::string> words, std::vector<base::Fd> inherited = {}) {
  words.insert(words.begin(), GOFER_BINARY);
  support::Process process(
      {.words = words, .inherited = std::move(inherited), .environment = {}, .user = {}});
  support::End end = process.wait();
  return {end, process.out(), process.err()};
}

}  // namespace cmd
