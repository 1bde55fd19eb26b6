// LockWorld: a served file, requests about its locks in few words, and processes of the host that
// lock it as well.
#pragma once

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>

#include "tests/suite/world.h"
#include "tests/support/descriptors.h"
#include "tests/support/gofer_process.h"

namespace suite {

struct Owner {
  uint32_t proc_id = 1;
  std::string_view client_id = "guest";
};

// Ranges of the host are half open, and to the end of every file if `length` is 0.
inline struct flock host_range(short type, int64_t start, int64_t length) {
  struct flock range{};
  range.l_type = type;
  range.l_whence = SEEK_SET;
  range.l_start = start;
  range.l_len = length;
  return range;
}

// A process of the host that holds a lock of fcntl(2) until it goes out of scope.
class HostProcess {
 public:
  HostProcess(const path& file, short type, int64_t start, int64_t length) {
    auto [ours, theirs] = support::socket_pair();
    pid_ = ::fork();
    if (pid_ == 0) hold(file.c_str(), host_range(type, start, length), theirs.raw());
    link_ = std::move(ours);
    theirs.reset();
    char answer = 0;
    if (::read(link_.raw(), &answer, 1) != 1 || answer != 'y')
      throw std::runtime_error("the host cannot lock " + file.native());
  }
  HostProcess(const HostProcess&) = delete;
  HostProcess& operator=(const HostProcess&) = delete;
  ~HostProcess() {
    link_.reset();
    ::waitpid(pid_, nullptr, 0);
  }

 private:
  // In the child, which has nothing of its parent but the socket: no description stays open in it.
  [[noreturn]] static void hold(const char* file, struct flock range, int link) {
    ::dup2(link, 3);
    ::close_range(4, ~0U, 0);
    int fd = ::open(file, O_RDWR | O_CLOEXEC);
    char answer = ::fcntl(fd, F_SETLK, &range) == 0 ? 'y' : 'n';
    (void)!::write(3, &answer, 1);
    (void)!::read(3, &answer, 1);
    ::_exit(0);
  }

  base::UniqueFd link_;
  pid_t pid_ = -1;
};

// An open file description of this process that holds a lock until it goes out of scope.
class HostDescription {
 public:
  HostDescription(const path& file, short type, int64_t start, int64_t length)
      : fd_(::open(file.c_str(), O_RDWR | O_CLOEXEC)) {
    struct flock range = host_range(type, start, length);
    if (::fcntl(fd_.raw(), F_OFD_SETLK, &range) != 0)
      throw std::system_error(errno, std::generic_category(), file);
  }

 private:
  base::UniqueFd fd_;
};

class LockWorld : public World {
 protected:
  static constexpr uint64_t kMax = INT64_MAX;

  LockWorld() { support::make_file(file(), "0123456789"); }
  path file() const { return exported() / "file"; }

  // "success", "blocked" or an errno.
  static std::string lock(Client& client, p9::Fid fid, uint8_t type, uint64_t start,
                          uint64_t length, const Owner& owner = {}, uint32_t flags = 0) {
    auto reply =
        client.call(p9::Tlock{fid, type, flags, start, length, owner.proc_id, owner.client_id});
    if (!reply) return outcome(reply);
    if (reply->status == p9::kLockSuccess) return "success";
    return reply->status == p9::kLockBlocked ? "blocked" : std::to_string(reply->status);
  }
  std::string lock(p9::Fid fid, uint8_t type, uint64_t start, uint64_t length,
                   const Owner& owner = {}) {
    return lock(client(), fid, type, start, length, owner);
  }
  std::string read_lock(p9::Fid fid, uint64_t start, uint64_t length, const Owner& owner = {}) {
    return lock(fid, p9::kLockRead, start, length, owner);
  }
  std::string write_lock(p9::Fid fid, uint64_t start, uint64_t length, const Owner& owner = {}) {
    return lock(fid, p9::kLockWrite, start, length, owner);
  }
  std::string unlock(p9::Fid fid, uint64_t start, uint64_t length, const Owner& owner = {}) {
    return lock(fid, p9::kLockUnlock, start, length, owner);
  }

  // What keeps the lock asked for from being set: "TYPE START+LENGTH PROC_ID CLIENT_ID", or "none".
  std::string get_lock(p9::Fid fid, uint8_t type, uint64_t start, uint64_t length,
                       const Owner& owner = {}) {
    auto reply =
        client().call(p9::Tgetlock{fid, type, start, length, owner.proc_id, owner.client_id});
    if (!reply) return outcome(reply);
    if (reply->type == p9::kLockUnlock) return "none";
    return (reply->type == p9::kLockRead ? "read " : "write ") + std::to_string(reply->start) +
           "+" + std::to_string(reply->length) + " " + std::to_string(reply->proc_id) + " " +
           std::string(reply->client_id);
  }

  // Whether a process of the host could lock the range now.
  static bool host_can(short type, const path& file, uint64_t start, uint64_t length) {
    base::UniqueFd fd(::open(file.c_str(), O_RDWR | O_CLOEXEC));
    struct flock range =
        host_range(type, static_cast<int64_t>(start), static_cast<int64_t>(length));
    if (::fcntl(fd.raw(), F_OFD_GETLK, &range) != 0)
      throw std::system_error(errno, std::generic_category(), file);
    return range.l_type == F_UNLCK;
  }
  bool host_can_write(uint64_t start = 0, uint64_t length = 0) const {
    return host_can(F_WRLCK, file(), start, length);
  }
  bool host_can_read(uint64_t start = 0, uint64_t length = 0) const {
    return host_can(F_RDLCK, file(), start, length);
  }
  // Waits until a process of the host could: for what happens without an answer.
  bool host_can_write_soon() const {
    auto end = std::chrono::steady_clock::now() + support::kDeadline;
    while (!host_can_write()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
  }
};

}  // namespace suite
