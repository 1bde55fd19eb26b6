#include "tests/posix/place.h"

#include <fcntl.h>
#include <grp.h>
#include <unistd.h>

#include <cerrno>
#include <sstream>
#include <system_error>

#include "spec/base/problem.h"
#include "tests/support/tree.h"

namespace posix {
namespace {

void check(bool good, const std::string& what) {
  if (!good) throw std::system_error(errno, std::generic_category(), what);
}

const char* type_of(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFREG:
      return "file";
    case S_IFDIR:
      return "directory";
    case S_IFLNK:
      return "link";
    case S_IFIFO:
      return "fifo";
    default:
      return "other";
  }
}

void become(const User& user) {
  check(::setgroups(user.groups.size(), user.groups.data()) == 0, "setgroups");
  check(::setegid(user.gid) == 0, "setegid");
  check(::seteuid(user.uid) == 0, "seteuid");
}

}  // namespace

std::string outcome(long result) {
  return result < 0 ? base::errno_name(errno) : "ok";
}

Opened::Opened(const std::string& name, int flags, mode_t mode)
    : fd(::open(name.c_str(), flags | O_CLOEXEC, mode)), outcome(posix::outcome(fd.raw())) {}

void make_file(const std::string& name, std::string_view content, mode_t mode) {
  support::make_file(std::filesystem::path(".") / name, content, mode);
}

void make_directory(const std::string& name, mode_t mode) {
  support::make_directory(std::filesystem::path(".") / name, mode);
}

void give(const std::string& name, uid_t uid, gid_t gid) {
  check(::lchown(name.c_str(), uid, gid) == 0, "lchown " + name);
}

void set_mode(const std::string& name, mode_t mode) {
  check(::chmod(name.c_str(), mode) == 0, "chmod " + name);
}

std::string content(const std::string& name) {
  return support::read_file(name);
}

struct stat look(const std::string& name) {
  struct stat info{};
  check(::lstat(name.c_str(), &info) == 0, "lstat " + name);
  return info;
}

struct stat look(base::Fd fd) {
  struct stat info{};
  check(::fstat(fd.raw(), &info) == 0, "fstat");
  return info;
}

std::string description(const std::string& name) {
  struct stat info{};
  if (::lstat(name.c_str(), &info) != 0) return outcome(-1);
  std::ostringstream out;
  out << type_of(info.st_mode) << ' ' << std::oct << (info.st_mode & 07777U) << std::dec << ' '
      << info.st_uid << ':' << info.st_gid;
  return out.str();
}

void outwait(const timespec& moment) {
  const char* kProbe = "outwait";
  for (;;) {
    make_file(kProbe);
    timespec now = look(kProbe).st_ctim;
    check(::unlink(kProbe) == 0, kProbe);
    if (now.tv_sec != moment.tv_sec || now.tv_nsec != moment.tv_nsec) return;
  }
}

Place::Place() : before_(::open(".", O_PATH | O_CLOEXEC)), umask_(::umask(0)) {
  check(::chdir(directory_.path().c_str()) == 0, "chdir");
  set_mode(".", 0777);
}

Place::~Place() {
  ::umask(umask_);
  (void)!::fchdir(before_.raw());
}

void Users::SetUp() {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become somebody else";
}

As::As(const User& user) {
  become(user);
}

As::~As() {
  (void)!::seteuid(0);
  become(kRoot);
}

std::string outcome_as(const User& user, const std::function<long()>& call) {
  As acting(user);
  return outcome(call());
}

}  // namespace posix
