// Runsc: gofer in the place of the gofer of a runsc-like runtime. What such a runtime passes and
// expects is in docs/runsc.md; the line is
//   runsc-gofer GLOBAL... [--log-fd=N] [--debug-log-fd=N] gofer --bundle DIR --spec-fd=N
//     [--profile-*-fd=N] [--trace-fd=N] --mounts-fd=N --io-fds=N... [--sync-userns-fd=N]
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cmd/options.h"
#include "spec/base/problem.h"
#include "spec/bundle.h"

namespace cmd {

// Whether this is such a line: by the name of the program, or by the word `gofer` after nothing but
// words --NAME=VALUE, where no other line of gofer's has one.
bool is_runsc_line(int argc, const char* const* argv);

// The descriptors that the log goes to, read from whatever line there is: a line that is refused
// has to be reported as well.
struct RunscLogs {
  std::optional<int> log;        // a start's failure, for the runtime's shim
  std::optional<int> debug_log;  // everything
};
RunscLogs find_runsc_logs(int argc, const char* const* argv);

// Global flags that are unknown are passed over; everything after the word `gofer` must be known.
// Errors: ExitCode::kUsage; `where` is the option.
base::Outcome<Options> parse_runsc_line(int argc, const char* const* argv);

// What the flags come to.
void apply_runsc_flags(Options& options);

// The same once the annotations of the spec are known, and what they are worth a note. Does nothing
// if `options` are of another kind of start. Errors: the sandbox will not speak 9P (kUsage); those
// of take_annotations().
base::Outcome<std::vector<std::string>> settle_runsc(const spec::Bundle& bundle, Options& options);

// Brings the process into the state in which a start finds it otherwise (the log on stderr, open
// descriptors those of the line and no other) and serves. Returns the exit status of the program,
// which must end with it at once.
int serve_runsc(int argc, const char* const* argv);

}  // namespace cmd
