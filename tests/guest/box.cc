// guest_box SOCKET CPU LINK PROGRAM ARGUMENT...: the house around a guest kernel.
//
// Runs PROGRAM on one processor, in pid, network and mount namespaces of its own (and a user
// namespace, unless root starts it), with a memory file system for whatever the program writes, and
// with a network interface that has the host's address. LINK is "tap", or "veth" where there is no
// /dev/net/tun; then the program finds the other end of the pair. Sends a listening socket at that
// address over SOCKET, which stays open until the last process in here is gone. When the starter
// dies, or this does, they all do.
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>

#include "spec/base/fd.h"
#include "tests/guest/must.h"
#include "tests/guest/network.h"
#include "tests/guest/wire.h"
#include "tests/support/descriptors.h"

namespace guest {
namespace {

using base::UniqueFd;

void write_text(const char* file, const std::string& text) {
  std::ofstream out(file);
  out << text;
  out.close();
  must(out.good(), file);
}

void enter_namespaces() {
  uid_t uid = ::geteuid();
  gid_t gid = ::getegid();
  int user = uid == 0 ? 0 : CLONE_NEWUSER;
  must(::unshare(user | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID) == 0, "unshare");
  if (user == 0) return;
  write_text("/proc/self/setgroups", "deny");
  write_text("/proc/self/uid_map", "0 " + std::to_string(uid) + " 1");
  write_text("/proc/self/gid_map", "0 " + std::to_string(gid) + " 1");
}

// A kernel of this kind keeps its memory in a file and its sockets in a directory.
void mount_private_file_systems() {
  must(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0, "mount /");
  must(::mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) == 0, "proc");
  must(::mount("tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777") == 0, "/dev/shm");
}

void make_tap() {
  UniqueFd tun(::open("/dev/net/tun", O_RDWR | O_CLOEXEC));
  must(tun.valid(), "/dev/net/tun");
  ifreq tap = request_for(kHostInterface);
  tap.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
  must(::ioctl(tun.raw(), TUNSETIFF, &tap) == 0, "TUNSETIFF");
  must(::ioctl(tun.raw(), TUNSETPERSIST, 1) == 0, "TUNSETPERSIST");
}

int wait_for(pid_t child) {
  int status = 0;
  for (pid_t ended = 0; ended != child;) {
    ended = ::waitpid(-1, &status, 0);
    must(ended > 0 || errno == EINTR, "waitpid");
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void make_pair() {
  pid_t child = ::fork();
  must(child >= 0, "fork");
  if (child == 0) {
    ::execl(
        "/bin/sh", "sh", "-c",
        "PATH=/usr/sbin:/sbin:/usr/bin:/bin && ip link add \"$0\" type veth peer name \"$1\" && "
        "ip link set \"$1\" mtu \"$2\" up",
        kHostInterface, kPeerInterface, std::to_string(kMtu).c_str(), nullptr);
    ::_exit(127);
  }
  if (wait_for(child) == 0) return;
  std::fputs("guest_box: neither /dev/net/tun nor a veth pair\n", stderr);
  std::exit(1);
}

void send_listener(base::Fd over) {
  UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  must(listener.valid(), "socket");
  sockaddr_in own = socket_address(kHostAddress, kPort);
  must(::bind(listener.raw(), reinterpret_cast<sockaddr*>(&own), sizeof own) == 0, "bind");
  must(::listen(listener.raw(), 16) == 0, "listen");
  must(support::send_descriptor(over, listener), "sendmsg");
}

// Its parent may have died before the signal was asked for; then nobody has the socket's other end.
void die_with_parent(base::Fd socket) {
  must(::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0, "PR_SET_PDEATHSIG");
  char byte = 0;
  if (::recv(socket.raw(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0) std::exit(1);
}

// The first process of the pid namespace: when it ends, everything in there does.
int keep_house(base::Fd socket, int cpu, std::string_view link, char** program) {
  die_with_parent(socket);
  mount_private_file_systems();
  if (link == "tap") {
    make_tap();
  } else {
    make_pair();
  }
  set_up_interface(kHostInterface, kHostAddress, kNetmask, kMtu);
  send_listener(socket);
  cpu_set_t only;
  CPU_ZERO(&only);
  CPU_SET(static_cast<std::size_t>(cpu), &only);
  must(::sched_setaffinity(0, sizeof only, &only) == 0, "sched_setaffinity");
  must(::setenv("TMPDIR", "/dev/shm", 1) == 0, "setenv");
  pid_t child = ::fork();
  must(child >= 0, "fork");
  if (child == 0) {
    ::execv(program[0], program);
    must(false, program[0]);
  }
  return wait_for(child);
}

}  // namespace
}  // namespace guest

int main(int argc, char** argv) {
  if (argc < 5) return 2;
  base::UniqueFd socket(std::atoi(argv[1]));
  guest::die_with_parent(socket);
  guest::enter_namespaces();
  pid_t first = ::fork();
  guest::must(first >= 0, "fork");
  if (first == 0) return guest::keep_house(socket, std::atoi(argv[2]), argv[3], argv + 4);
  return guest::wait_for(first);
}
