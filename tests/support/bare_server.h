// BareServer: gofer::serve() in a thread of the test, on one end of a socketpair. No jail: what is
// tested is the server itself, under sanitizers if the build has them.
#pragma once

#include <string>
#include <thread>

#include "gofer/channels.h"
#include "gofer/server.h"
#include "spec/base/fd.h"
#include "spec/base/parked_threads.h"
#include "tests/support/tree.h"

namespace support {

class BareServer {
 public:
  // Serves `root`; the descriptors in `options` are filled in here, and `channels` of them and two
  // threads that wait for disks. Sets the umask of the process to 0, as a worker has it.
  explicit BareServer(const path& root, gofer::AttachPoint options = {base::Fd(-1), base::Fd(-1)},
                      std::size_t channels = 0);
  BareServer(const BareServer&) = delete;
  BareServer& operator=(const BareServer&) = delete;
  // The client's socket must have been closed by then, or this waits for ever.
  ~BareServer();

  base::UniqueFd take_client() { return std::move(client_); }

  // Waits for serve() to return.
  base::WorkerExit join();
  // What was logged so far.
  std::string log() const;

 private:
  base::UniqueFd root_;
  base::UniqueFd own_fds_;
  base::UniqueFd log_;
  base::UniqueFd server_;
  base::UniqueFd client_;
  gofer::AttachPoint attach_point_;
  gofer::Channels channels_;
  base::ParkedThreads disk_threads_;
  base::WorkerExit exit_ = base::WorkerExit::kInternal;
  std::thread thread_;
};

}  // namespace support
