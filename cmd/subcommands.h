// Subcommands: what `gofer WORD ...` does besides serving. Each is documented in gofer(8).
#pragma once

#include <span>
#include <string>

#include "spec/base/problem.h"

namespace cmd {

// The words that follow the subcommand's own.
using CommandWords = std::span<const char* const>;

struct Subcommand {
  const char* name;
  const char* synopsis;  // what follows the name
  const char* what;      // for --help
  // Prints to stdout; gives the exit status.
  base::Outcome<int> (*run)(CommandWords words);
};

std::span<const Subcommand> subcommands();

// The one that argv[1] names, or null.
const Subcommand* find_subcommand(int argc, const char* const* argv);

// Runs it; tells a failure in one line on stderr. Gives the exit status.
int run_subcommand(const Subcommand& subcommand, CommandWords words);

}  // namespace cmd
