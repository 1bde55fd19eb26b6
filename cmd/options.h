// Options: the command line of gofer, parsed and checked. Documented in docs/man/gofer.8.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "spec/base/log.h"
#include "spec/base/problem.h"

namespace cmd {

enum class Mode : uint8_t { kServe, kCheck, kHelp, kVersion };

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
  uint64_t fd_limit = 4096;
  int require_landlock = 0;
  std::vector<std::string> without;  // steps of the jail to leave out

  base::LogFormat log_format = base::LogFormat::kText;
  base::LogLevel log_level = base::LogLevel::kWarning;
};

// Errors carry ExitCode::kUsage; `where` is the option.
base::Outcome<Options> parse_options(int argc, const char* const* argv);

// What --help prints.
std::string help_text();

// What --version prints: version, policies, kernel features are for `gofer --check`.
std::string version_text();

}  // namespace cmd
