#include "tests/interop/runtime.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <fstream>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "tests/support/descriptors.h"

namespace interop {
namespace {

using base::Fd;
using base::UniqueFd;

constexpr int kFirst = 3;    // descriptor numbers of the line
constexpr int kAside = 500;  // beyond all of them

constexpr int kNamespaces = CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWUTS;

// What a runtime that is not root leaves its gofer.
constexpr std::array kAmbient = {CAP_CHOWN,      CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER,
                                 CAP_FSETID,     CAP_SETGID,       CAP_SETUID,          CAP_SETPCAP,
                                 CAP_SYS_CHROOT, CAP_SYS_ADMIN};

void check(bool good, const char* call) {
  if (!good) throw std::system_error(errno, std::generic_category(), call);
}

// In the child: nobody can be told but by the status.
void must(bool good) {
  if (!good) ::_exit(125);
}

// Effectively another user, for as long as it lives.
class AsUser {
 public:
  explicit AsUser(uid_t user) {
    check(::setresgid(user, user, 0) == 0 && ::setresuid(user, user, 0) == 0, "setresuid");
  }
  AsUser(const AsUser&) = delete;
  AsUser& operator=(const AsUser&) = delete;
  ~AsUser() {
    (void)!::setresuid(0, 0, 0);
    (void)!::setresgid(0, 0, 0);
    ::prctl(PR_SET_DUMPABLE, 1);
  }
};

pid_t clone_process(int flags) {
  auto pid = static_cast<pid_t>(::syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0));
  check(pid >= 0, "clone");
  return pid;
}

void write_proc(pid_t pid, const char* name, const std::string& text) {
  std::ofstream out("/proc/" + std::to_string(pid) + "/" + name);
  out << text << std::flush;
  if (!out) throw std::runtime_error(std::string("cannot write ") + name);
}

void raise_ambient() {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, 2> data{};
  must(::syscall(SYS_capget, &header, data.data()) == 0);
  for (int capability : kAmbient) data[0].inheritable |= 1U << capability;
  must(::syscall(SYS_capset, &header, data.data()) == 0);
  for (int capability : kAmbient)
    must(::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) == 0);
}

// `fds` get the numbers from kFirst on, and survive exec; 0 to 2 are /dev/null; nothing else stays.
void number(const std::vector<Fd>& fds) {
  std::vector<int> aside;
  for (Fd fd : fds) {
    aside.push_back(::fcntl(fd.raw(), F_DUPFD, kAside));
    must(aside.back() >= 0);
  }
  int null = ::open("/dev/null", O_RDWR);
  must(null >= 0 && ::fcntl(null, F_DUPFD, kAside) >= 0);
  for (int standard = 0; standard < kFirst; ++standard) must(::dup2(null, standard) == standard);
  int next = kFirst;
  for (int fd : aside) must(::dup2(fd, next) == next), ++next;
  must(::close_range(static_cast<unsigned>(next), UINT_MAX, 0) == 0);
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> all;
  for (std::string& word : words) all.push_back(word.data());
  all.push_back(nullptr);
  return all;
}

// A memory file, and a second description of it to append to.
std::pair<UniqueFd, UniqueFd> make_log(const char* name) {
  UniqueFd file = support::make_memory_file(name);
  std::string path = "/proc/self/fd/" + std::to_string(file.raw());
  UniqueFd appending(::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
  check(appending.valid(), "open");
  return {std::move(file), std::move(appending)};
}

}  // namespace

Runtime::Ends Runtime::make_ends(const RuntimeStart& start) {
  Ends ends;
  auto pass = [&ends](std::string_view option, UniqueFd fd, bool global = false) {
    ends.passed.push_back({.option = option, .fd = std::move(fd), .global = global});
  };
  auto pass_log = [&](bool wanted, std::string_view option, UniqueFd& ours) {
    if (!wanted) return;
    auto [file, appending] = make_log("log");
    ours = std::move(file);
    pass(option, std::move(appending), true);
  };
  pass_log(start.log, "--log-fd", ends.log);
  pass_log(start.debug_log, "--debug-log-fd", ends.debug_log);
  support::path spec = start.directory / start.bundle / "config.json";
  pass("--spec-fd", UniqueFd(::open(spec.c_str(), O_RDONLY | O_CLOEXEC)));
  check(ends.passed.back().fd.valid(), "open");
  if (start.profile) pass("--profile-cpu-fd", support::make_memory_file("profile"));
  auto [reading, writing] = support::make_pipe();
  ends.mounts = std::move(reading);
  pass("--mounts-fd", std::move(writing));
  for (std::size_t i = 0; i < start.sockets; ++i) {
    auto [sandbox, gofer] = support::socket_pair();
    support::set_receive_deadline(sandbox);
    ends.sockets.push_back(std::move(sandbox));
    pass("--io-fds", std::move(gofer));
  }
  if (start.users == Users::kSynced) {
    auto [runtime, gofer] = support::socket_pair();
    ends.sync = std::move(runtime);
    pass("--sync-userns-fd", std::move(gofer));
  }
  return ends;
}

