#include "tests/guest/machine.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <sstream>
#include <stdexcept>
#include <system_error>

#include "tests/guest/wire.h"
#include "tests/support/descriptors.h"

namespace guest {
namespace {

using base::UniqueFd;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kMargin{15'000};  // for the agent, beyond the time a command has

void check(bool good, const char* call) {
  if (!good) throw std::system_error(errno, std::generic_category(), call);
}

// Waits until `socket` is readable. Throws when the machine is gone or the time is up.
void await(base::Fd socket, base::Fd alive, milliseconds longest, std::string_view what) {
  auto deadline = steady_clock::now() + longest;
  for (;;) {
    auto left = std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now()).count();
    pollfd polls[] = {{socket.raw(), POLLIN, 0}, {alive.raw(), POLLIN, 0}};
    int n = ::poll(polls, 2, static_cast<int>(std::max<long>(left, 0)));
    if (n < 0 && errno == EINTR) continue;
    check(n >= 0, "poll");
    if (polls[0].revents != 0) return;
    if (n > 0) throw std::runtime_error("the guest is gone: " + std::string(what));
    throw std::runtime_error("the guest does not answer: " + std::string(what));
  }
}

// Switching between the kernel and its processes costs several times as much across processors.
int choose_cpu() {
  cpu_set_t allowed;
  check(::sched_getaffinity(0, sizeof allowed, &allowed) == 0, "sched_getaffinity");
  int last = 0;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
    if (CPU_ISSET(static_cast<std::size_t>(cpu), &allowed)) last = cpu;
  return last;
}

std::vector<std::string> command_line(base::Fd socket, int cpu) {
  bool tap = ::access("/dev/net/tun", R_OK | W_OK) == 0;
  return {GUEST_BOX,
          std::to_string(socket.raw()),
          std::to_string(cpu),
          tap ? "tap" : "veth",
          kKernel,
          "root=/dev/root",
          "rootfstype=hostfs",
          "rootflags=/",
          "ro",
          "mem=1024M",
          "con=null",
          "con0=null,fd:1",
          "ssl=null",
          "panic=-1",
          "uml_dir=/dev/shm/",
          "umid=guest",
          std::string("vec0:transport=") + (tap ? "tap" : "raw") +
              ",ifname=" + (tap ? kHostInterface : kPeerInterface) +
              ",depth=128,gro=1,mtu=" + std::to_string(kMtu),
          std::string("init=") + GUEST_AGENT};
}

bool is_complaint(std::string_view line) {
  constexpr std::array kWords{"BUG",        "WARNING",       "9pnet: ",
                              "9p: ",       "INFO: task",    "INFO: rcu",
                              "Call Trace", "Kernel panic",  "general protection",
                              "Oops",       "Out of memory", "guest_agent: "};
  // What the module says when it is loaded.
  if (line.starts_with("9pnet: Installing") || line.starts_with("9p: Installing")) return false;
  return std::ranges::any_of(kWords,
                             [&](const char* word) { return line.find(word) != line.npos; });
}

std::optional<Machine>& shared() {
  static std::optional<Machine> only;
  return only;
}

int shell_status(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

void PrintTo(const Ran& ran, std::ostream* out) {
  *out << "status " << ran.status << (ran.timed_out ? " (its time was up)" : "") << ", output:\n"
       << ran.output;
}

Job::Job(UniqueFd connection, UniqueFd alive, std::chrono::seconds timeout)
    : connection_(std::move(connection)), alive_(std::move(alive)), timeout_(timeout) {}

// The agent sees the end of what it is told, and closes the connection when the command is gone.
Job::~Job() {
  if (!connection_.valid() || end_) return;
  (void)::shutdown(connection_.raw(), SHUT_WR);
  try {
    while (!end_) receive(support::kDeadline);
  } catch (const std::exception&) {  // the machine is gone
  }
}

void Job::receive(milliseconds longest) {
  await(connection_, alive_, longest, unread_);
  std::optional<Frame> frame = receive_frame(connection_);
  if (!frame) throw std::runtime_error("the agent gave up on a command: " + unread_);
  if (frame->kind == FrameKind::kOutput) unread_ += frame->body;
  if (frame->kind != FrameKind::kEnd) return;
  std::vector<std::string> fields = split(frame->body, 2);
  end_ = Ran{
      .status = shell_status(std::stoi(fields[0])), .timed_out = fields[1] == "1", .output = {}};
}

std::string Job::read_line() {
  std::size_t end = 0;
  while ((end = unread_.find('\n')) == unread_.npos) {
    if (end_) throw std::runtime_error("the command ended without a line: " + unread_);
    receive(support::kDeadline);
  }
  std::string line = unread_.substr(0, end);
  unread_.erase(0, end + 1);
  return line;
}

void Job::write(std::string_view text) {
  if (!send_frame(connection_, {FrameKind::kInput, std::string(text)}))
    throw std::runtime_error("the agent is gone");
}

void Job::end_input() {
  if (!end_) (void)send_frame(connection_, {FrameKind::kInputEnd, {}});
}

void Job::send_signal(int signal) {
  if (!end_) (void)send_frame(connection_, {FrameKind::kSignal, std::to_string(signal)});
}

Ran Job::wait() {
  end_input();
  while (!end_) receive(timeout_ + kMargin);
  end_->output += std::exchange(unread_, {});
  return *end_;
}

Machine::Machine() : cpu_(choose_cpu()) {
  if (!std::filesystem::exists(kKernel))
    throw std::runtime_error("no guest kernel: apt-get install user-mode-linux");
  auto [ours, theirs] = support::socket_pair();
  alive_ = std::move(ours);
  process_.emplace(support::Process::Start{
      .words = command_line(theirs, cpu_), .inherited = {theirs}, .environment = {}, .user = {}});
  theirs.reset();
  try {
    await(alive_, alive_, support::kDeadline, "start");
    listener_ = support::receive_descriptor(alive_);
    if (!listener_.valid()) throw std::runtime_error("no network for the guest");
    control_ = accept();
  } catch (const std::exception& problem) {
    throw std::runtime_error(problem.what() + ("\n" + process_->err()) + process_->out());
  }
  (void)complaints();  // of the start: a host without this or that
}

Machine::~Machine() {
  kill();
}

UniqueFd Machine::accept() {
  await(listener_, alive_, support::kDeadline, "a connection");
  UniqueFd accepted(::accept4(listener_.raw(), nullptr, nullptr, SOCK_CLOEXEC));
  check(accepted.valid(), "accept");
  int yes = 1;
  check(::setsockopt(accepted.raw(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) == 0,
        "TCP_NODELAY");
  return accepted;
}

UniqueFd Machine::connect() {
  auto ask = static_cast<char>(Ask::kConnection);
  check(::send(control_.raw(), &ask, 1, MSG_NOSIGNAL) == 1, "asking the agent");
  return accept();
}

Job Machine::start(const Command& command) {
  std::string groups;
  for (gid_t group : command.user.groups) groups += std::to_string(group) + " ";
  std::unique_lock lock(connecting_);
  UniqueFd connection = connect();
  lock.unlock();
  std::string task =
      join({command.line, std::to_string(command.timeout.count()), std::to_string(command.user.uid),
            std::to_string(command.user.gid), groups, command.directory});
  if (!send_frame(connection, {FrameKind::kRun, task}))
    throw std::runtime_error("the agent is gone");
  return {std::move(connection), alive(), command.timeout};
}

Ran Machine::run(const Command& command) {
  return start(command).wait();
}

int Machine::done(base::Fd task, std::string_view what) {
  await(task, alive_, support::kDeadline, what);
  std::optional<Frame> answer = receive_frame(task);
  if (!answer) throw std::runtime_error("the agent gave up: " + std::string(what));
  return std::stoi(answer->body);
}

int Machine::mount(const std::string& directory, unsigned long flags, const std::string& options,
                   const std::function<void(UniqueFd)>& serve) {
  std::unique_lock lock(connecting_);
  UniqueFd task = connect();
  std::string body = join({directory, std::to_string(flags), options});
  if (!send_frame(task, {FrameKind::kMount, body})) throw std::runtime_error("the agent is gone");
  serve(accept());
  lock.unlock();
  return done(task, "mount " + directory);
}

int Machine::unmount(const std::string& directory, int flags) {
  std::unique_lock lock(connecting_);
  UniqueFd task = connect();
  lock.unlock();
  std::string body = join({directory, std::to_string(flags)});
  if (!send_frame(task, {FrameKind::kUnmount, body})) throw std::runtime_error("the agent is gone");
  return done(task, "unmount " + directory);
}

// The box's first process dies with the box, and all of its pid namespace with that one. Each of
// them has the other end of alive_.
void Machine::kill() {
  process_->send_signal(SIGKILL);
  (void)process_->wait();
  char byte = 0;
  while (::recv(alive_.raw(), &byte, 1, 0) > 0) {
  }
}

bool Machine::running() const {
  pollfd alive{alive_.raw(), POLLIN, 0};
  return ::poll(&alive, 1, 0) == 0;
}

UniqueFd Machine::alive() const {
  UniqueFd copy(::fcntl(alive_.raw(), F_DUPFD_CLOEXEC, 0));
  check(copy.valid(), "F_DUPFD_CLOEXEC");
  return copy;
}

std::string Machine::complaints() {
  std::string all = console();
  all.erase(all.rfind('\n') + 1);  // the rest of that line is to come
  std::istringstream lines(all.substr(console_read_));
  console_read_ = all.size();
  std::string found;
  for (std::string line; std::getline(lines, line);)
    if (is_complaint(line)) found += line + "\n";
  return found;
}

Machine& machine() {
  if (shared() && shared()->running()) return *shared();
  try {
    shared().emplace();
  } catch (const std::runtime_error& problem) {
    // On a crowded processor a kernel may take too long to come up; that is not what is tested.
    std::fprintf(stderr, "once more: %s\n", problem.what());
    shared().emplace();
  }
  return *shared();
}

std::string complaints() {
  return shared() ? shared()->complaints() : std::string();
}

}  // namespace guest
