// Runtime: what a runsc-like runtime does to start its gofer, and the sandbox's ends of what it
// passes. The state at the start is the one that docs/runsc.md describes: namespaces, descriptors
// numbered from 3 in the order of the line and none close-on-exec, stdio /dev/null.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "spec/base/fd.h"
#include "tests/support/gofer_process.h"

namespace interop {

// How the user namespace of the gofer comes about.
enum class Users : uint8_t {
  kHost,    // there is none
  kPlain,   // there is none, nor any other namespace: an ordinary user tries things out
  kMapped,  // it has its maps before the gofer is executed, as root
  kSynced,  // it gets them later: --sync-userns-fd, with part of root's capabilities
};

struct RuntimeStart {
  std::string name = "runsc-gofer";  // argv[0]
  std::vector<std::string> globals = {"--root=state", "--network=none", "--lisafs=false",
                                      "--ignore-cgroups=true"};
  bool log = false;         // --log-fd
  bool debug_log = false;   // --debug-log-fd
  bool profile = false;     // --profile-cpu-fd
  support::path directory;  // where the runtime runs
  std::string bundle;       // as it is passed: relative to that
  std::size_t sockets = 1;
  std::vector<std::string> more = {};  // words at the end of the line
  mode_t umask = 022;
  Users users = Users::kHost;
  std::string id_map = {};                 // the text of uid_map and of gid_map
  uid_t user = 0;                          // whom the runtime runs as, with kPlain and kSynced
  std::function<void()> before_exec = {};  // in the gofer's namespaces, as root
  std::vector<base::Fd> strays = {};       // left open, with the numbers after those of the line
};

class Runtime {
 public:
  explicit Runtime(const RuntimeStart& start);

  support::Process& process() { return process_; }

  // The sandbox's end of an attach point, once.
  base::UniqueFd take_socket(std::size_t attach_point);
  void close_sockets() { ends_.sockets.clear(); }

  // Everything that comes through --mounts-fd, to its end.
  std::string mount_list() const;
  base::Fd mounts() const { return ends_.mounts; }
  void close_mounts() { ends_.mounts.reset(); }

  std::string log() const;
  std::string debug_log() const;

  // With kSynced: gives the user namespace its maps, and says so.
  void write_id_maps();
  void end_sync() { ends_.sync.reset(); }

  // The gofer's children, as the host numbers them: pid 1 of the workers, then a worker for each
  // attach point. They are there once the mount list has come.
  std::vector<pid_t> children() const;
  pid_t worker(std::size_t attach_point) const { return children().at(attach_point + 1); }

 private:
  // What the gofer gets: an option, and the descriptor behind its number.
  struct Passed {
    std::string_view option;
    base::UniqueFd fd;
    bool global = false;
  };
  struct Ends {
    std::vector<Passed> passed;  // in the order of the line
    base::UniqueFd log;
    base::UniqueFd debug_log;
    base::UniqueFd mounts;
    base::UniqueFd sync;
    std::vector<base::UniqueFd> sockets;
  };
  static Ends make_ends(const RuntimeStart& start);
  static std::vector<std::string> line(const RuntimeStart& start, const Ends& ends);
  static pid_t launch(const RuntimeStart& start, const Ends& ends);
  [[noreturn]] static void become_gofer(const RuntimeStart& start, const Ends& ends,
                                        base::Fd mapped);

  std::string id_map_;
  Ends ends_;
  support::Process process_;
};

}  // namespace interop
