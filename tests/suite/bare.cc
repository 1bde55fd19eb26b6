// The suite against the server alone: no jail, no other process, sanitizers if the build has them.
#include <unistd.h>

#include "tests/suite/served.h"
#include "tests/support/bare_server.h"
#include "tests/support/descriptors.h"
#include "tests/support/gofer_process.h"
#include "tests/support/proc.h"

namespace suite {
namespace {

gofer::AttachPoint attach_point(const Export& how) {
  return {.root = base::Fd(-1),
          .own_fds = base::Fd(-1),
          .read_only = how.read_only,
          .on_write = how.panic_on_write ? gofer::OnWrite::kPanic : gofer::OnWrite::kRefuse,
          .make_fifo = how.make_fifo,
          .make_socket = how.make_socket,
          .uds = how.uds,
          .fifo = how.fifo,
          .xattrs = {.user = !how.no_xattrs,
                     .acl = how.acls,
                     .security = how.security,
                     .trusted = how.trusted},
          .donate = how.donate,
          .locks = how.locks};
}

std::string word(base::WorkerExit exit) {
  switch (exit) {
    case base::WorkerExit::kHangup:
      return "hangup";
    case base::WorkerExit::kProtocol:
      return "protocol";
    case base::WorkerExit::kPanicOnWrite:
      return "panic-on-write";
    case base::WorkerExit::kSetup:
      return "setup";
    case base::WorkerExit::kInternal:
      break;
  }
  return "internal";
}

}  // namespace

#ifndef __has_feature  // GCC 12 has no such question
#define __has_feature(feature) 0
#endif
// What ThreadSanitizer could find shows early, and takes it long.
const std::size_t kChannelMutations = __has_feature(thread_sanitizer) ? 10'000 : 100'000;

struct Served::Impl {
  std::vector<std::unique_ptr<support::BareServer>> servers;
};

Served::Served(const std::vector<ServedTree>& trees) : impl_(new Impl) {
  for (const auto& [source, how] : trees)
    impl_->servers.push_back(
        std::make_unique<support::BareServer>(source, attach_point(how), how.channels));
}
Served::Served(Served&&) noexcept = default;
Served::~Served() = default;

base::UniqueFd Served::take_client(std::size_t tree) {
  base::UniqueFd client = impl_->servers.at(tree)->take_client();
  support::set_receive_deadline(client);
  return client;
}

std::string Served::end(std::size_t tree) {
  return word(impl_->servers.at(tree)->join());
}
std::string Served::log() const {
  std::string all;
  for (const auto& server : impl_->servers) all += server->log();
  return all;
}
std::size_t Served::descriptors() const {
  return support::count_descriptors(::getpid());
}
std::vector<std::size_t> Served::resident() const {
  return {};
}
std::size_t Served::threads() const {
  return std::stoul(support::status_field(::getpid(), "Threads"));
}

}  // namespace suite
