#include "cmd/runsc_flags.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "cmd/budgets.h"
#include "cmd/option_values.h"
#include "spec/json.h"

namespace cmd {
namespace {

using base::Outcome;

// As Go's strconv.ParseBool, by which runsc reads them.
std::optional<bool> truth(std::string_view text) {
  constexpr std::array<std::string_view, 6> kTrue = {"1", "t", "T", "TRUE", "true", "True"};
  constexpr std::array<std::string_view, 6> kFalse = {"0", "f", "F", "FALSE", "false", "False"};
  if (std::ranges::find(kTrue, text) != kTrue.end()) return true;
  if (std::ranges::find(kFalse, text) != kFalse.end()) return false;
  return std::nullopt;
}

template <bool RunscFlags::* kMember>
bool take_truth(std::string_view value, RunscFlags& flags) {
  auto read = truth(value);
  if (read) flags.*kMember = *read;
  return read.has_value();
}

// MEDIUM is where the sandbox keeps what is written: its business.
bool take_overlay2(std::string_view value, RunscFlags& flags) {
  using Overlay = RunscFlags::Overlay;
  if (value == "none") {
    flags.overlay2 = Overlay::kNone;
  } else if (value.starts_with("root:")) {
    flags.overlay2 = Overlay::kRoot;
  } else if (value.starts_with("all:")) {
    flags.overlay2 = Overlay::kAll;
  } else {
    return false;
  }
  return true;
}

// Sockets are connected to, never made: a program that binds one in the sandbox has it to itself.
bool take_host_uds(std::string_view value, RunscFlags& flags) {
  flags.uds = value == "open" || value == "all";
  return flags.uds || value == "none" || value == "create";
}

bool take_host_fifo(std::string_view value, RunscFlags& flags) {
  flags.fifo = value == "open";
  return flags.fifo || value == "none";
}

bool take_fd_limit(std::string_view value, RunscFlags& flags) {
  flags.fd_limit.reset();
  if (value == "-1") return true;  // as inherited
  auto limit = parse_number({}, value, kFewestDescriptors, kMostDescriptors);
  if (limit) flags.fd_limit = *limit;
  return limit.has_value();
}

bool take_log_format(std::string_view value, RunscFlags& flags) {
  bool json = value == "json" || value == "json-k8s";
  flags.debug_log_format = json ? base::LogFormat::kJson : base::LogFormat::kText;
  return json || value == "text";
}

struct Flag {
  std::string_view name;
  bool (*take)(std::string_view value, RunscFlags& flags);  // false: no value of the flag
  std::string_view values;
};

constexpr std::string_view kTruth = "expected true or false";

constexpr Flag kFlags[] = {
    {"lisafs", take_truth<&RunscFlags::lisafs>, kTruth},
    {"overlay2", take_overlay2, "expected none, root:MEDIUM or all:MEDIUM"},
    {"overlay", take_truth<&RunscFlags::overlay>, kTruth},
    {"host-uds", take_host_uds, "expected none, open, create or all"},
    {"fsgofer-host-uds", take_truth<&RunscFlags::uds_by_older>, kTruth},
    {"host-fifo", take_host_fifo, "expected none or open"},
    {"fdlimit", take_fd_limit, "expected -1, or a whole number from 64 to 1048576"},
    {"debug", take_truth<&RunscFlags::debug>, kTruth},
    {"debug-log-format", take_log_format, "expected text, json or json-k8s"},
    {"allow-flag-override", take_truth<&RunscFlags::allow_flag_override>, kTruth},
};

// Those that a spec may always set: they tell more, and open nothing.
bool may_always_be_annotated(std::string_view name) {
  return name == "debug" || name.starts_with("strace") || name == "oci-seccomp";
}

}  // namespace

std::vector<std::string_view> runsc_flag_names() {
  std::vector<std::string_view> names;
  for (const Flag& flag : kFlags) names.push_back(flag.name);
  return names;
}

Outcome<void> RunscFlags::take(std::string_view name, std::string_view value, std::string where) {
  const auto* flag = std::ranges::find(kFlags, name, &Flag::name);
  if (flag == std::end(kFlags) || flag->take(value, *this)) return {};
  return base::failure(
      usage(std::move(where), spec::quote(value) + " is not valid", std::string(flag->values)));
}

Outcome<std::vector<std::string>> RunscFlags::take_annotations(
    const std::map<std::string, std::string>& annotations) {
  constexpr std::string_view kPrefix = "dev.gvisor.flag.";
  const bool all = allow_flag_override;
  std::vector<std::string> notes;
  for (const auto& [key, value] : annotations) {
    if (!key.starts_with(kPrefix)) continue;
    std::string name = key.substr(kPrefix.size());
    std::string where = "/annotations/" + spec::pointer_token(key);
    if (name == "allow-flag-override" || (!all && !may_always_be_annotated(name))) {
      notes.push_back(where + ": not honoured" +
                      (all ? "" : ": the runtime was started without --allow-flag-override"));
      continue;
    }
    Outcome<void> taken = take(name, value, std::move(where));
    if (taken) continue;
    taken.error().exit = base::ExitCode::kBadSpec;
    taken.error().step = "spec";
    return base::failure(taken.error());
  }
  return notes;
}

}  // namespace cmd
