// HostMounts: the fixture of hostile cases in which the host mounts something.
#pragma once

#include <sched.h>
#include <sys/mount.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <vector>

#include "tests/suite/world.h"

namespace suite {

// The test is the host: it has a mount namespace of its own, whose mounts are shared like those of
// most hosts.
class HostMounts : public World {
 protected:
  HostMounts() {
    check(::unshare(CLONE_NEWNS) == 0, "unshare");
    constexpr unsigned long kAll = MS_REC;
    for (unsigned long propagation : {kAll | MS_PRIVATE, kAll | MS_SHARED})
      check(::mount(nullptr, "/", nullptr, propagation, nullptr) == 0, "mount");
  }
  ~HostMounts() override {
    for (; !mounted_.empty(); mounted_.pop_back())
      ::umount2(mounted_.back().c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
  }
  HostMounts(const HostMounts&) = delete;
  HostMounts& operator=(const HostMounts&) = delete;

  // Below exported(); the mount point is made.
  void mount_filesystem(const char* type, std::string_view where, const char* data = nullptr) {
    mount_at(where, type, type, MS_NOSUID, data);
  }
  void mount_directory(const path& source, std::string_view where) {
    mount_at(where, source.c_str(), nullptr, MS_BIND, nullptr);
  }

 private:
  static void check(bool good, const char* what) {
    if (!good) throw std::system_error(errno, std::generic_category(), what);
  }
  void mount_at(std::string_view where, const char* source, const char* type, unsigned long flags,
                const char* data) {
    path point = exported() / where;
    support::make_directory(point);
    check(::mount(source, point.c_str(), type, flags, data) == 0, point.c_str());
    mounted_.push_back(point);
  }

  std::vector<path> mounted_;
};

}  // namespace suite
