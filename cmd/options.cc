#include "cmd/options.h"

#include <algorithm>
#include <boost/program_options.hpp>
#include <filesystem>
#include <map>
#include <sstream>
#include <string_view>

#include "cmd/option_values.h"
#include "cmd/subcommands.h"
#include "spec/gofer_options.h"

namespace cmd {
namespace {

namespace po = boost::program_options;
using base::Outcome;
using Words = std::vector<std::string>;

po::options_description serving_options() {
  po::options_description serving("What to serve, and to whom");
  serving.add_options()                                                                       //
      ("spec", po::value<Words>()->value_name("FILE"), "the bundle's config.json")            //
      ("spec-fd", po::value<Words>()->value_name("N"), "read config.json from descriptor N")  //
      ("bundle", po::value<Words>()->value_name("DIR"),
       "directory that relative paths are relative to (default: the directory of FILE); alone it "
       "means --spec DIR/config.json")  //
      ("io-fds", po::value<Words>()->value_name("N[,N...]"),
       "connected AF_UNIX stream sockets, one per attach point: the root first, then the bind "
       "mounts in the order of the spec; may be repeated")  //
      ("mounts-fd", po::value<Words>()->value_name("N"),
       "write the spec's mounts with resolved destinations to N as JSON, then close it")  //
      ("status-fd", po::value<Words>()->value_name("N"),
       "write one JSON object per event to N: phases, ready, each worker's end, failures")  //
      ("panic-on-write",
       "end a worker when its client tries to change a read-only tree, instead of answering "
       "EROFS")  //
      ("host-uds",
       "clients may connect to the Unix sockets in every tree (x-gofer.uds=open)")   //
      ("host-fifo", "clients may open the FIFOs in every tree (x-gofer.fifo=open)")  //
      ("channels", po::value<Words>()->value_name("N"),
       "shared-memory channels for each connection, where the spec does not say how many "
       "(x-gofer.channels=N; default 0, at most 4)")                 //
      ("check", "print the resolved attach plan and serve nothing")  //
      ("json", "with --check: print the plan as JSON");
  return serving;
}

po::options_description jail_options() {
  po::options_description jail("The jail");
  jail.add_options()                                                               //
      ("strict", "treat what is merely doubtful in the spec as an error")          //
      ("allow-kernel-fs", "allow sources on proc, sysfs and cgroup file systems")  //
      ("max-mounts", po::value<Words>()->value_name("N"),
       "bind mounts allowed in one bundle (default 256)")  //
      ("require-landlock", po::value<Words>()->value_name("ABI"),
       "refuse to start where the kernel's Landlock is older")  //
      ("without", po::value<Words>()->value_name("STEP"),
       "leave one step of the jail out; may be repeated (see gofer(8) for the names)");
  return jail;
}

po::options_description budget_options() {
  po::options_description budgets("What one client may make its worker hold");
  budgets.add_options()  //
      ("fd-limit", po::value<Words>()->value_name("N"),
       "descriptors that one worker may have open (default 4096)")  //
      ("max-open-files", po::value<Words>()->value_name("N"),
       "open files among them (default 7/16 of them, as many as files that were walked to)")  //
      ("max-fids", po::value<Words>()->value_name("N"), "fids (default 262144)")              //
      ("max-nodes", po::value<Words>()->value_name("N"),
       "files that fids refer to, and directories above them (default 524288)")  //
      ("max-xattr-bytes", po::value<Words>()->value_name("N"),
       "bytes of extended attributes that were begun to be read or written (default 1048576)")  //
      ("max-locks", po::value<Words>()->value_name("N"),
       "locked ranges of files (default 4096)")  //
      ("disk-threads", po::value<Words>()->value_name("N"),
       "requests of one mount that may wait for a disk while others go on (default 2, at most "
       "16)")  //
      ("cgroup", po::value<Words>()->value_name("DIR"),
       "put the workers into this cgroup of the host, whose limits hold for all of them")  //
      ("memory-max", po::value<Words>()->value_name("BYTES"),
       "with --cgroup: limit the memory of the cgroup");
  return budgets;
}

po::options_description other_options() {
  po::options_description other("Other");
  other.add_options()                                                                        //
      ("log-format", po::value<Words>()->value_name("text|json"), "lines on stderr")         //
      ("log-level", po::value<Words>()->value_name("error|warning|info|debug"), "how much")  //
      ("version", "print the version and the digests of the policies")                       //
      ("help", "print this");
  return other;
}

po::options_description all_options() {
  po::options_description all;
  all.add(serving_options()).add(jail_options()).add(budget_options()).add(other_options());
  return all;
}

// Reads option values out of the parsed command line; every getter reports misuse by option name.
class Values {
 public:
  explicit Values(const po::variables_map& map) : map_(map) {}

