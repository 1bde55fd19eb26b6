#include "tests/support/descriptors.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <iterator>
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

void stand_in(base::Fd own_fds) {
  check(::unshare(CLONE_FS) == 0, "unshare");
  check(::fchdir(own_fds.raw()) == 0, "fchdir");
}

std::size_t count_descriptors(int pid) {
  std::filesystem::directory_iterator fds("/proc/" + std::to_string(pid) + "/fd");
  return static_cast<std::size_t>(std::distance(begin(fds), end(fds)));
}

}  // namespace support
