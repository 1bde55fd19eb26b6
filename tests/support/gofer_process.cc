#include "tests/support/gofer_process.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <ostream>
#include <stdexcept>
#include <system_error>
#include <thread>

#include "tests/support/descriptors.h"

namespace support {
namespace {

using base::UniqueFd;
using spec::Json;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kStatus = 0;
constexpr std::size_t kMounts = 1;
constexpr std::size_t kFirstClient = 2;

void check(bool good, const char* call) {
  if (!good) throw std::system_error(errno, std::generic_category(), call);
}

void become(uid_t user) {
  bool done = ::setgroups(0, nullptr) == 0 && ::setresgid(user, user, user) == 0 &&
              ::setresuid(user, user, user) == 0;
  if (!done) ::_exit(125);
}

[[noreturn]] void run(const Process::Start& start, base::Fd out, base::Fd err, char* const* argv,
                      char* const* environment) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ::dup2(null, 0);
  ::dup2(out.raw(), 1);
  ::dup2(err.raw(), 2);
  for (base::Fd fd : start.inherited) ::fcntl(fd.raw(), F_SETFD, 0);
  if (start.user) become(*start.user);
  ::execve(argv[0], argv, environment);
  ::_exit(126);
}

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> all;
  for (const std::string& word : words) all.push_back(const_cast<char*>(word.c_str()));
  all.push_back(nullptr);
  return all;
}

// True if `fd` became readable (or hung up) before the deadline.
bool readable(base::Fd fd, steady_clock::time_point deadline) {
  for (;;) {
    auto left = std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now()).count();
    if (left <= 0) return false;
    pollfd poll{fd.raw(), POLLIN, 0};
    int n = ::poll(&poll, 1, static_cast<int>(left));
    if (n > 0) return true;
    if (n < 0 && errno != EINTR) check(false, "poll");
  }
}

}  // namespace

void PrintTo(const End& end, std::ostream* out) {
  if (end.status) *out << "exit status " << *end.status;
  if (end.signal) *out << "signal " << *end.signal;
}

Process::Process(const Start& start)
    : out_(make_memory_file("stdout")), err_(make_memory_file("stderr")) {
  std::vector<std::string> variables = start.environment;
  for (char** variable = environ; *variable != nullptr; ++variable)
    variables.emplace_back(*variable);
  std::vector<char*> argv = pointers(start.words);
  std::vector<char*> environment = pointers(variables);
  pid_ = ::fork();
  check(pid_ >= 0, "fork");
  if (pid_ == 0) run(start, out_, err_, argv.data(), environment.data());
  watch();
}

Process::Process(pid_t child)
    : out_(make_memory_file("stdout")), err_(make_memory_file("stderr")), pid_(child) {
  watch();
}

void Process::watch() {
  pidfd_ = UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  check(pidfd_.valid(), "pidfd_open");
}

