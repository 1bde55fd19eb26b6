#include "cmd/runsc.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "cmd/launcher.h"
#include "cmd/option_values.h"
#include "cmd/report.h"
#include "sandbox/descriptors.h"
#include "spec/gofer_options.h"

namespace cmd {
namespace {

using base::Fd;
using base::Outcome;
using Words = std::span<const char* const>;

constexpr std::string_view kProgram = "runsc-gofer";
constexpr std::string_view kCommand = "gofer";
constexpr std::string_view kLogFd = "log-fd";
constexpr std::string_view kDebugLogFd = "debug-log-fd";

std::string_view base_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

// The global words, and what follows the word `gofer`.
struct Line {
  Words globals;
  Words rest;
  bool complete = false;  // the word `gofer` is there
};

Line split(int argc, const char* const* argv) {
  Words words(argv + std::min(argc, 1), argv + argc);
  auto is_flag = [](std::string_view word) { return word.starts_with('-'); };
  auto command = std::ranges::find_if_not(words, is_flag);
  bool complete = command != words.end() && *command == kCommand;
  return {.globals = {words.begin(), command},
          .rest = {complete ? command + 1 : command, words.end()},
          .complete = complete};
}

struct Flag {
  std::string name;
  std::string value;
};

// --NAME=VALUE, or a bare --NAME, which is how Go's flags say true.
Flag global_flag(std::string_view word) {
  word.remove_prefix(word.starts_with("--") ? 2 : 1);
  std::size_t equals = word.find('=');
  if (equals == word.npos) return {.name = std::string(word), .value = "true"};
  return {.name = std::string(word.substr(0, equals)),
          .value = std::string(word.substr(equals + 1))};
}

// The options after the word `gofer`, by name; in the order of the line for each name.
using Values = std::map<std::string, std::vector<std::string>, std::less<>>;

constexpr std::string_view kOptions[] = {
    "bundle",           "spec-fd",        "mounts-fd",       "io-fds",           "sync-userns-fd",
    "profile-block-fd", "profile-cpu-fd", "profile-heap-fd", "profile-mutex-fd", "trace-fd"};

Outcome<Values> read_values(Words words) {
  Values values;
  for (std::size_t i = 0; i < words.size(); ++i) {
    std::string_view word = words[i];
    std::string_view text = word.substr(word.starts_with("--") ? 2 : 0);
    std::string_view name = text.substr(0, text.find('='));
    if (!word.starts_with("--") || std::ranges::find(kOptions, name) == std::end(kOptions))
      return base::failure(usage(std::string(word), "is no option of a runsc-like runtime's gofer",
                                 "see docs/runsc.md"));
    auto& known = values[std::string(name)];
    if (name.size() < text.size()) {
      known.emplace_back(text.substr(name.size() + 1));
    } else if (++i < words.size()) {
      known.emplace_back(words[i]);
    } else {
      return base::failure(usage(std::string(word), "is followed by nothing", "expected a value"));
    }
  }
  return values;
}

Outcome<std::string> one(const Values& values, std::string_view name) {
  auto found = values.find(name);
  std::string option = "--" + std::string(name);
  if (found == values.end())
    return base::failure(usage(option, "is missing", "expected as runsc gives it"));
  if (found->second.size() > 1) return base::failure(usage(option, "given more than once"));
  return found->second[0];
}

Outcome<int> descriptor(const Values& values, std::string_view name) {
  return parse_descriptor("--" + std::string(name), TRY(one(values, name)));
}

Outcome<std::vector<int>> io_descriptors(const Values& values) {
  auto found = values.find("io-fds");
  if (found == values.end())
    return base::failure(
        usage("--io-fds", "is missing", "expected one for each attach point, the root first"));
  return parse_descriptors("--io-fds", found->second);
}

// -1 is how runsc says that there is none.
Outcome<std::optional<int>> descriptor_or_none(const Values& values, std::string_view name) {
  if (!values.contains(name) || TRY(one(values, name)) == "-1") return std::nullopt;
  return TRY(descriptor(values, name));
}

std::optional<int> find_log(Words globals, std::string_view name) {
  std::optional<int> found;
  for (const char* word : globals)
    if (Flag flag = global_flag(word); flag.name == name)
      if (auto fd = parse_descriptor({}, flag.value)) found = *fd;
  return found;
}

// What Go's runtime makes of the limit of a process, within reason for one worker.
uint64_t inherited_fd_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return Budgets{}.fd_limit;
  return std::clamp<uint64_t>(limit.rlim_max, kFewestDescriptors, 65'536);
}

mode_t current_umask() {
  mode_t mask = ::umask(0);
  ::umask(mask);
  return mask;
}

unsigned channels_for_cpus() {
  return std::clamp(std::thread::hardware_concurrency(), 2U, spec::kMaxChannels);
}

// What is known of any line, a wrong one too: where its log goes.
RunscStart start_with(const RunscLogs& logs) {
  RunscStart runsc{.sync_userns_fd = {}, .has_debug_log = logs.debug_log.has_value()};
  if (runsc.has_debug_log) runsc.log_fd = logs.log;
  return runsc;
}

base::LogLevel log_level(const RunscStart& runsc) {
  if (!runsc.has_debug_log) return base::LogLevel::kError;
  return runsc.flags.debug ? base::LogLevel::kDebug : base::LogLevel::kInfo;
}

std::vector<int> named(const Options& options) {
  std::vector<int> fds = options.io_fds;
  auto add = [&fds](std::optional<int> fd) {
    if (fd) fds.push_back(*fd);
  };
  add(options.spec_fd);
  add(options.mounts_fd);
  if (!options.runsc) return fds;
  add(options.runsc->sync_userns_fd);
  add(options.runsc->log_fd);
  return fds;
}

Outcome<void> read_flags(Words globals, RunscFlags& flags) {
  for (const char* word : globals) {
    Flag flag = global_flag(word);
    if (flag.name == kLogFd || flag.name == kDebugLogFd)
      TRY(parse_descriptor("--" + flag.name, flag.value));
    TRY(flags.take(flag.name, flag.value, "--" + flag.name));
  }
  return {};
}

// Where the last words of a crash go, too.
Outcome<void> log_to_stderr(const RunscLogs& logs) {
  for (auto [option, fd] :
       {std::pair("--log-fd", logs.log), std::pair("--debug-log-fd", logs.debug_log)})
    if (fd && ::fcntl(*fd, F_GETFD) < 0)
      return base::failure(usage(option, "descriptor " + std::to_string(*fd) + " is not open"));
  if (auto fd = logs.debug_log ? logs.debug_log : logs.log) (void)::dup2(*fd, STDERR_FILENO);
  return {};
}

Outcome<Options> take_line(int argc, const char* const* argv, const RunscLogs& logs) {
  TRY(log_to_stderr(logs));
  Outcome<Options> options = parse_runsc_line(argc, argv);
  if (!options) return options;
  std::vector<Fd> keep{Fd(0), Fd(1), Fd(2)};
  for (int fd : named(*options)) keep.emplace_back(fd);
  TRY(sandbox::close_all_but(keep));
  return options;
}

}  // namespace

bool is_runsc_line(int argc, const char* const* argv) {
  if (argc < 1) return false;
  if (base_name(argv[0]) == kProgram) return true;
  Line line = split(argc, argv);
  auto has_value = [](std::string_view word) { return word.find('=') != word.npos; };
  return line.complete && std::ranges::all_of(line.globals, has_value);
}

RunscLogs find_runsc_logs(int argc, const char* const* argv) {
  Line line = split(argc, argv);
  return {.log = find_log(line.globals, kLogFd), .debug_log = find_log(line.globals, kDebugLogFd)};
}

Outcome<Options> parse_runsc_line(int argc, const char* const* argv) {
  Line line = split(argc, argv);
  if (!line.complete)
    return base::failure(usage(line.rest.empty() ? std::string() : std::string(line.rest[0]),
                               "no command after the global flags", "expected the word gofer"));
  RunscStart runsc = start_with(find_runsc_logs(argc, argv));
  TRY(read_flags(line.globals, runsc.flags));
  Values values = TRY(read_values(line.rest));
  Options options;
  options.bundle = TRY(one(values, "bundle"));
  if (options.bundle.empty())
    return base::failure(usage("--bundle", "is empty", "expected a path"));
  options.spec_fd = TRY(descriptor(values, "spec-fd"));
  options.mounts_fd = TRY(descriptor(values, "mounts-fd"));
  options.io_fds = TRY(io_descriptors(values));
  options.channels = channels_for_cpus();
  runsc.sync_userns_fd = TRY(descriptor_or_none(values, "sync-userns-fd"));
  runsc.umask = current_umask();
  options.runsc = runsc;
  TRY(refuse_twice(named(options), "--spec-fd, --mounts-fd, --io-fds, --sync-userns-fd, --log-fd"));
  apply_runsc_flags(options);
  return options;
}

void apply_runsc_flags(Options& options) {
  if (!options.runsc) return;
  const RunscStart& runsc = *options.runsc;
  const RunscFlags& flags = runsc.flags;
  options.read_only_root = flags.read_only_root();
  options.read_only = flags.read_only();
  options.host_uds = flags.uds || flags.uds_by_older;
  options.host_fifo = flags.fifo;
  options.budgets.fd_limit = flags.fd_limit ? *flags.fd_limit : inherited_fd_limit();
  options.log_format = runsc.has_debug_log ? flags.debug_log_format : base::LogFormat::kShim;
  options.log_level = log_level(runsc);
}

Outcome<std::vector<std::string>> settle_runsc(const spec::Bundle& bundle, Options& options) {
  if (!options.runsc) return {};
  RunscFlags& flags = options.runsc->flags;
  auto notes = TRY(flags.take_annotations(bundle.annotations));
  apply_runsc_flags(options);
  if (flags.lisafs)
    return base::failure(usage("--lisafs",
                               "this gofer speaks 9P, and the sandbox will speak LISAFS",
                               "expected --lisafs=false, of a runtime that still has 9P"));
  return notes;
}

int serve_runsc(int argc, const char* const* argv) {
  RunscLogs logs = find_runsc_logs(argc, argv);
  Outcome<Options> options = take_line(argc, argv, logs);
  if (options) return serve(*options);
  Options unread;
  unread.runsc = start_with(logs);
  apply_runsc_flags(unread);
  return report(options.error(), unread);
}

}  // namespace cmd
