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
  Impl(const support::path& source, const Export& how)
      : server(source, attach_point(how), how.channels) {}
  support::BareServer server;
};

Served::Served(const support::path& source, const Export& how) : impl_(new Impl(source, how)) {}
Served::Served(Served&&) noexcept = default;
Served::~Served() = default;

base::UniqueFd Served::take_client() {
  base::UniqueFd client = impl_->server.take_client();
  support::set_receive_deadline(client);
  return client;
}

std::string Served::end() {
  return word(impl_->server.join());
}
std::string Served::log() const {
  return impl_->server.log();
}
std::size_t Served::descriptors() const {
  return support::count_descriptors(::getpid());
}
std::size_t Served::threads() const {
  return std::stoul(support::status_field(::getpid(), "Threads"));
}

}  // namespace suite
