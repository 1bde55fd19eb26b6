// Workers that have channels, in their jail: what they are given for it, and how they end.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cmd/p9/client.h"
#include "tests/support/bundle.h"
#include "tests/support/gofer_process.h"
#include "tests/support/outcome.h"
#include "tests/support/proc.h"
#include "tests/support/raw_channel.h"

namespace suite {
namespace {

using p9client::Client;
using support::End;
using support::outcome;
using support::RawChannel;

// Attach points.
constexpr std::size_t kOwnThreads = 3;  // one reads, two wait for disks
constexpr std::size_t kRoot = 0;        // read-write, without channels
constexpr std::size_t kWritable = 1;
constexpr std::size_t kReadOnly = 2;
constexpr std::size_t kPanics = 3;
constexpr std::size_t kCount = 4;

constexpr int kChannels = 3;
constexpr int kWindows = 7;  // descriptors
constexpr int kSideSockets = 8;
constexpr int kClientSockets = 12;

p9::Tmkdir mkdir_request() {
  return {Client::root(), *p9::Name::parse("made"), 0755, p9::kNoGid};
}
p9::Tgetattr getattr_request() {
  return {Client::root(), p9::kGetattrBasic};
}

class ChannelJail : public testing::Test {
 protected:
  ChannelJail() {
    for (const char* name : {"writable", "readonly", "panics"})
      support::make_file(bundle_.beside(name) / "file", "0123456789");
    std::string three = "x-gofer.channels=" + std::to_string(kChannels);
    bundle_.mount("/writable", bundle_.beside("writable"), {"rbind", three})
        .mount("/readonly", bundle_.beside("readonly"), {"rbind", "ro", three})
        .mount("/panics", bundle_.beside("panics"),
               {"rbind", "ro", "x-gofer.panic-on-write", "x-gofer.channels=1"});
  }

  void start(const char* binary = GOFER_BINARY, std::vector<std::string> arguments = {}) {
    bundle_.write();
    gofer_.emplace(bundle_.config(), bundle_.attach_points(),
                   support::Gofer::Options{
                       .binary = binary, .arguments = std::move(arguments), .user = user_});
    ASSERT_TRUE(gofer_->ready()) << gofer_->failure();
  }
  void become_ordinary() {
    user_ = 65534;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(bundle_.directory()))
      ASSERT_EQ(::lchown(entry.path().c_str(), *user_, *user_), 0);
    ASSERT_EQ(::chown(bundle_.directory().c_str(), *user_, *user_), 0);
  }
  support::Gofer& gofer() { return *gofer_; }
  pid_t worker(std::size_t i) const { return gofer_->worker(i); }
  support::path source(const char* name) const { return bundle_.beside(name); }

  Client connect(std::size_t i) {
    auto client =
        Client::connect(gofer_->take_client(i), p9client::kDefaultMsize, p9::kNewestGoogle);
    EXPECT_EQ(outcome(client), "ok");
    return client ? *std::move(client) : Client(base::UniqueFd());
  }
  static RawChannel open_channel(Client& client, uint32_t id) {
    auto memory = client.call(p9::Tchannel{id, p9::kChannelMemory});
    base::UniqueFd file = client.connection().take_descriptor();
    EXPECT_EQ(outcome(client.call(p9::Tchannel{id, p9::kChannelSocket})), "ok");
    RawChannel channel(file, memory->offset, client.connection().take_descriptor());
    EXPECT_TRUE(channel.shake_hands());
    return channel;
  }
  // Lets every client go; then what gofer said of this worker's end, how often.
  std::size_t times_reported(std::size_t i) {
    for (std::size_t other = 0; other < kCount; ++other) gofer().take_client(other).reset();
    pid_t pid = worker(i);
    for (std::size_t each = 0; each < kCount; ++each) (void)gofer().worker_end(worker(each));
    EXPECT_FALSE(gofer().status().next("worker-end").has_value());
    return static_cast<std::size_t>(
        std::ranges::count_if(gofer().status().seen(), [pid](const std::string& line) {
          return line.find("\"event\":\"worker-end\"") != std::string::npos &&
                 line.find("\"pid\":" + std::to_string(pid)) != std::string::npos;
        }));
  }

