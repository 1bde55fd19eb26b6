#include "tests/guest/mounted_tree.h"

#include <gtest/gtest.h>
#include <sys/mount.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <system_error>

namespace guest {
namespace {

std::string new_directory() {
  static std::atomic<int> last = 0;
  return "/mnt/" + std::to_string(++last);
}

// The budget of descriptors is that of the run, not of a test: see CMakeLists.txt.
std::vector<std::string> arguments() {
  const char* open_files = std::getenv("MAX_OPEN_FILES");
  if (open_files == nullptr) return {};
  return {"--max-open-files", open_files};
}

// Attach point 0 is the bundle's own root.
constexpr std::size_t kFirst = 1;

}  // namespace

Server::Server(const std::vector<Export>& exports) {
  for (std::size_t i = 0; i < exports.size(); ++i)
    bundle_.mount("/served" + std::to_string(i), exports[i].source, exports[i].options);
  bundle_.write();
  gofer_.emplace(bundle_.config(), bundle_.attach_points(),
                 support::Gofer::Options{.binary = GOFER_BINARY, .arguments = arguments()});
  if (!gofer_->ready()) throw std::runtime_error(gofer_->failure());
}

base::UniqueFd Server::take_client(std::size_t which) {
  return gofer_->take_client(kFirst + which);
}

pid_t Server::worker(std::size_t which) const {
  return gofer_->worker(kFirst + which);
}

std::string Server::end(std::size_t which) {
  return support::text_of(gofer_->worker_end(worker(which)), "cause");
}

std::string to_text(const MountOptions& options) {
  return "version=9p2000.L,msize=" + std::to_string(options.msize) + ",cache=" + options.cache +
         ",access=" + options.access + (options.more.empty() ? "" : "," + options.more);
}

Mount::Mount(Machine& machine, base::UniqueFd client, const MountOptions& options,
             std::string directory)
    : machine_(machine), where_(directory.empty() ? new_directory() : std::move(directory)) {
  int error = machine_.mount(where_, options.flags, to_text(options), [&](base::UniqueFd data) {
    relay_.emplace(std::move(data), std::move(client), machine_.alive(), machine_.cpu());
  });
  if (error != 0)
    throw std::system_error(error, std::generic_category(), "mount -o " + to_text(options));
  mounted_ = true;
}

Mount::~Mount() {
  if (!mounted_ || !machine_.running()) return;
  int error = unmount();
  if (error == 0) return;
  ADD_FAILURE() << where_ << " is still in use: " << std::strerror(error);
  (void)unmount(MNT_DETACH);
}

int Mount::unmount(int flags) {
  int error = machine_.unmount(where_, flags);
  if (error != 0) return error;
  mounted_ = false;
  if (flags == 0) relay_->stop();
  return 0;
}

MountedTree::MountedTree(const MountOptions& options, std::vector<std::string> export_options)
    : server_({{.source = tree_.path(), .options = std::move(export_options)}}),
      mount_(machine(), server_.take_client(0), options) {}

Ran MountedTree::run(std::string line, User user) {
  return run(Command{.line = std::move(line), .user = std::move(user)});
}

Ran MountedTree::run(Command command) {
  command.directory = guest();
  return machine().run(command);
}

Job MountedTree::start(std::string line, User user) {
  return machine().start({.line = std::move(line), .user = std::move(user), .directory = guest()});
}

}  // namespace guest
