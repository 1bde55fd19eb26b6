#include "cmd/worker.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "gofer/channels.h"
#include "gofer/server.h"
#include "spec/base/parked_threads.h"
#include "spec/base/worker_fd.h"

namespace cmd {
namespace {

gofer::XattrNames served_names(const spec::XattrNames& names) {
  return {
      .user = names.user, .acl = names.acl, .security = names.security, .trusted = names.trusted};
}

gofer::AttachPoint attach_point(const Served& served, const Budgets& budgets, bool may_chown) {
  return {.root = base::kWorkerRoot,
          .own_fds = base::kWorkerOwnFds,
          .destination = served.location.destination,
          .read_only = served.read_only(),
          .on_write = served.panics() ? gofer::OnWrite::kPanic : gofer::OnWrite::kRefuse,
          .make_fifo = served.point.options.special.fifo,
          .make_socket = served.point.options.special.socket,
          .uds = served.point.options.uds,
          .fifo = served.point.options.fifo,
          .xattrs = served_names(served.point.options.xattrs),
          .donate = served.point.options.donate,
          .locks = served.point.options.locks,
          .id_mapped = !served.point.ids.empty(),
          .may_chown = may_chown,
          .limits = limits_of(budgets, served.point.options.channels)};
}

constexpr gofer::Channels::Numbers kChannelNumbers{.windows = base::kWorkerWindows,
                                                   .sockets = base::kWorkerSideSockets,
                                                   .client_sockets = base::kWorkerClientSockets};
static_assert(base::kWorkerSideSockets.raw() + int{spec::kMaxChannels} ==
              base::kWorkerClientSockets.raw());

base::Outcome<void> make_disk_threads(base::ParkedThreads& threads, std::size_t count) {
  auto added = threads.add(count);
  if (added) return {};
  return base::failure(
      base::Problem{.step = "threads",
                    .where = {},
                    .what = "a thread that waits for disks cannot be had",
                    .expected = "the limit of processes (pids.max, ulimit -u) is low; or give "
                                "--disk-threads 0",
                    .syscall = "pthread_create",
                    .error = added.error().code()});
}

[[noreturn]] void end(base::WorkerExit exit) {
  ::_exit(static_cast<int>(exit));
}

bool holds_host_root(const spec::IdRange& range) {
  return range.host == 0;
}

// The kernel makes nothing for an id that the tree cannot hold, whatever owner is given later.
uint32_t id_of_new_files(const std::vector<spec::IdRange>& ranges) {
  for (const spec::IdRange& range : ranges)
    if (range.container == 0) return range.host;
  return std::ranges::any_of(ranges, holds_host_root) ? 0 : ranges.front().host;
}

}  // namespace

std::optional<sandbox::FileIds> owner_of_new_files(const spec::IdMap& ids) {
  if (ids.empty()) return std::nullopt;
  return sandbox::FileIds{.uid = id_of_new_files(ids.uids), .gid = id_of_new_files(ids.gids)};
}

// Nothing here goes out of scope: no destructor may run under the filter.
void run_worker(sandbox::WorkerJail jail, const Served& served, const Budgets& budgets,
                const base::Log& log) {
  gofer::Channels channels;
  base::ParkedThreads disk_threads;
  jail.make_threads = [&, count = served.point.options.channels]() -> base::Outcome<void> {
    if (count > 0) TRY(channels.make(count, kChannelNumbers));
    return make_disk_threads(disk_threads, budgets.disk_threads);
  };
  auto report = sandbox::lock_down(jail);
  if (!report) end(base::WorkerExit::kSetup);
  gofer::AttachPoint point = attach_point(served, budgets, !report->user_namespace);
  if (channels.count() > 0) point.channels = &channels;
  if (disk_threads.size() > 0) point.disk_threads = &disk_threads;
  end(gofer::serve(base::kWorkerTransport, point, log.as("worker")));
}

}  // namespace cmd