  bool has(const char* option) const { return map_.count(option) > 0; }

  Words all(const char* option) const { return has(option) ? map_[option].as<Words>() : Words{}; }
  Outcome<std::string> one(const char* option) const {
    Words words = all(option);
    if (words.size() > 1)
      return base::failure(usage(std::string("--") + option, "given more than once"));
    return words.empty() ? std::string() : words[0];
  }
  Outcome<uint64_t> number(const char* option, uint64_t otherwise, uint64_t low,
                           uint64_t high) const {
    if (!has(option)) return otherwise;
    return parse_number(std::string("--") + option, TRY(one(option)), low, high);
  }
  Outcome<std::optional<int>> descriptor(const char* option) const {
    if (!has(option)) return std::nullopt;
    return parse_descriptor(std::string("--") + option, TRY(one(option)));
  }
  template <class T>
  Outcome<T> word(const char* option, T otherwise, const std::map<std::string, T>& words) const {
    if (!has(option)) return otherwise;
    std::string text = TRY(one(option));
    if (auto found = words.find(text); found != words.end()) return found->second;
    std::string expected = "expected one of";
    for (const auto& [name, value] : words) expected += " " + name;
    return base::failure(
        usage(std::string("--") + option, "\"" + text + "\" is not valid", expected));
  }

