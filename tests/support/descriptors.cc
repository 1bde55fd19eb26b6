#include "tests/support/descriptors.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <stdexcept>
#include <system_error>

namespace support {
namespace {

void check(bool good, const char* call) {
  if (!good) throw std::system_error(errno, std::generic_category(), call);
}

}  // namespace

std::pair<base::UniqueFd, base::UniqueFd> socket_pair() {
  int ends[2];
  check(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0, "socketpair");
  return {base::UniqueFd(ends[0]), base::UniqueFd(ends[1])};
}

std::pair<base::UniqueFd, base::UniqueFd> make_pipe() {
  int ends[2];
  check(::pipe2(ends, O_CLOEXEC) == 0, "pipe2");
  return {base::UniqueFd(ends[0]), base::UniqueFd(ends[1])};
}

base::UniqueFd make_memory_file(const char* name) {
  base::UniqueFd file(::memfd_create(name, MFD_CLOEXEC));
  check(file.valid(), "memfd_create");
  return file;
}

std::string content_of(base::Fd memory_file) {
  struct stat info{};
  check(::fstat(memory_file.raw(), &info) == 0, "fstat");
  std::string text(static_cast<std::size_t>(info.st_size), '\0');
  ssize_t n = ::pread(memory_file.raw(), text.data(), text.size(), 0);
  check(n >= 0, "pread");
  text.resize(static_cast<std::size_t>(n));
  return text;
}

ssize_t send_descriptors(base::Fd socket, std::span<const std::byte> data,
                         std::span<const base::Fd> what, int flags) {
  iovec bytes{.iov_base = const_cast<std::byte*>(data.data()), .iov_len = data.size()};
  std::vector<int> raw(what.size());
  std::ranges::transform(what, raw.begin(), &base::Fd::raw);
  std::size_t size = raw.size() * sizeof(int);
  // On the heap, which is aligned for anything.
  std::vector<std::byte> control(CMSG_SPACE(size));
  msghdr message{};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(size);
  std::memcpy(CMSG_DATA(header), raw.data(), size);
  return ::sendmsg(socket.raw(), &message, flags);
}

Received receive_descriptors(base::Fd socket, std::span<std::byte> room, int flags) {
  iovec bytes{.iov_base = room.data(), .iov_len = room.size()};
  alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(8 * sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t count = ::recvmsg(socket.raw(), &message, flags | MSG_CMSG_CLOEXEC);
  if (count < 0) return {};
  Received received{.bytes = static_cast<std::size_t>(count),
                    .truncated = (message.msg_flags & MSG_CTRUNC) != 0};
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header == nullptr) return received;
  if (header->cmsg_type != SCM_RIGHTS) throw std::runtime_error("control data of another kind");
  for (std::size_t i = 0; i < (header->cmsg_len - CMSG_LEN(0)) / sizeof(int); ++i) {
    int raw = -1;
    std::memcpy(&raw, CMSG_DATA(header) + i * sizeof raw, sizeof raw);
    received.descriptors.emplace_back(raw);
  }
  return received;
}

bool send_descriptor(base::Fd socket, base::Fd what) {
  return send_descriptors(socket, std::array{std::byte{}}, std::array{what}, MSG_NOSIGNAL) == 1;
}

base::UniqueFd receive_descriptor(base::Fd socket) {
  std::byte byte{};
  Received received = receive_descriptors(socket, {&byte, 1});
  if (received.bytes != 1 || received.descriptors.empty()) return {};
  return std::move(received.descriptors.front());
}

void stand_in(base::Fd own_fds) {
  check(::unshare(CLONE_FS) == 0, "unshare");
  check(::fchdir(own_fds.raw()) == 0, "fchdir");
}

std::size_t count_descriptors(int pid) {
  std::filesystem::directory_iterator fds("/proc/" + std::to_string(pid) + "/fd");
  return static_cast<std::size_t>(std::distance(begin(fds), end(fds)));
}

}  // namespace support
