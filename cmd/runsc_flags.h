// RunscFlags: the global flags of runsc that mean something to its gofer. docs/runsc.md lists them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "spec/base/log.h"
#include "spec/base/problem.h"

namespace cmd {

// The names of the flags that RunscFlags::take() does not pass over.
std::vector<std::string_view> runsc_flag_names();

struct RunscFlags {
  // What the sandbox covers with an overlay of its own: it is served read-only.
  enum class Overlay : uint8_t { kNone, kRoot, kAll };

  bool lisafs = true;  // what the sandbox speaks unless it is told --lisafs=false
  Overlay overlay2 = Overlay::kNone;
  bool overlay = false;       // the older flag: Overlay::kAll
  bool uds = false;           // host-uds: clients may connect to sockets
  bool uds_by_older = false;  // fsgofer-host-uds
  bool fifo = false;
  std::optional<uint64_t> fd_limit;
  bool debug = false;
  base::LogFormat debug_log_format = base::LogFormat::kText;
  bool allow_flag_override = false;

  bool read_only_root() const { return overlay2 == Overlay::kRoot; }
  bool read_only() const { return overlay || overlay2 == Overlay::kAll; }

  // Takes `--name=value`. A flag that is not listed in docs/runsc.md is passed over: it is the
  // business of other parts of the runtime. `where` is the option or the annotation. Errors: a
  // value that the flag does not have (kUsage).
  base::Outcome<void> take(std::string_view name, std::string_view value, std::string where);

  // What the annotations dev.gvisor.flag.NAME of a spec say: some always, the others if
  // allow_flag_override. Returns notes about those that are not honoured. Errors: as of take(), but
  // of the spec (kBadSpec).
  base::Outcome<std::vector<std::string>> take_annotations(
      const std::map<std::string, std::string>& annotations);
};

}  // namespace cmd