 private:
  const po::variables_map& map_;
};

Outcome<void> refuse_shared_descriptors(const Options& options) {
  std::vector<int> used = options.io_fds;
  for (std::optional<int> fd : {options.spec_fd, options.mounts_fd, options.status_fd})
    if (fd) used.push_back(*fd);
  return refuse_twice(std::move(used), "--io-fds, --spec-fd, --mounts-fd, --status-fd");
}

Outcome<void> refuse_empty_path(const Values& values, const char* option) {
  if (values.has(option) && TRY(values.one(option)).empty())
    return base::failure(usage(std::string("--") + option, "is empty", "expected a path"));
  return {};
}

Outcome<void> find_spec(const Values& values, Options& options) {
  options.spec = TRY(values.one("spec"));
  options.spec_fd = TRY(values.descriptor("spec-fd"));
  options.bundle = TRY(values.one("bundle"));
  if (values.has("spec") && values.has("spec-fd"))
    return base::failure(usage("--spec-fd", "given together with --spec", "expected one of them"));
  for (const char* option : {"spec", "bundle"}) TRY(refuse_empty_path(values, option));
  if (options.spec.empty() && !options.spec_fd) {
    if (options.bundle.empty())
      return base::failure(usage("--spec", "is missing",
                                 "expected --spec FILE, --spec-fd N or --bundle DIR; see --help"));
    options.spec = options.bundle + "/config.json";
  }
  if (options.bundle.empty()) {
    options.bundle = std::filesystem::path(options.spec).parent_path();
    if (options.bundle.empty()) options.bundle = ".";
  }
  return {};
}

Outcome<void> find_clients(const Values& values, Options& options) {
  options.io_fds = TRY(parse_descriptors("--io-fds", values.all("io-fds")));
  if (values.has("check")) {
    options.mode = Mode::kCheck;
    if (!options.io_fds.empty() || !options.command.empty())
      return base::failure(usage("--check", "given together with --io-fds or a command",
                                 "expected neither: --check serves nothing"));
    return {};
  }
  if (values.has("json")) return base::failure(usage("--json", "given without --check"));
  if (!options.io_fds.empty() && !options.command.empty())
    return base::failure(
        usage("--io-fds", "given together with a command after --", "expected one of them"));
  if (options.io_fds.empty() && options.command.empty())
    return base::failure(usage("--io-fds", "is missing",
                               "expected --io-fds with one connected socket per attach point, or "
                               "-- CMD ARGS..., or --check"));
  return {};
}

Outcome<void> find_cgroup(const Values& values, Options& options) {
  constexpr uint64_t kLeastMemory = uint64_t{1} << 20;  // one worker and its buffers fit into that
  constexpr uint64_t kMostMemory = uint64_t{1} << 50;
  options.cgroup = TRY(values.one("cgroup"));
  TRY(refuse_empty_path(values, "cgroup"));
  if (values.has("memory-max") && options.cgroup.empty())
    return base::failure(usage("--memory-max", "given without --cgroup"));
  options.memory_max = TRY(values.number("memory-max", 0, kLeastMemory, kMostMemory));
  return {};
}

Outcome<Budgets> read_budgets(const Values& values) {
  Budgets budgets;
  budgets.fd_limit =
      TRY(values.number("fd-limit", budgets.fd_limit, kFewestDescriptors, kMostDescriptors));
  budgets.fids = TRY(values.number("max-fids", budgets.fids, kFewestFids, kMostFids));
  budgets.nodes = TRY(values.number("max-nodes", budgets.nodes, kFewestFids, kMostFids));
  budgets.xattr_bytes = TRY(
      values.number("max-xattr-bytes", budgets.xattr_bytes, kFewestXattrBytes, kMostXattrBytes));
  budgets.locks = TRY(values.number("max-locks", budgets.locks, 1, kMostLocks));
  budgets.disk_threads =
      TRY(values.number("disk-threads", budgets.disk_threads, 0, kMostDiskThreads));
  if (!values.has("max-open-files")) return budgets;
  const uint64_t open_files = TRY(values.number("max-open-files", 0, 1, kMostDescriptors));
  const uint64_t most = most_open_files(budgets.fd_limit);
  if (open_files > most)
    return base::failure(usage("--max-open-files",
                               std::to_string(open_files) + " do not fit below the " +
                                   std::to_string(budgets.fd_limit) + " of --fd-limit",
                               "expected at most " + std::to_string(most)));
  budgets.open_files = open_files;
  return budgets;
}

Outcome<Options> read_options(const Values& values, Words command) {
  Options options;
  options.command = std::move(command);
  if (values.has("help")) return Options{.mode = Mode::kHelp};
  if (values.has("version")) return Options{.mode = Mode::kVersion};
  TRY(find_spec(values, options));
  TRY(find_clients(values, options));
  options.mounts_fd = TRY(values.descriptor("mounts-fd"));
  options.status_fd = TRY(values.descriptor("status-fd"));
  TRY(refuse_shared_descriptors(options));
  options.panic_on_write = values.has("panic-on-write");
  options.host_uds = values.has("host-uds");
  options.host_fifo = values.has("host-fifo");
  options.channels =
      static_cast<unsigned>(TRY(values.number("channels", 0, 0, spec::kMaxChannels)));
  options.strict = values.has("strict");
  options.allow_kernel_fs = values.has("allow-kernel-fs");
  options.json = values.has("json");
  options.max_mounts = TRY(values.number("max-mounts", options.max_mounts, 0, 10'000));
  options.budgets = TRY(read_budgets(values));
  TRY(find_cgroup(values, options));
  options.require_landlock = static_cast<int>(TRY(values.number("require-landlock", 0, 1, 1'000)));
  options.without = values.all("without");
  options.log_format = TRY(values.word<base::LogFormat>(
      "log-format", options.log_format,
      {{"text", base::LogFormat::kText}, {"json", base::LogFormat::kJson}}));
  options.log_level = TRY(values.word<base::LogLevel>("log-level", options.log_level,
                                                      {{"error", base::LogLevel::kError},
                                                       {"warning", base::LogLevel::kWarning},
                                                       {"info", base::LogLevel::kInfo},
                                                       {"debug", base::LogLevel::kDebug}}));
  return options;
}

}  // namespace

Outcome<Options> parse_options(int argc, const char* const* argv) {
  // What follows "--" is the command's own business; Boost would drop the mark.
  const char* const* end = argv + argc;
  const char* const* mark =
      std::find_if(argv, end, [](const char* word) { return std::string_view(word) == "--"; });
  Words command(mark == end ? end : mark + 1, end);
  if (mark != end && command.empty())
    return base::failure(usage("--", "is followed by nothing", "expected a command"));
  try {
    using Style = po::command_line_style::style_t;
    po::variables_map map;
    po::store(po::command_line_parser(static_cast<int>(mark - argv), argv)
                  .options(all_options())
                  .positional({})
                  .style(Style::allow_long | Style::long_allow_adjacent | Style::long_allow_next)
                  .run(),
              map);
    return read_options(Values(map), std::move(command));
  } catch (const po::error& error) {
    return base::failure(usage("", error.what(), "see gofer --help"));
  }
}

std::string help_text() {
  std::ostringstream out;
  out << "gofer serves the mounts of an OCI bundle over 9P2000.L, each from a jail of its own.\n\n"
         "  gofer --spec config.json --io-fds N[,N...] [options]\n"
         "  gofer --spec config.json [options] -- CMD ARGS...\n"
         "  gofer --spec config.json --check [--json]\n\n"
         "In the first form the caller passes one connected socket per attach point. In the "
         "second\n"
         "gofer makes them and runs CMD, which finds its ends described in GOFER_MOUNTS. The "
         "third\n"
         "prints what would be served. gofer(8) has the details and the exit statuses, and the "
         "line by\n"
         "which a runsc-like runtime starts it in the place of its own gofer.\n"
      << all_options() << "\nBesides serving:\n";
  for (const Subcommand& subcommand : subcommands())
    out << "  gofer " << subcommand.name << " " << subcommand.synopsis << "\n      "
        << subcommand.what << "\n";
  return out.str();
}

}  // namespace cmd
