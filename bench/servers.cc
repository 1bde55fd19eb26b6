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

#include "bench/channel_client.h"
#include "bench/floor.h"
#include "bench/ping_pong.h"
#include "bench/raw_client.h"
#include "bench/window_link.h"
#include "gofer/channels.h"
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

// The server's end, and the client's.
std::pair<UniqueFd, UniqueFd> connected_sockets() {
  auto ends = support::socket_pair();
  support::set_receive_deadline(ends.second);
  return ends;
}

// gofer's server as a worker has it, but for the jail.
void serve_bare(Fd socket, Fd root, std::size_t channel_count) {
  UniqueFd own_fds(::open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  ::signal(SIGPIPE, SIG_IGN);
  ::umask(0);
  support::stand_in(own_fds);
  UniqueFd log_file = support::make_memory_file("log");
  base::Log log(log_file, base::LogFormat::kText, base::LogLevel::kInfo, "bare");
  gofer::Channels channels;
  if (channel_count > 0 && !channels.make(channel_count)) std::abort();
  base::ParkedThreads disk_threads;
  if (!disk_threads.add(2)) std::abort();
  (void)gofer::serve(socket,
                     {.root = root,
                      .own_fds = own_fds,
                      .channels = channel_count > 0 ? &channels : nullptr,
                      .disk_threads = &disk_threads},
                     log);
}

// A server of ours that may have a channel.
std::unique_ptr<Client> client_of(UniqueFd socket, const Setting& setting) {
  if (setting.over_channel()) return connect_over_channel(std::move(socket), setting);
  return std::make_unique<RawClient>(std::move(socket), setting.dialect);
}

template <class Serve>
[[noreturn]] void live(const Serve& serve) noexcept {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  serve();
  ::_exit(0);
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

Servers::Servers(const Served& served, const Setting& setting, const std::optional<Processors>& on)
    : served_(served), setting_(setting) {
  const bool plain = setting == Setting{};
  const Waiting waiting = on ? Waiting::kWatches : Waiting::kSleeps;
  add_floor(waiting);
  if (setting.dialect == Dialect::kLinux) {
    add_ping_pong("ping-pong", waiting);
    if (setting.over_channel()) add_ping_pong("ping-sleep", Waiting::kSleeps);
  }
  add_bare();
  std::vector<std::string> least;
  for (const char* step : kMayBeLeftOut) least.insert(least.end(), {"--without", step});
  if (plain) add_jailed("filtered", std::move(least));
  add_jailed("jailed", {});
  if (plain && std::filesystem::exists(kDiod)) add_diod();
  // Those that they make later are where their makers are.
  for (const Server& server : all_)
    if (on) pin_threads(server.pid, on->server);
}

template <class Serve>
pid_t Servers::start(Serve serve) {
  pid_t child = ::fork();
  if (child < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (child == 0) live(serve);
  processes_.push_back(std::make_unique<support::Process>(child));
  return child;
}

void Servers::add(Server server, std::string_view aname) {
  if (!server.only_getattr) server.client->attach(aname);
  all_.push_back(std::move(server));
}

void Servers::add_floor(Waiting waiting) {
  UniqueFd root = support::open_path(served_.tree);
  if (setting_.over_channel()) {
    WindowLink link;
    pid_t pid = start([&] {
      serve_floor(BareWindow(link.memory(), waiting), link.side(), root, setting_.dialect);
    });
    add({.name = "floor", .pid = pid, .client = std::move(link).connect(setting_.way)});
    return;
  }
  auto [theirs, ours] = connected_sockets();
  pid_t pid = start([&] { serve_floor(theirs, root, setting_.dialect); });
  theirs.reset();
  add({.name = "floor", .pid = pid, .client = client_of(std::move(ours), setting_)});
}

void Servers::add_ping_pong(const char* name, Waiting waiting) {
  Server server{.name = name, .only_getattr = true};
  if (setting_.over_channel()) {
    WindowLink link;
    server.pid = start([&] { serve_ping_pong(BareWindow(link.memory(), waiting)); });
    server.client = std::move(link).connect(setting_.way);
  } else {
    auto [theirs, ours] = connected_sockets();
    server.pid = start([&] { serve_ping_pong(theirs); });
    server.client = std::make_unique<RawClient>(std::move(ours));
  }
  add(std::move(server));
}

void Servers::add_bare() {
  UniqueFd root = support::open_path(served_.tree);
  auto [theirs, ours] = connected_sockets();
  pid_t pid = start([&] { serve_bare(theirs, root, setting_.over_channel() ? 1 : 0); });
  theirs.reset();
  add({.name = "bare", .pid = pid, .client = client_of(std::move(ours), setting_)});
}

void Servers::add_jailed(const char* name, std::vector<std::string> arguments) {
  if (setting_.over_channel()) arguments.insert(arguments.end(), {"--channels", "1"});
  support::Gofer::Options options{.binary = served_.gofer, .arguments = std::move(arguments)};
  jailed_.push_back(std::make_unique<support::Serving>(served_.bundle, std::move(options)));
  support::Serving& serving = *jailed_.back();
  add({.name = name,
       .pid = serving.worker(1),
       .client = client_of(serving.take_client(1), setting_)});
}

void Servers::add_diod() {
  auto [theirs, ours] = connected_sockets();
  std::string number = std::to_string(theirs.raw());
  processes_.push_back(std::make_unique<support::Process>(support::Process::Start{
      .words = {kDiod, "--foreground", "--config-file", "/dev/null", "--rfdno", number, "--wfdno",
                number, "--export", served_.tree.native(), "--no-auth", "--no-userdb",
                "--allsquash", "--squashuser", "root", "--logdest", "stderr"},
      .inherited = {theirs},
      .environment = {},
      .user = {}}));
  theirs.reset();
  add({.name = "diod",
       .pid = processes_.back()->pid(),
       .client = client_of(std::move(ours), setting_),
       .by_directory = false},
      served_.tree.native());
}

}  // namespace bench