std::vector<std::string> Runtime::line(const RuntimeStart& start, const Ends& ends) {
  std::vector<std::string> words{start.name};
  words.insert(words.end(), start.globals.begin(), start.globals.end());
  int number = kFirst;
  bool commanded = false;
  for (const Passed& passed : ends.passed) {
    if (!passed.global && !std::exchange(commanded, true))
      words.insert(words.end(), {"gofer", "--bundle", start.bundle});
    words.push_back(std::string(passed.option) + "=" + std::to_string(number++));
  }
  words.insert(words.end(), start.more.begin(), start.more.end());
  return words;
}

void Runtime::become_gofer(const RuntimeStart& start, const Ends& ends, Fd mapped) {
  if (start.users == Users::kMapped) {
    char byte = 0;
    must(::read(mapped.raw(), &byte, 1) == 1);
    must(::setresgid(0, 0, 0) == 0 && ::setresuid(0, 0, 0) == 0);
  }
  if (start.users == Users::kPlain)
    must(::setgroups(0, nullptr) == 0 && ::setresgid(start.user, start.user, start.user) == 0 &&
         ::setresuid(start.user, start.user, start.user) == 0);
  if (start.before_exec) start.before_exec();
  std::vector<std::string> words = line(start, ends);
  std::vector<char*> argv = pointers(words);
  std::vector<Fd> fds;
  for (const Passed& passed : ends.passed) fds.emplace_back(passed.fd);
  fds.insert(fds.end(), start.strays.begin(), start.strays.end());
  number(fds);
  ::umask(start.umask);
  must(::chdir(start.directory.c_str()) == 0);
  if (start.users == Users::kSynced) raise_ambient();
  must(::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
  ::execv(GOFER_BINARY, argv.data());
  ::_exit(126);
}

pid_t Runtime::launch(const RuntimeStart& start, const Ends& ends) {
  auto [mapped, map] = support::make_pipe();
  int flags = start.users == Users::kPlain ? 0 : kNamespaces;
  if (start.users == Users::kMapped || start.users == Users::kSynced) flags |= CLONE_NEWUSER;
  pid_t pid = -1;
  {
    AsUser runtime(start.users == Users::kSynced ? start.user : 0);
    pid = clone_process(flags);
    if (pid == 0) become_gofer(start, ends, mapped);
  }
  if (start.users == Users::kMapped) {
    write_proc(pid, "setgroups", "deny");
    write_proc(pid, "uid_map", start.id_map);
    write_proc(pid, "gid_map", start.id_map);
    check(::write(map.raw(), "", 1) == 1, "write");
  }
  return pid;
}

Runtime::Runtime(const RuntimeStart& start)
    : id_map_(start.id_map), ends_(make_ends(start)), process_(launch(start, ends_)) {
  ends_.passed.clear();
}

UniqueFd Runtime::take_socket(std::size_t attach_point) {
  return std::move(ends_.sockets.at(attach_point));
}

std::string Runtime::mount_list() const {
  std::string text;
  pollfd ready{.fd = ends_.mounts.raw(), .events = POLLIN, .revents = 0};
  auto limit = std::chrono::duration_cast<std::chrono::milliseconds>(support::kDeadline);
  while (::poll(&ready, 1, static_cast<int>(limit.count())) == 1) {
    std::array<char, 4096> buffer;
    ssize_t n = ::read(ready.fd, buffer.data(), buffer.size());
    check(n >= 0, "read");
    if (n == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(n));
  }
  throw std::runtime_error("--mounts-fd was not closed; the log says: " + debug_log());
}

std::string Runtime::log() const {
  return support::content_of(ends_.log);
}

std::string Runtime::debug_log() const {
  return ends_.debug_log.valid() ? support::content_of(ends_.debug_log) : "nothing";
}

void Runtime::write_id_maps() {
  write_proc(process_.pid(), "uid_map", id_map_);
  write_proc(process_.pid(), "gid_map", id_map_);
  end_sync();
}

std::vector<pid_t> Runtime::children() const {
  std::string pid = std::to_string(process_.pid());
  std::ifstream in("/proc/" + pid + "/task/" + pid + "/children");
  std::vector<pid_t> all;
  for (pid_t child = 0; in >> child;) all.push_back(child);
  return all;
}

}  // namespace interop