Process::~Process() {
  if (end_) return;
  send_signal(SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void Process::send_signal(int signal) const {
  if (!end_) ::kill(pid_, signal);
}

End Process::wait(milliseconds deadline) {
  if (end_) return *end_;
  if (!readable(pidfd_, steady_clock::now() + deadline))
    throw std::runtime_error("the process did not end; stderr: " + err());
  int status = 0;
  check(::waitpid(pid_, &status, 0) == pid_, "waitpid");
  end_.emplace();
  if (WIFEXITED(status)) end_->status = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) end_->signal = WTERMSIG(status);
  return *end_;
}

std::string Process::out() const {
  return content_of(out_);
}
std::string Process::err() const {
  return content_of(err_);
}

std::optional<std::string> StatusLines::next_line() {
  auto deadline = steady_clock::now() + kDeadline;
  for (;;) {
    if (std::size_t end = pending_.find('\n'); end != pending_.npos) {
      std::string line = pending_.substr(0, end);
      pending_.erase(0, end + 1);
      return line;
    }
    if (!readable(reading_, deadline)) throw std::runtime_error("no status line came");
    char buffer[4096];
    ssize_t n = ::read(reading_.raw(), buffer, sizeof buffer);
    check(n >= 0, "read");
    if (n == 0 && !pending_.empty()) throw std::runtime_error("half a line: " + pending_);
    if (n == 0) return std::nullopt;
    pending_.append(buffer, static_cast<std::size_t>(n));
  }
}

std::optional<Json> StatusLines::next(std::string_view event) {
  while (std::optional<std::string> line = next_line()) {
    seen_.push_back(*line);
    auto object = spec::parse_json(*line, "status", "line");
    if (!object) throw std::runtime_error("not JSON: " + *line);
    if (text_of(*object, "event").empty()) throw std::runtime_error("no event: " + *line);
    if (text_of(*object, "event") == event) return *std::move(object);
  }
  return std::nullopt;
}

std::string text_of(const Json& object, std::string_view key) {
  const Json* member = object.find(key);
  const auto* text = member != nullptr ? member->as<std::string>() : nullptr;
  return text != nullptr ? *text : std::string();
}

int64_t number_of(const Json& object, std::string_view key) {
  const Json* member = object.find(key);
  if (member == nullptr) return -1;
  if (const auto* number = member->as<uint64_t>()) return static_cast<int64_t>(*number);
  if (const auto* number = member->as<int64_t>()) return *number;
  return -1;
}

Gofer::Ends Gofer::make_ends(std::size_t attach_points) {
  Ends ends;
  for (std::size_t i = 0; i < kFirstClient; ++i) {
    auto [reading, writing] = make_pipe();
    ends.ours.push_back(std::move(reading));
    ends.theirs.push_back(std::move(writing));
  }
  for (std::size_t i = 0; i < attach_points; ++i) {
    auto [theirs, ours] = socket_pair();
    set_receive_deadline(ours);
    ends.ours.push_back(std::move(ours));
    ends.theirs.push_back(std::move(theirs));
  }
  return ends;
}

Process::Start Gofer::command_line(const path& config, const Ends& ends, const Options& options) {
  Process::Start start;
  start.user = options.user;
  start.inherited = options.inherited;
  for (const UniqueFd& fd : ends.theirs) start.inherited.emplace_back(fd);
  auto number = [&](std::size_t i) { return std::to_string(ends.theirs[i].raw()); };
  std::string io_fds;
  for (std::size_t i = kFirstClient; i < ends.theirs.size(); ++i)
    io_fds += (io_fds.empty() ? "" : ",") + number(i);
  start.words = {options.binary,  "--spec",      config,         "--status-fd",
                 number(kStatus), "--mounts-fd", number(kMounts)};
  if (!io_fds.empty()) start.words.insert(start.words.end(), {"--io-fds", io_fds});
  start.words.insert(start.words.end(), options.arguments.begin(), options.arguments.end());
  return start;
}

Gofer::Gofer(const path& config, std::size_t attach_points, Options options)
    : ends_(make_ends(attach_points)),
      process_(command_line(config, ends_, options)),
      status_(std::move(ends_.ours[kStatus])) {
  ends_.theirs.clear();
}

bool Gofer::ready() {
  std::optional<Json> event = status_.next("ready");
  if (event) ready_ = *std::move(event);
  return !ready_.is_null();
}

std::string Gofer::failure() const {
  std::string all = process_.err();
  for (const std::string& line : status_.seen()) all += line + "\n";
  return all;
}

UniqueFd Gofer::take_client(std::size_t attach_point) {
  return std::move(ends_.ours.at(kFirstClient + attach_point));
}

pid_t Gofer::worker(std::size_t attach_point) const {
  const Json* points = ready_.find("attach_points");
  const auto* list = points != nullptr ? points->as<Json::Array>() : nullptr;
  if (list == nullptr || attach_point >= list->size()) return -1;
  return static_cast<pid_t>(number_of((*list)[attach_point], "pid"));
}

Json Gofer::worker_end(pid_t worker) {
  for (const Json& event : ended_)
    if (number_of(event, "pid") == worker) return event;
  while (std::optional<Json> event = status_.next("worker-end")) {
    ended_.push_back(*event);
    if (number_of(*event, "pid") == worker) return *event;
  }
  throw std::runtime_error("no worker-end for it; " + failure());
}

std::string Gofer::mounts() {
  std::string text;
  auto deadline = steady_clock::now() + kDeadline;
  base::Fd fd(ends_.ours[kMounts].raw());
  while (readable(fd, deadline)) {
    char buffer[4096];
    ssize_t n = ::read(fd.raw(), buffer, sizeof buffer);
    check(n >= 0, "read");
    if (n == 0) return text;
    text.append(buffer, static_cast<std::size_t>(n));
  }
  throw std::runtime_error("--mounts-fd was not closed");
}

void set_receive_deadline(base::Fd socket) {
  timeval limit{.tv_sec = kDeadline.count(), .tv_usec = 0};
  check(::setsockopt(socket.raw(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0,
        "setsockopt");
}

std::string process_state(pid_t pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(in, text);  // empty if the process goes just now
  std::size_t name_end = text.rfind(')');
  return name_end == text.npos ? std::string() : text.substr(name_end + 2, 1);
}

void wait_until_gone(pid_t pid) {
  auto deadline = steady_clock::now() + kDeadline;
  for (std::string state = process_state(pid); !state.empty() && state != "Z" && state != "X";
       state = process_state(pid)) {
    if (steady_clock::now() > deadline) throw std::runtime_error("a process lives on");
    std::this_thread::sleep_for(milliseconds(1));
  }
}

}  // namespace support
