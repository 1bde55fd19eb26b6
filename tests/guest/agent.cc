// guest_agent: the first program in the guest. Makes its root directory writable in memory, loads
// the 9P client, connects to the harness and does what is asked for there (tests/guest/wire.h).
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "spec/base/fd.h"
#include "tests/guest/command_runner.h"
#include "tests/guest/must.h"
#include "tests/guest/network.h"
#include "tests/guest/wire.h"

namespace guest {
namespace {

using base::UniqueFd;

void load_module(std::string_view below) {
  utsname kernel{};
  must(::uname(&kernel) == 0, "uname");
  std::string file =
      std::string("/usr/lib/uml/modules/") + kernel.release + "/kernel/" + std::string(below);
  UniqueFd module(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  must(module.valid(), file);
  must(::syscall(SYS_finit_module, module.raw(), "", 0) == 0, file);
}

void mount_at(const char* type, const std::string& where, const char* options = "") {
  if (::mkdir(where.c_str(), 0755) != 0) must(errno == EEXIST, where);
  must(::mount(type, where.c_str(), type, 0, options) == 0, std::string(type) + " at " + where);
}

void make_root_writable() {
  load_module("fs/overlayfs/overlay.ko");
  must(::mount("tmpfs", "/mnt", "tmpfs", 0, "mode=755") == 0, "tmpfs at /mnt");
  for (const char* directory : {"/mnt/upper", "/mnt/work"})
    must(::mkdir(directory, 0755) == 0, directory);
  mount_at("overlay", "/mnt/root", "lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work");
  must(::chdir("/mnt/root") == 0, "chdir");
  must(::mount(".", "/", nullptr, MS_MOVE, nullptr) == 0, "mount --move");
  must(::chroot(".") == 0 && ::chdir("/") == 0, "chroot");
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

UniqueFd connect_to_harness() {
  UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in harness = socket_address(kHostAddress, kPort);
  must(::connect(socket.raw(), reinterpret_cast<sockaddr*>(&harness), sizeof harness) == 0,
       "connect");
  int yes = 1;
  must(::setsockopt(socket.raw(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) == 0, "nodelay");
  return socket;
}

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
      serve_command(std::move(socket), task->body);
      break;
    default:
      break;
  }
}

void obey(UniqueFd control) {
  char ask = 0;
  while (::recv(control.raw(), &ask, 1, 0) == 1 && static_cast<Ask>(ask) != Ask::kPowerOff) {
    pid_t child = ::fork();
    must(child >= 0, "fork");
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
