// guest_agent: the first program in the guest. Makes its root directory writable in memory, loads
// the 9P client, connects to the harness and does what is asked for there (tests/guest/wire.h).
#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "spec/base/fd.h"
#include "tests/guest/wire.h"

namespace guest {
namespace {

using base::UniqueFd;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

// The kernel's end is the harness's to notice.
void check(bool good, const std::string& what) {
  if (good) return;
  std::fprintf(stderr, "guest_agent: %s: %s\n", what.c_str(), std::strerror(errno));
  std::exit(1);
}

// --- the root directory
// ---------------------------------------------------------------------------

void load_module(std::string_view below) {
  utsname kernel{};
  check(::uname(&kernel) == 0, "uname");
  std::string file =
      std::string("/usr/lib/uml/modules/") + kernel.release + "/kernel/" + std::string(below);
  UniqueFd module(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  check(module.valid(), file);
  check(::syscall(SYS_finit_module, module.raw(), "", 0) == 0, file);
}

void mount_at(const char* type, const std::string& where, const char* options = "") {
  if (::mkdir(where.c_str(), 0755) != 0) check(errno == EEXIST, where);
  check(::mount(type, where.c_str(), type, 0, options) == 0, std::string(type) + " at " + where);
}

void make_root_writable() {
  load_module("fs/overlayfs/overlay.ko");
  check(::mount("tmpfs", "/mnt", "tmpfs", 0, "mode=755") == 0, "tmpfs at /mnt");
  for (const char* directory : {"/mnt/upper", "/mnt/work"})
    check(::mkdir(directory, 0755) == 0, directory);
  mount_at("overlay", "/mnt/root", "lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work");
  check(::chdir("/mnt/root") == 0, "chdir");
  check(::mount(".", "/", nullptr, MS_MOVE, nullptr) == 0, "mount --move");
  check(::chroot(".") == 0 && ::chdir("/") == 0, "chroot");
}

void mount_file_systems() {
  mount_at("proc", "/proc");
  mount_at("sysfs", "/sys");
  mount_at("devtmpfs", "/dev");
  mount_at("devpts", "/dev/pts");
  mount_at("tmpfs", "/dev/shm", "mode=1777");
  mount_at("tmpfs", "/run", "mode=755");
}

void load_client() {
  for (const char* module : {"net/9p/9pnet.ko", "net/9p/9pnet_fd.ko", "fs/netfs/netfs.ko",
                             "fs/fscache/fscache.ko", "fs/9p/9p.ko"})
    load_module(module);
}

// --- the network
// ----------------------------------------------------------------------------------

sockaddr_in address(const char* text, uint16_t port = 0) {
  sockaddr_in all{};
  all.sin_family = AF_INET;
  all.sin_port = htons(port);
  check(::inet_pton(AF_INET, text, &all.sin_addr) == 1, text);
  return all;
}

void set_up_interface(const char* name, const char* own_address, const char* netmask, int mtu) {
  UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  sockaddr_in own = address(own_address);
  std::memcpy(&request.ifr_addr, &own, sizeof own);
  check(::ioctl(socket.raw(), SIOCSIFADDR, &request) == 0, "SIOCSIFADDR");
  sockaddr_in mask = address(netmask);
  std::memcpy(&request.ifr_netmask, &mask, sizeof mask);
  check(::ioctl(socket.raw(), SIOCSIFNETMASK, &request) == 0, "SIOCSIFNETMASK");
  request.ifr_mtu = mtu;
  check(::ioctl(socket.raw(), SIOCSIFMTU, &request) == 0, "SIOCSIFMTU");
  request.ifr_flags = IFF_UP;
  check(::ioctl(socket.raw(), SIOCSIFFLAGS, &request) == 0, "SIOCSIFFLAGS");
}

UniqueFd connect_to_harness() {
  UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in harness = address(kHostAddress, kPort);
  check(::connect(socket.raw(), reinterpret_cast<sockaddr*>(&harness), sizeof harness) == 0,
        "connect");
  int yes = 1;
  check(::setsockopt(socket.raw(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) == 0, "nodelay");
  return socket;
}

// --- tasks
// ----------------------------------------------------------------------------------------

int mount_9p(std::string_view body) {
  std::vector<std::string> fields = split(body, 3);
  UniqueFd data = connect_to_harness();
  std::string number = std::to_string(data.raw());
  std::string options = "trans=fd,rfdno=" + number + ",wfdno=" + number + "," + fields[2];
  if (::mkdir(fields[0].c_str(), 0755) != 0 && errno != EEXIST) return errno;
  int result = ::mount("gofer", fields[0].c_str(), "9p", std::stoul(fields[1]), options.c_str());
  return result == 0 ? 0 : errno;
}

int unmount(std::string_view body) {
  std::vector<std::string> fields = split(body, 2);
  return ::umount2(fields[0].c_str(), std::stoi(fields[1])) == 0 ? 0 : errno;
}

// What a command wrote is in the pipe when it ends; more than that is not waited for.
constexpr std::chrono::seconds kLastWords{2};

// One command with its process group, its input and its output.
class Run {
 public:
  Run(UniqueFd socket, std::string_view body) : socket_(std::move(socket)) {
    fields_ = split(body, 6);
  }

  void serve() {
    watch_children();
    start();
    deadline_ = steady_clock::now() + std::chrono::seconds(std::stol(fields_[1]));
    while (!status_ || output_.valid()) {
      auto left = std::chrono::duration_cast<milliseconds>(deadline_ - steady_clock::now()).count();
      if (left > 0) {
        wait_for_news(static_cast<int>(left));
      } else if (status_) {
        output_.reset();  // somebody who left the process group has it
      } else {
        timed_out_ = true;
        ::kill(-child_, SIGKILL);
        wait_for_news(1000);
      }
    }
    send_frame(socket_,
               {FrameKind::kEnd, join({std::to_string(*status_), timed_out_ ? "1" : "0"})});
  }

 private:
  void watch_children() {
    ::signal(SIGCHLD, SIG_DFL);
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, SIGCHLD);
    check(::sigprocmask(SIG_BLOCK, &only, nullptr) == 0, "sigprocmask");
    children_ = UniqueFd(::signalfd(-1, &only, SFD_CLOEXEC | SFD_NONBLOCK));
    check(children_.valid(), "signalfd");
  }

  void start() {
    int in[2];
    int out[2];
    check(::pipe2(in, O_CLOEXEC) == 0 && ::pipe2(out, O_CLOEXEC) == 0, "pipe2");
    child_ = ::fork();
    check(child_ >= 0, "fork");
    if (child_ == 0) become_command(in[0], out[1]);
    ::setpgid(child_, child_);  // whichever of the two comes first
    ::close(in[0]);
    ::close(out[1]);
    input_ = UniqueFd(in[1]);
    output_ = UniqueFd(out[0]);
  }

  [[noreturn]] void become_command(int in, int out) {
    ::setpgid(0, 0);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
    ::dup2(in, 0);
    ::dup2(out, 1);
    ::dup2(out, 2);
    become_user();
    ::umask(022);
    if (::chdir(fields_[5].c_str()) != 0) {
      std::perror(fields_[5].c_str());
      ::_exit(125);
    }
    ::execl("/bin/sh", "sh", "-c", fields_[0].c_str(), nullptr);
    std::perror("/bin/sh");
    ::_exit(126);
  }

  void become_user() {
    auto uid = static_cast<uid_t>(std::stoul(fields_[2]));
    auto gid = static_cast<gid_t>(std::stoul(fields_[3]));
    std::vector<gid_t> groups;
    std::istringstream words(fields_[4]);
    for (gid_t group = 0; words >> group;) groups.push_back(group);
    bool done = ::setgroups(groups.size(), groups.data()) == 0 && ::setresgid(gid, gid, gid) == 0 &&
                ::setresuid(uid, uid, uid) == 0;
    if (done) return;
    std::perror("guest_agent: cannot become that user");
    ::_exit(125);
  }

  void wait_for_news(int timeout) {
    pollfd news[] = {{children_.raw(), POLLIN, 0},
                     {output_.raw(), POLLIN, 0},
                     {listening_ ? socket_.raw() : -1, POLLIN, 0}};
    if (::poll(news, 3, timeout) < 0) return;
    if (news[1].revents != 0) pass_output();
    if (news[0].revents != 0) reap();
    if (news[2].revents != 0) obey();
  }

  void pass_output() {
    char buffer[65536];
    ssize_t n = ::read(output_.raw(), buffer, sizeof buffer);
    if (n <= 0) {
      output_.reset();
      return;
    }
    send_frame(socket_, {FrameKind::kOutput, std::string(buffer, static_cast<std::size_t>(n))});
  }

  // What the command leaves in the background ends with it; it would hold the output open.
  void reap() {
    signalfd_siginfo ignored{};
    while (::read(children_.raw(), &ignored, sizeof ignored) > 0) {
    }
    int status = 0;
    if (status_ || ::waitpid(child_, &status, WNOHANG) != child_) return;
    status_ = status;
    ::kill(-child_, SIGKILL);
    deadline_ = steady_clock::now() + kLastWords;
  }

  void obey() {
    std::optional<Frame> frame = receive_frame(socket_);
    if (!frame) {  // nobody wants it any more
      listening_ = false;
      ::kill(-child_, SIGKILL);
      return;
    }
    if (frame->kind == FrameKind::kInput) pass_input(frame->body);
    if (frame->kind == FrameKind::kInputEnd) input_.reset();
    if (frame->kind == FrameKind::kSignal) ::kill(-child_, std::stoi(frame->body));
  }

  void pass_input(std::string_view text) {
    while (!text.empty()) {
      ssize_t n = ::write(input_.raw(), text.data(), text.size());
      if (n < 0) return;
      text.remove_prefix(static_cast<std::size_t>(n));
    }
  }

  UniqueFd socket_;
  std::vector<std::string> fields_;  // line, timeout, uid, gid, groups, directory
  UniqueFd children_;
  UniqueFd input_;
  UniqueFd output_;
  pid_t child_ = -1;
  steady_clock::time_point deadline_;
  bool timed_out_ = false;
  bool listening_ = true;
  std::optional<int> status_;
};

void do_task(UniqueFd socket) {
  std::optional<Frame> task = receive_frame(socket);
  if (!task) return;
  switch (task->kind) {
    case FrameKind::kMount:
      send_frame(socket, {FrameKind::kDone, std::to_string(mount_9p(task->body))});
      break;
    case FrameKind::kUnmount:
      send_frame(socket, {FrameKind::kDone, std::to_string(unmount(task->body))});
      break;
    case FrameKind::kRun:
      Run(std::move(socket), task->body).serve();
      break;
    default:
      break;
  }
}

void obey(UniqueFd control) {
  char ask = 0;
  while (::recv(control.raw(), &ask, 1, 0) == 1 && static_cast<Ask>(ask) != Ask::kPowerOff) {
    pid_t child = ::fork();
    check(child >= 0, "fork");
    if (child != 0) continue;
    control.reset();
    do_task(connect_to_harness());
    ::_exit(0);
  }
}

void live() {
  make_root_writable();
  mount_file_systems();
  load_client();
  set_up_interface("lo", "127.0.0.1", "255.0.0.0", 65536);
  set_up_interface(kGuestInterface, kGuestAddress, kNetmask, kMtu);
  ::signal(SIGCHLD, SIG_IGN);  // nobody is left a zombie
  ::signal(SIGPIPE, SIG_IGN);
  ::setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
  ::setenv("HOME", "/root", 1);
  ::setenv("LC_ALL", "C.UTF-8", 1);
  obey(connect_to_harness());
}

}  // namespace
}  // namespace guest

int main() {
  guest::live();
  ::sync();
  ::reboot(RB_POWER_OFF);
  return 1;
}
