// The servers that are measured side by side, each with a process of its own and a client.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bench/raw_client.h"
#include "tests/support/bundle.h"
#include "tests/support/gofer_process.h"
#include "tests/support/serving.h"

namespace bench {

struct Server {
  std::string name;
  pid_t pid = -1;
  std::unique_ptr<RawClient> client = {};
  bool by_directory = true;  // has Tunlinkat and Trenameat

  // All processor time that the process has used, user and system.
  nanoseconds cpu() const;
};

// `floor`, and ours three times: the server alone (`bare`), in a jail without what may be left out
// of it, which keeps its root and its filter (`filtered`), and in the whole of it, started as a
// runtime starts it (`jailed`). `diod` where it is installed. They run on the processors that the
// calling thread is pinned to, and end with this object.
class Servers {
 public:
  // `tree` is what all serve; `bundle` has it as its only mount.
  Servers(const std::string& gofer, const support::Bundle& bundle, const support::path& tree);

  std::vector<Server>& all() { return all_; }

 private:
  using Serve = void (*)(base::Fd socket, base::Fd root);

  void add_forked(const char* name, const support::path& tree, Serve serve);
  void add_jailed(const char* name, const std::string& gofer, const support::Bundle& bundle,
                  std::vector<std::string> arguments);
  void add_diod(const support::path& tree);

  std::vector<std::unique_ptr<support::Process>> processes_;
  std::vector<std::unique_ptr<support::Serving>> jailed_;
  std::vector<Server> all_;
};

}  // namespace bench
