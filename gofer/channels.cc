#include "gofer/channels.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace gofer {
namespace {

using base::Fd;
using base::Outcome;
using base::UniqueFd;

constexpr unsigned kMfdNoexecSeal = 8;  // MFD_NOEXEC_SEAL, Linux 6.3

std::unexpected<base::Problem> failed(const char* what, const char* syscall, int error,
                                      const char* remedy = "") {
  return base::failure(base::Problem{.step = "threads",
                                     .where = {},
                                     .what = what,
                                     .expected = remedy,
                                     .syscall = syscall,
                                     .error = error});
}

UniqueFd make_memory_file() {
  constexpr unsigned kFlags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  UniqueFd file(::memfd_create("9p channels", kFlags | kMfdNoexecSeal));
  if (file.valid() || errno != EINVAL) return file;
  return UniqueFd(::memfd_create("9p channels", kFlags));
}

bool may_run_on_several_processors() {
  cpu_set_t processors;
  return ::sched_getaffinity(0, sizeof processors, &processors) == 0 && CPU_COUNT(&processors) > 1;
}

// `fd` at the number `to`, if somebody cares.
Outcome<UniqueFd> moved(UniqueFd fd, std::optional<Fd> to) {
  if (!to || fd.raw() == to->raw()) return fd;
  UniqueFd copy(::fcntl(fd.raw(), F_DUPFD_CLOEXEC, to->raw()));
  if (!copy.valid()) return failed("a descriptor cannot be brought to its number", "fcntl", errno);
  if (copy.raw() != to->raw()) return failed("the number of a descriptor is taken", "", 0);
  return copy;
}

}  // namespace

Channels::~Channels() {
  for (std::size_t id = 0; id < threads_.size(); ++id) {
    channels_[id].window.stop();
    threads_.wait(id);
  }
  if (!memory_.empty()) ::munmap(memory_.data(), memory_.size());
}

Outcome<void> Channels::make(std::size_t count, const std::optional<Numbers>& numbers) {
  auto number = [&](Fd Numbers::* first, std::size_t id) -> std::optional<Fd> {
    if (!numbers) return std::nullopt;
    return Fd(((*numbers).*first).raw() + static_cast<int>(id));
  };
  TRY(make_windows(count));
  if (may_run_on_several_processors()) watch_.allow();
  windows_ = TRY(moved(std::move(windows_), number(&Numbers::windows, 0)));
  for (std::size_t id = 0; id < count; ++id) {
    TRY(make_channel(id));
    Channel& channel = channels_[id];
    channel.client_socket =
        TRY(moved(std::move(channel.client_socket), number(&Numbers::client_sockets, id)));
    channel.socket = TRY(moved(std::move(channel.socket), number(&Numbers::sockets, id)));
  }
  return {};
}

Outcome<void> Channels::make_windows(std::size_t count) {
  std::size_t size = count * p9::kWindowSize;
  windows_ = make_memory_file();
  if (!windows_.valid()) return failed("shared memory cannot be had", "memfd_create", errno);
  if (::ftruncate(windows_.raw(), static_cast<off_t>(size)) != 0)
    return failed("shared memory cannot be given its size", "ftruncate", errno);
  if (::fcntl(windows_.raw(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
    return failed("the size of shared memory cannot be sealed", "fcntl", errno);
  void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, windows_.raw(), 0);
  if (memory == MAP_FAILED) return failed("shared memory cannot be mapped", "mmap", errno);
  memory_ = {static_cast<std::byte*>(memory), size};
  return {};
}

Outcome<void> Channels::make_channel(std::size_t id) {
  auto memory = memory_.subspan(offset_of(id)).first<p9::kWindowSize>();
  Channel& channel = channels_.emplace_back(memory, watch_);
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    return failed("a socket for descriptors cannot be had", "socketpair", errno);
  channel.socket = UniqueFd(ends[0]);
  channel.client_socket = UniqueFd(ends[1]);
  // The smallest that the kernel has: a few descriptors at most lie there, for the kernel counts
  // what nobody collects against all workers of a user together.
  const int smallest = 0;
  if (::setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &smallest, sizeof smallest) != 0)
    return failed("a socket for descriptors cannot be made small", "setsockopt", errno);
  // What the client sends on it would lie there for ever.
  if (::shutdown(channel.socket.raw(), SHUT_RD) != 0)
    return failed("a socket for descriptors cannot be closed to the client", "shutdown", errno);
  channel.request = std::make_unique_for_overwrite<std::byte[]>(p9::kDatagramCapacity);
  auto added = threads_.add();
  if (!added)
    return failed("a thread cannot be had", "pthread_create", added.error().code(),
                  "the limit of processes (pids.max, ulimit -u) is low; or serve fewer channels");
  return {};
}

}  // namespace gofer