  support::Bundle bundle_;
  std::optional<uid_t> user_;
  std::optional<support::Gofer> gofer_;
};

std::vector<pid_t> threads_of(pid_t pid) {
  std::vector<pid_t> threads;
  for (const auto& entry :
       std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task"))
    threads.push_back(std::stoi(entry.path().filename()));
  return threads;
}

TEST_F(ChannelJail, L3_OnlyWorkersThatAreToHaveChannelsHaveWhatTheyTake) {
  start();
  EXPECT_EQ(threads_of(worker(kRoot)).size(), kOwnThreads);
  EXPECT_EQ(threads_of(worker(kWritable)).size(), kOwnThreads + kChannels);
  EXPECT_EQ(threads_of(worker(kPanics)).size(), kOwnThreads + 1);
  auto numbers = [](pid_t pid) {
    std::vector<int> all;
    for (const auto& [number, what] : support::descriptors_of(pid)) all.push_back(number);
    return all;
  };
  EXPECT_EQ(numbers(worker(kRoot)), (std::vector{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(
      numbers(worker(kWritable)),
      (std::vector{0, 1, 2, 3, 4, 5, kWindows, kSideSockets, kSideSockets + 1, kSideSockets + 2,
                   kClientSockets, kClientSockets + 1, kClientSockets + 2}));
  EXPECT_EQ(numbers(worker(kPanics)),
            (std::vector{0, 1, 2, 3, 4, 5, kWindows, kSideSockets, kClientSockets}));
}

TEST_F(ChannelJail, L3_EveryThreadIsHeldLikeTheFirst) {
  start();
  for (std::size_t i : {kWritable, kReadOnly}) {
    for (pid_t thread : threads_of(worker(i))) {
      EXPECT_EQ(support::status_field(thread, "Seccomp"), "2");
      EXPECT_EQ(support::status_field(thread, "NoNewPrivs"), "1");
      EXPECT_EQ(support::status_field(thread, "TracerPid"),
                std::to_string(gofer().process().pid()));
      for (const char* field : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "Uid", "Gid",
                                "Groups", "Seccomp_filters"})
        EXPECT_EQ(support::status_field(thread, field), support::status_field(worker(i), field))
            << field;
    }
  }
}

TEST_F(ChannelJail, ServesWhatTheSocketServes) {
  start();
  Client client = connect(kWritable);
  RawChannel last = open_channel(client, kChannels - 1);
  EXPECT_EQ(outcome(last.call(mkdir_request())), "ok");
  EXPECT_TRUE(std::filesystem::is_directory(source("writable") / "made"));
  Client reader = connect(kReadOnly);
  RawChannel first = open_channel(reader, 0);
  EXPECT_EQ(outcome(first.call(mkdir_request())), "EROFS");
  auto file = reader.walk("file");
  EXPECT_EQ(outcome(first.call(p9::Tlopen{*file, p9::kOpenRdonly})), "ok");
  EXPECT_TRUE(first.announces_descriptor());
  base::UniqueFd donated = first.take_descriptor();
  ASSERT_TRUE(donated.valid());
  char text[10];
  EXPECT_EQ(::pread(donated.raw(), text, sizeof text, 0), 10);
}

TEST_F(ChannelJail, AnOrdinaryUserHasThemToo) {
  become_ordinary();
  start();
  Client client = connect(kWritable);
  RawChannel channel = open_channel(client, 1);
  EXPECT_EQ(outcome(channel.call(mkdir_request())), "ok");
}

TEST_F(ChannelJail, TheCommandLineGivesThemToAttachPointsThatSayNothing) {
  start(GOFER_BINARY, {"--channels", "2"});
  EXPECT_EQ(threads_of(worker(kRoot)).size(), kOwnThreads + 2);
  EXPECT_EQ(threads_of(worker(kPanics)).size(), kOwnThreads + 1);
}

TEST_F(ChannelJail, L6_AWorkerThatWasStoppedGoesOn) {
  start();
  Client client = connect(kWritable);
  RawChannel channel = open_channel(client, 0);
  ::kill(worker(kWritable), SIGSTOP);
  Client other = connect(kReadOnly);
  EXPECT_EQ(outcome(other.stat("file")), "ok");
  ::kill(worker(kWritable), SIGCONT);
  EXPECT_EQ(outcome(channel.call(getattr_request())), "ok");
  EXPECT_EQ(outcome(client.stat("file")), "ok");
}

TEST_F(ChannelJail, AHangUpIsReportedOnce) {
  start();
  {
    Client client = connect(kWritable);
  }
  EXPECT_EQ(support::text_of(gofer().worker_end(worker(kWritable)), "cause"), "hangup");
  EXPECT_EQ(times_reported(kWritable), 1U);
  EXPECT_EQ(gofer().process().wait(), (End{.status = 0}));
}

TEST_F(ChannelJail, AKilledWorkerIsReportedOnce) {
  start();
  Client client = connect(kWritable);
  RawChannel channel = open_channel(client, 0);
  ::kill(worker(kWritable), SIGKILL);
  spec::Json end = gofer().worker_end(worker(kWritable));
  EXPECT_EQ(support::text_of(end, "cause"), "killed");
  EXPECT_EQ(support::number_of(end, "signal"), SIGKILL);
  EXPECT_EQ(outcome(channel.call(getattr_request())), "ECONNRESET");
  EXPECT_EQ(times_reported(kWritable), 1U);
  EXPECT_EQ(gofer().process().wait(), (End{.status = 5}));
}

TEST_F(ChannelJail, AThreadThatIsKilledTakesItsWorkerAlong) {
  start();
  Client client = connect(kWritable);
  ::kill(threads_of(worker(kWritable)).back(), SIGKILL);
  EXPECT_EQ(support::text_of(gofer().worker_end(worker(kWritable)), "cause"), "killed");
  EXPECT_EQ(times_reported(kWritable), 1U);
}

TEST_F(ChannelJail, R11_NoWorkerOutlivesTheLauncher) {
  start();
  std::vector<pid_t> threads = threads_of(worker(kWritable));
  gofer().process().send_signal(SIGKILL);
  for (pid_t thread : threads) support::wait_until_gone(thread);
}

TEST_F(ChannelJail, RO4_APanicOnAChannelEndsItsWorkerAlone) {
  start();
  Client client = connect(kPanics);
  RawChannel channel = open_channel(client, 0);
  EXPECT_EQ(outcome(channel.call(mkdir_request())), "ECONNRESET");
  EXPECT_EQ(support::text_of(gofer().worker_end(worker(kPanics)), "cause"), "panic-on-write");
  EXPECT_EQ(outcome(connect(kReadOnly).stat("file")), "ok");
  EXPECT_FALSE(std::filesystem::exists(source("panics") / "made"));
  EXPECT_EQ(times_reported(kPanics), 1U);
  EXPECT_EQ(gofer().process().wait(), (End{.status = 4}));
}

// The server that has no read-only check of its own.
TEST_F(ChannelJail, L4_AViolationOnAChannelIsNamed) {
  start(GOFER_MUTANT);
  Client client = connect(kReadOnly);
  RawChannel others[] = {open_channel(client, 0), open_channel(client, 1)};
  RawChannel channel = open_channel(client, 2);
  EXPECT_EQ(outcome(channel.call(mkdir_request())), "ECONNRESET");
  spec::Json end = gofer().worker_end(worker(kReadOnly));
  EXPECT_EQ(support::text_of(end, "cause"), "policy-violation");
  EXPECT_EQ(support::text_of(end, "syscall"), "mkdirat");
  EXPECT_FALSE(std::filesystem::exists(source("readonly") / "made"));
  EXPECT_EQ(times_reported(kReadOnly), 1U);
  EXPECT_EQ(gofer().process().wait(), (End{.status = 3}));
}

}  // namespace
}  // namespace suite
