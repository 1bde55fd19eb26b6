// The servers that are measured side by side, each with a process of its own and a client.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/bare_window.h"
#include "bench/client.h"
#include "bench/processors.h"
#include "bench/setting.h"
#include "tests/support/bundle.h"
#include "tests/support/gofer_process.h"
#include "tests/support/serving.h"

namespace bench {

struct Server {
  std::string name;
  pid_t pid = -1;
  std::unique_ptr<Client> client = {};
  bool by_directory = true;   // has Tunlinkat and Trenameat
  bool only_getattr = false;  // has no other message, and no fids

  // All processor time that the process has used, user and system.
  nanoseconds cpu() const;
};

// What is served: by the binary `gofer` this bundle, of which `tree` is the only mount; by others
// the tree.
struct Served {
  std::string gofer;
  const support::Bundle& bundle;
  support::path tree;
};

// `floor`. Two that only hand messages back and forth: `ping-pong`; and `ping-sleep` on a channel,
// which never watches its window. Ours three times: the server alone (`bare`), in a jail without
// what may be left out of it, which keeps its root and its filter (`filtered`), and in the whole of
// it, started as a runtime starts it (`jailed`). `diod` where it is installed. `filtered` and
// `diod` speak 9P2000.L on the socket only. They run on the processor that they are given, and end
// with this object.
class Servers {
 public:
  // Started by who may run on more processors than one: see gofer::Channels.
  Servers(const Served& served, const Setting& setting, const std::optional<Processors>& on);

  const Setting& setting() const { return setting_; }
  std::vector<Server>& all() { return all_; }

 private:
  void add_floor(Waiting waiting);
  void add_ping_pong(const char* name, Waiting waiting);
  void add_bare();
  void add_jailed(const char* name, std::vector<std::string> arguments);
  void add_diod();

  template <class Serve>
  pid_t start(Serve serve);
  // Attaches the root. `aname` is what the server calls it.
  void add(Server server, std::string_view aname = "/");

  const Served& served_;
  Setting setting_;
  std::vector<std::unique_ptr<support::Process>> processes_;
  std::vector<std::unique_ptr<support::Serving>> jailed_;
  std::vector<Server> all_;
};

}  // namespace bench
