#include "bench/servers.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "bench/floor.h"
#include "gofer/server.h"
#include "spec/base/parked_threads.h"
#include "tests/support/descriptors.h"

namespace bench {
namespace {

using base::Fd;
using base::UniqueFd;
using support::path;

constexpr const char* kMayBeLeftOut[] = {"network",  "ipc",    "uts",  "cgroup",
                                         "landlock", "limits", "mdwe", "trace"};
constexpr const char* kDiod = "/usr/sbin/diod";

// gofer's server as a worker has it, but for the jail.
void serve_bare(Fd socket, Fd root) {
  UniqueFd own_fds(::open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  ::signal(SIGPIPE, SIG_IGN);
  ::umask(0);
  support::stand_in(own_fds);
  UniqueFd log_file = support::make_memory_file("log");
  base::Log log(log_file, base::LogFormat::kText, base::LogLevel::kInfo, "bare");
  base::ParkedThreads disk_threads;
  if (!disk_threads.add(2)) std::abort();
  (void)gofer::serve(socket, {.root = root, .own_fds = own_fds, .disk_threads = &disk_threads},
                     log);
}

}  // namespace

nanoseconds Server::cpu() const {
  clockid_t clock{};
  if (int error = ::clock_getcpuclockid(pid, &clock); error != 0)
    throw std::system_error(error, std::generic_category(), "clock_getcpuclockid " + name);
  timespec used{};
  if (::clock_gettime(clock, &used) != 0)
    throw std::system_error(errno, std::generic_category(), "clock_gettime " + name);
  return std::chrono::seconds(used.tv_sec) + nanoseconds(used.tv_nsec);
}

Servers::Servers(const std::string& gofer, const support::Bundle& bundle, const path& tree) {
  add_forked("floor", tree, serve_floor);
  add_forked("bare", tree, serve_bare);
  std::vector<std::string> least;
  for (const char* step : kMayBeLeftOut) least.insert(least.end(), {"--without", step});
  add_jailed("filtered", gofer, bundle, std::move(least));
  add_jailed("jailed", gofer, bundle, {});
  if (std::filesystem::exists(kDiod)) add_diod(tree);
}

void Servers::add_forked(const char* name, const path& tree, Serve serve) {
  auto [theirs, ours] = support::socket_pair();
  support::set_receive_deadline(ours);
  UniqueFd root = support::open_path(tree);
  pid_t child = ::fork();
  if (child < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ours.reset();
    serve(theirs, root);
    ::_exit(0);
  }
  processes_.push_back(std::make_unique<support::Process>(child));
  theirs.reset();
  all_.push_back(
      {.name = name, .pid = child, .client = std::make_unique<RawClient>(std::move(ours), "/")});
}

void Servers::add_jailed(const char* name, const std::string& gofer, const support::Bundle& bundle,
                         std::vector<std::string> arguments) {
  support::Gofer::Options options{.binary = gofer, .arguments = std::move(arguments)};
  jailed_.push_back(std::make_unique<support::Serving>(bundle, std::move(options)));
  support::Serving& serving = *jailed_.back();
  all_.push_back({.name = name,
                  .pid = serving.worker(1),
                  .client = std::make_unique<RawClient>(serving.take_client(1), "/")});
}

void Servers::add_diod(const path& tree) {
  auto [theirs, ours] = support::socket_pair();
  support::set_receive_deadline(ours);
  std::string number = std::to_string(theirs.raw());
  processes_.push_back(std::make_unique<support::Process>(support::Process::Start{
      .words = {kDiod, "--foreground", "--config-file", "/dev/null", "--rfdno", number, "--wfdno",
                number, "--export", tree.native(), "--no-auth", "--no-userdb", "--allsquash",
                "--squashuser", "root", "--logdest", "stderr"},
      .inherited = {theirs},
      .environment = {},
      .user = {}}));
  theirs.reset();
  all_.push_back({.name = "diod",
                  .pid = processes_.back()->pid(),
                  .client = std::make_unique<RawClient>(std::move(ours), tree.native()),
                  .by_directory = false});
}

}  // namespace bench
