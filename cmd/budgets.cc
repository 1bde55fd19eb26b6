#include "cmd/budgets.h"

#include "spec/gofer_options.h"

namespace cmd {
namespace {

constexpr uint64_t kReserved = 16;      // the fixed ones, and a few that live for one request
constexpr uint64_t kFewestNodeFds = 4;  // see gofer::Limits

// What open files, nodes and lock owners share.
uint64_t shared_by_all(uint64_t fd_limit, unsigned channels) {
  return fd_limit - kReserved - (channels == 0 ? 0 : 1 + 2 * uint64_t{channels});
}

uint64_t share_of_locks(uint64_t shared) {
  return shared / 8;
}

}  // namespace

gofer::Limits limits_of(const Budgets& budgets, unsigned channels) {
  const uint64_t shared = shared_by_all(budgets.fd_limit, channels);
  const uint64_t lock_owners = share_of_locks(shared);
  const uint64_t open_files = budgets.open_files.value_or((shared - lock_owners) / 2);
  gofer::Limits limits;
  limits.fids = budgets.fids;
  limits.nodes = budgets.nodes;
  limits.xattr_bytes = budgets.xattr_bytes;
  limits.lock_ranges = budgets.locks;
  limits.lock_owners = lock_owners;
  limits.open_files = open_files;
  limits.node_fds = shared - lock_owners - open_files;
  return limits;
}

uint64_t most_open_files(uint64_t fd_limit) {
  const uint64_t shared = shared_by_all(fd_limit, spec::kMaxChannels);
  return shared - share_of_locks(shared) - kFewestNodeFds;
}

}  // namespace cmd
