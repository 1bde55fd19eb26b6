// What the tests of this folder stand on: a new directory of the file system under test.
//
// The tests say what POSIX and Linux promise of any file system, in plain system calls. They know
// nothing of 9P: run as they are they try the host's own file system, and with TMPDIR set to a
// directory of a mount they try that mount (tests/guest/posix_test.cc).
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "spec/base/fd.h"
#include "tests/support/temp_dir.h"

namespace posix {

// What a call came to, as a word: "ok", or the name of errno. A negative result is a failure.
std::string outcome(long result);
// open(2) with O_CLOEXEC, and what became of it.
struct Opened {
  Opened(const std::string& name, int flags, mode_t mode = 0);
  base::UniqueFd fd;
  std::string outcome;
};

// Makes one for a test. What goes wrong throws std::system_error.
void make_file(const std::string& name, std::string_view content = {}, mode_t mode = 0644);
void make_directory(const std::string& name, mode_t mode = 0755);
void give(const std::string& name, uid_t uid, gid_t gid);  // lchown(2)
void set_mode(const std::string& name, mode_t mode);
std::string content(const std::string& name);

struct stat look(const std::string& name);  // lstat(2)
struct stat look(base::Fd fd);
// lstat(2) as text: "file 644 1000:1001", or the errno.
std::string description(const std::string& name);

// Waits until a change is stamped with another time than `moment`: the clock that file systems
// read goes on in steps.
void outwait(const timespec& moment);

// The current directory is empty, anybody may write there, and no umask is in the way.
class Place : public testing::Test {
 protected:
  Place();
  ~Place() override;

 private:
  support::TempDir directory_;
  base::UniqueFd before_;
  mode_t umask_;
};

// Places for tests that act as several users, which only root can.
class Users : public Place {
 protected:
  void SetUp() override;
};

struct User {
  uid_t uid;
  gid_t gid;
  std::vector<gid_t> groups;  // besides gid
};
inline const User kRoot{.uid = 0, .gid = 0, .groups = {}};
inline const User kAnn{.uid = 1001, .gid = 2001, .groups = {2010}};
inline const User kBob{.uid = 1002, .gid = 2002, .groups = {2010}};
inline const User kEve{.uid = 1003, .gid = 2003, .groups = {}};

// This process acts as `user` until the end of the block, and then as root.
class As {
 public:
  explicit As(const User& user);
  As(const As&) = delete;
  As& operator=(const As&) = delete;
  ~As();
};
// One call as `user`.
std::string outcome_as(const User& user, const std::function<long()>& call);

}  // namespace posix
