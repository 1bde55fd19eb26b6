#include "tests/support/descriptors.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <system_error>

namespace support {
namespace {

void check(bool good, const char* call) {
  if (!good) throw std::system_error(errno, std::generic_category(), call);
}

// A message of one byte, and room for one descriptor beside it.
struct Envelope {
  char byte = 0;
  iovec data{.iov_base = &byte, .iov_len = 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};

  Envelope() {
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
  }
  Envelope(const Envelope&) = delete;
  Envelope& operator=(const Envelope&) = delete;
  ~Envelope() = default;
};

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

bool send_descriptor(base::Fd socket, base::Fd what) {
  Envelope envelope;
  cmsghdr* header = CMSG_FIRSTHDR(&envelope.message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  int raw = what.raw();
  std::memcpy(CMSG_DATA(header), &raw, sizeof raw);
  return ::sendmsg(socket.raw(), &envelope.message, MSG_NOSIGNAL) == 1;
}

base::UniqueFd receive_descriptor(base::Fd socket) {
  Envelope envelope;
  ssize_t n = ::recvmsg(socket.raw(), &envelope.message, MSG_CMSG_CLOEXEC);
  cmsghdr* header = n == 1 ? CMSG_FIRSTHDR(&envelope.message) : nullptr;
  if (header == nullptr) return {};
  int raw = -1;
  std::memcpy(&raw, CMSG_DATA(header), sizeof raw);
  return base::UniqueFd(raw);
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
