// What a gofer on the host serves, mounted in the guest.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/guest/machine.h"
#include "tests/guest/relay.h"
#include "tests/support/bundle.h"
#include "tests/support/gofer_process.h"
#include "tests/support/temp_dir.h"

namespace guest {

using support::path;

// A directory of the host that is served, and the options of its bind mount.
struct Export {
  path source;
  std::vector<std::string> options{"rbind", "rw"};
};

// The real gofer in its jail, with one worker, and so one connection, per Export.
class Server {
 public:
  explicit Server(const std::vector<Export>& exports);

  base::UniqueFd take_client(std::size_t which);
  pid_t worker(std::size_t which) const;
  // Waits for the worker's end, which comes when its client is gone, and returns the cause that the
  // supervisor reports: "hangup", "protocol" or what else gofer(8) lists.
  std::string end(std::size_t which);
  support::Gofer& gofer() { return *gofer_; }
  std::string log() { return gofer_->process().err(); }

 private:
  support::Bundle bundle_;
  std::optional<support::Gofer> gofer_;
};

// How the guest's kernel mounts. `more` is added to the options as it is: "posixacl",
// "locktimeout=1" (seconds) ...
struct MountOptions {
  std::string cache = "none";  // none, readahead, mmap, loose
  unsigned msize = 262144;
  std::string access = "client";
  std::string more;
  unsigned long flags = 0;  // MS_RDONLY ...
};
std::string to_text(const MountOptions& options);

// A connection and its mount, until this is destroyed. It must be possible to unmount it then: a
// process or a mount that is left in it is a failure of the test.
class Mount {
 public:
  // Mounts at a new directory of the guest, or at `directory`. Throws with the errno if that fails.
  Mount(Machine& machine, base::UniqueFd client, const MountOptions& options = {},
        std::string directory = {});
  Mount(const Mount&) = delete;
  Mount& operator=(const Mount&) = delete;
  ~Mount();

  const std::string& where() const { return where_; }
  // umount2(2), now. Returns an errno, or 0; then the connection is closed, too.
  int unmount(int flags = 0);
  // Breaks the connection under the mount.
  void disconnect() { relay_->stop(); }

 private:
  Machine& machine_;
  std::string where_;
  std::optional<Relay> relay_;
  bool mounted_ = false;
};

// The usual case: an empty directory of the host, one gofer with one worker, one mount of it.
class MountedTree {
 public:
  explicit MountedTree(const MountOptions& options = {},
                       std::vector<std::string> export_options = {"rbind", "rw"});

  // The same tree as the host and as the guest sees it.
  const path& host() const { return tree_.path(); }
  path host(const path& below) const { return tree_ / below; }
  const std::string& guest() const { return mount_.where(); }

  // Runs a command in the guest, in the mounted directory.
  Ran run(std::string line, User user = {});
  Ran run(Command command);
  Job start(std::string line, User user = {});

  Server& server() { return server_; }
  pid_t worker() const { return server_.worker(0); }
  Mount& mount() { return mount_; }

 private:
  support::TempDir tree_;
  Server server_;
  Mount mount_;
};

}  // namespace guest
