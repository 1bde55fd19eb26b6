// Commands: the verbs of the p9 tool.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/p9/places.h"

namespace p9client {

// One run of a verb: what it was given, and what went wrong so far.
class Run {
 public:
  Run(Places& places, std::string flags, std::vector<std::string> operands)
      : places_(places), flags_(std::move(flags)), operands_(std::move(operands)) {}

  Places& places() { return places_; }
  bool has(char flag) const { return flags_.find(flag) != flags_.npos; }
  const std::vector<std::string>& operands() const { return operands_; }

  // Prints "p9: PATH: what (errno)" on stderr. The run goes on and ends with status 1.
  void complain(std::string_view path, base::Errno error);
  // Complains unless `result` is good; says whether it is.
  template <class T>
  bool good(std::string_view path, const Result<T>& result) {
    if (!result) complain(path, result.error());
    return result.has_value();
  }
  bool failed() const { return failed_; }

 private:
  Places& places_;
  std::string flags_;
  std::vector<std::string> operands_;
  bool failed_ = false;
};

struct Command {
  std::string_view name;
  std::string_view flags;  // the letters it takes
  std::size_t least;       // operands
  std::size_t most;
  std::string_view operands;  // for the usage text
  std::string_view purpose;
  void (*run)(Run&);
};

std::span<const Command> commands();

// Looking: commands_look.cc. Changing: commands_change.cc.
void run_ls(Run& run);
void run_stat(Run& run);
void run_cat(Run& run);
void run_readlink(Run& run);
void run_tree(Run& run);
void run_df(Run& run);
void run_put(Run& run);
void run_mkdir(Run& run);
void run_rm(Run& run);
void run_mv(Run& run);
void run_ln(Run& run);

}  // namespace p9client
