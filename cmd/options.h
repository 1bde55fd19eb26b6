// Options: the command line of gofer, parsed and checked. Documented in docs/man/gofer.8.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cmd/budgets.h"
#include "cmd/runsc_flags.h"
#include "spec/base/log.h"
#include "spec/base/problem.h"
#include "spec/role.h"

namespace cmd {

enum class Mode : uint8_t { kServe, kCheck, kHelp, kVersion };

// What a start in the place of runsc's gofer has besides; docs/runsc.md.
struct RunscStart {
  std::optional<int> sync_userns_fd;  // ends when the user namespace has its id maps
  bool has_debug_log = false;         // stderr is that; otherwise it is the log of the shim
  std::optional<int> log_fd;          // the shim's, if there is a debug log besides
  mode_t umask = 022;                 // of the runtime: mount points are made under it
  RunscFlags flags;
};

struct Options {
  Mode mode = Mode::kServe;

  // The bundle. Exactly one of spec and spec_fd is set; bundle is what relative paths in the
  // spec are relative to.
  std::string spec;
  std::optional<int> spec_fd;
  std::string bundle;

  // How clients are connected: descriptors of the runtime, or a command to run.
  std::vector<int> io_fds;
  std::vector<std::string> command;

  std::optional<int> mounts_fd;
  std::optional<int> status_fd;

  bool panic_on_write = false;
  bool host_uds = false;   // on every attach point
  bool host_fifo = false;  // on every attach point
  unsigned channels = 0;   // on every attach point that does not say how many
  bool strict = false;
  bool allow_kernel_fs = false;
  bool json = false;  // with --check
  std::size_t max_mounts = 256;
  Budgets budgets;          // of each worker
  std::string cgroup;       // its directory; all workers go there. Empty: they stay
  uint64_t memory_max = 0;  // bytes, of all in the cgroup; 0: what it says already
  int require_landlock = 0;
  std::vector<std::string> without;  // steps of the jail to leave out

  bool read_only_root = false;  // whatever the spec says of it
  bool read_only = false;       // every attach point, whatever the spec says
  std::optional<RunscStart> runsc;

  base::LogFormat log_format = base::LogFormat::kText;
  base::LogLevel log_level = base::LogLevel::kWarning;
};

// Errors carry ExitCode::kUsage; `where` is the option.
base::Outcome<Options> parse_options(int argc, const char* const* argv);

// What --help prints.
std::string help_text();

// "0.1.0".
const char* version_number();

// What --version prints: version, policies, kernel features are for `gofer --check`.
std::string version_text();

// "policy rw+uds: 40 rules, 243 instructions, sha256 ...\n": what the embedded program is.
std::string program_line(spec::Role role, spec::Extras extras);

}  // namespace cmd
