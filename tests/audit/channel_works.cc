// The works of a worker that has channels: what threads and shared memory ask of the kernel.
#include <sys/stat.h>

#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "cmd/p9/client.h"
#include "gofer/channels.h"
#include "gofer/server.h"
#include "spec/base/worker_fd.h"
#include "tests/audit/works.h"
#include "tests/support/raw_channel.h"
#include "tests/support/tree.h"

namespace audit {
namespace {

using p9client::Client;
using support::RawChannel;

constexpr std::size_t kCount = 2;
constexpr int kRequests = 200;

// A worker with channels whose client is this process.
class ChannelWorker {
 public:
  explicit ChannelWorker(Filter filter, gofer::AttachPoint attach_point)
      : worker_(filter, [=, this] { return serve(attach_point); }, [this] { make(); }) {
    support::make_file(worker_.root() / "file", "text");
    auto client =
        Client::connect(std::move(worker_.client()), p9client::kDefaultMsize, p9::kNewestGoogle);
    if (client) client_.emplace(*std::move(client));
  }

  bool connected() const { return client_.has_value(); }
  Client& client() { return *client_; }

  std::optional<RawChannel> open_channel(uint32_t id) {
    auto memory = client_->call(p9::Tchannel{id, p9::kChannelMemory});
    base::UniqueFd file = client_->connection().take_descriptor();
    auto socket = client_->call(p9::Tchannel{id, p9::kChannelSocket});
    base::UniqueFd end = client_->connection().take_descriptor();
    if (!memory || !socket || !file.valid() || !end.valid()) return std::nullopt;
    RawChannel channel(file, memory->offset, std::move(end));
    if (!channel.shake_hands()) return std::nullopt;
    return channel;
  }

  Ended end() {
    client_.reset();
    return worker_.end();
  }

 private:
  void make() {
    channels_ = new gofer::Channels;  // in the child, which ends without freeing it
    auto made = channels_->make(
        kCount, gofer::Channels::Numbers{base::kWorkerWindows, base::kWorkerSideSockets,
                                         base::kWorkerClientSockets});
    if (!made) std::abort();
  }
  int serve(gofer::AttachPoint attach_point) {
    attach_point.channels = channels_;
    base::Log log(base::kWorkerLog, base::LogFormat::kText, base::LogLevel::kInfo, "worker");
    return static_cast<int>(gofer::serve(base::kWorkerTransport, attach_point, log));
  }

  gofer::Channels* channels_ = nullptr;
  WorkerChild worker_;
  std::optional<Client> client_;
};

bool walk_and_open(RawChannel& channel, p9::Fid fid) {
  p9::Twalk walk{.fid = Client::root(), .newfid = fid};
  walk.wnames.push(*p9::Name::parse("file"));
  return channel.call(walk) && channel.call(p9::Tlopen{fid, p9::kOpenRdonly}) &&
         channel.take_descriptor().valid();
}

bool ask_often(RawChannel& channel) {
  for (int i = 0; i < kRequests; ++i)
    if (!channel.call(p9::Tgetattr{Client::root(), p9::kGetattrBasic})) return false;
  return true;
}

}  // namespace

Ended serve_channels(Filter filter) {
  ChannelWorker worker(filter, {.root = base::kWorkerRoot, .own_fds = base::kWorkerOwnFds});
  std::string failed;
  if (worker.connected()) {
    auto first = worker.open_channel(0);
    auto second = worker.open_channel(1);
    if (!first || !second) {
      failed = "opening the channels failed; ";
    } else {
      std::thread other([&] {
        if (!ask_often(*second)) failed = "asking the second failed; ";
      });
      bool asked = ask_often(*first) && walk_and_open(*first, p9::Fid{7});
      first->pass(0);
      bool ended = first->wait() == p9::kShutDown;
      other.join();
      if (!asked || !ended) failed += "asking the first failed; ";
    }
  }
  Ended ended = worker.end();
  ended.log += failed;
  return ended;
}

Ended panic_on_a_channel(Filter filter) {
  ChannelWorker worker(filter, {.root = base::kWorkerRoot,
                                .own_fds = base::kWorkerOwnFds,
                                .read_only = true,
                                .on_write = gofer::OnWrite::kPanic});
  std::string failed;
  if (worker.connected()) {
    auto channel = worker.open_channel(0);
    if (!channel ||
        channel->call(p9::Tmkdir{Client::root(), *p9::Name::parse("made"), 0755, p9::kNoGid}))
      failed = "panicking failed; ";
  }
  Ended ended = worker.end();
  ended.log += failed;
  return ended;
}

}  // namespace audit
