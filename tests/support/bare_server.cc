#include "tests/support/bare_server.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cstdlib>

#include "tests/support/descriptors.h"

namespace support {
namespace {

constexpr int kDiskThreads = 2;

}  // namespace

BareServer::BareServer(const path& root, gofer::AttachPoint options, std::size_t channels)
    : root_(open_path(root)),
      own_fds_(::open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC)),
      log_(make_memory_file("log")),
      attach_point_(options) {
  // As in a worker: a client that left is an errno, and modes are the client's to choose.
  ::signal(SIGPIPE, SIG_IGN);
  ::umask(0);
  auto [server, client] = socket_pair();
  server_ = std::move(server);
  client_ = std::move(client);
  attach_point_.root = root_;
  attach_point_.own_fds = own_fds_;
  thread_ = std::thread([this, channels] {
    stand_in(own_fds_);
    if (channels > 0) {
      if (!channels_.make(channels)) std::abort();
      attach_point_.channels = &channels_;
    }
    if (!disk_threads_.add(kDiskThreads)) std::abort();
    attach_point_.disk_threads = &disk_threads_;
    base::Log log(log_, base::LogFormat::kText, base::LogLevel::kInfo, "worker");
    exit_ = gofer::serve(server_, attach_point_, log);
    // A worker's exit closes its socket; the descriptor itself is closed by whoever made it.
    ::shutdown(server_.raw(), SHUT_RDWR);
  });
}

BareServer::~BareServer() {
  client_.reset();
  join();
}

base::WorkerExit BareServer::join() {
  if (thread_.joinable()) thread_.join();
  return exit_;
}

std::string BareServer::log() const {
  return content_of(log_);
}

}  // namespace support
