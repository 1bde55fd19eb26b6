// Channels next to the socket: what they serve, and what a client can do to them and to itself.
#include "gofer/channels.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "cmd/p9/client.h"
#include "spec/base/futex.h"
#include "tests/support/bare_server.h"
#include "tests/support/descriptors.h"
#include "tests/support/outcome.h"
#include "tests/support/raw_channel.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tree.h"

namespace gofer {
namespace {

using base::WorkerExit;
using p9client::Client;
using support::outcome;
using support::RawChannel;

constexpr std::size_t kChannels = 4;

class ChannelsTest : public ::testing::Test {
 protected:
  ChannelsTest() {
    support::make_file(dir_ / "file", "0123456789");
    support::make_file(dir_ / "directory" / "inside", "text");
  }

  void serve(std::size_t channels = kChannels, AttachPoint options = none(),
             uint32_t google = p9::kNewestGoogle) {
    server_.emplace(dir_.path(), options, channels);
    auto client = Client::connect(server_->take_client(), p9client::kDefaultMsize, google);
    ASSERT_EQ(outcome(client), "ok");
    client_ = std::make_unique<Client>(*std::move(client));
  }
  static AttachPoint none() { return {.root = base::Fd(-1), .own_fds = base::Fd(-1)}; }

  Client& client() { return *client_; }
  support::BareServer& server() { return *server_; }
  const support::path& top() const { return dir_.path(); }

  // What Tchannel gives for this control; the reply is the last one.
  base::UniqueFd ask(uint32_t id, uint32_t control) {
    auto reply = client().call(p9::Tchannel{id, control});
    EXPECT_EQ(outcome(reply), "ok");
    if (reply) said_ = *reply;
    return client().connection().take_descriptor();
  }
  RawChannel channel(uint32_t id) {
    base::UniqueFd file = ask(id, p9::kChannelMemory);
    return {file, said_.offset, ask(id, p9::kChannelSocket)};
  }
  RawChannel open_channel(uint32_t id) {
    RawChannel opened = channel(id);
    EXPECT_TRUE(opened.shake_hands());
    return opened;
  }

  // The fid of a file, walked to over the socket.
  p9::Fid walk(std::string_view path) {
    auto fid = client().walk(path);
    EXPECT_EQ(outcome(fid), "ok");
    return fid->release();
  }
  p9::Fid open(std::string_view path, uint32_t flags) {
    p9::Fid fid = walk(path);
    EXPECT_EQ(outcome(client().open(fid, flags)), "ok");
    return fid;
  }
  // The socket and this channel answer.
  void expect_alive(RawChannel& other) {
    EXPECT_EQ(outcome(client().stat("file")), "ok");
    EXPECT_EQ(outcome(other.call(p9::Tgetattr{Client::root(), p9::kGetattrBasic})), "ok");
  }
  WorkerExit hang_up() {
    client_.reset();
    return server_->join();
  }

  p9::Rchannel said_;

 private:
  support::TempDir dir_;
  std::optional<support::BareServer> server_;
  std::unique_ptr<Client> client_;
};

std::string text_of(p9::Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

p9::Bytes bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

TEST_F(ChannelsTest, AreGivenOutByTheirParts) {
  serve();
  for (uint32_t id = 0; id < kChannels; ++id) {
    EXPECT_TRUE(ask(id, p9::kChannelMemory).valid());
    EXPECT_EQ(said_.offset, id * p9::kWindowSize);
    EXPECT_EQ(said_.length, p9::kWindowSize);
    EXPECT_TRUE(ask(id, p9::kChannelSocket).valid());
  }
}

TEST_F(ChannelsTest, AreGivenOutAgain) {
  serve();
  RawChannel first = channel(0);
  RawChannel second = channel(0);
  EXPECT_TRUE(second.shake_hands());
  EXPECT_EQ(outcome(first.call(p9::Tgetattr{Client::root(), p9::kGetattrBasic})), "ok");
}

TEST_F(ChannelsTest, AreRefusedBeyondWhatThereIs) {
  serve(2);
  EXPECT_EQ(outcome(client().call(p9::Tchannel{1, p9::kChannelMemory})), "ok");
  EXPECT_EQ(outcome(client().call(p9::Tchannel{2, p9::kChannelMemory})), "ENOSYS");
  EXPECT_EQ(outcome(client().call(p9::Tchannel{UINT32_MAX, p9::kChannelSocket})), "ENOSYS");
  EXPECT_EQ(outcome(client().call(p9::Tchannel{0, 2})), "EINVAL");
  EXPECT_EQ(outcome(client().call(p9::Tchannel{0, UINT32_MAX})), "EINVAL");
}

TEST_F(ChannelsTest, DoNotExistWhereTheAttachPointHasNone) {
  serve(0);
  EXPECT_EQ(outcome(client().call(p9::Tchannel{0, p9::kChannelMemory})), "EOPNOTSUPP");
  EXPECT_FALSE(client().connection().take_descriptor().valid());
}

TEST_F(ChannelsTest, DoNotExistInDialectsBeforeTheEighth) {
  for (uint32_t google : {0U, 7U}) {
    serve(1, none(), google);
    EXPECT_EQ(outcome(client().call(p9::Tchannel{0, p9::kChannelMemory})), "EOPNOTSUPP") << google;
    EXPECT_EQ(hang_up(), WorkerExit::kHangup);
  }
  serve(1, none(), 8);
  EXPECT_EQ(outcome(client().call(p9::Tchannel{0, p9::kChannelMemory})), "ok");
}

TEST_F(ChannelsTest, DoNotExistBeforeADialectWasAgreedOn) {
  support::BareServer early(top(), none(), 1);
  Client silent(early.take_client());
  EXPECT_EQ(outcome(silent.call(p9::Tchannel{0, p9::kChannelMemory})), "EOPNOTSUPP");
}

TEST_F(ChannelsTest, H2_KeepTheirSizeWhateverTheClientDoesToTheFile) {
  serve(1);
  base::UniqueFd file = ask(0, p9::kChannelMemory);
  EXPECT_NE(::ftruncate(file.raw(), 0), 0);
  EXPECT_NE(::ftruncate(file.raw(), off_t{1} << 30), 0);
  EXPECT_NE(::fcntl(file.raw(), F_ADD_SEALS, F_SEAL_WRITE), 0);
  struct stat status{};
  ASSERT_EQ(::fstat(file.raw(), &status), 0);
  EXPECT_EQ(status.st_size, off_t{p9::kWindowSize});
  // A hole is pages of zeros again: of the client's turn.
  EXPECT_EQ(::fallocate(file.raw(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
                        off_t{p9::kWindowSize}),
            0);
  RawChannel opened(file, 0, ask(0, p9::kChannelSocket));
  EXPECT_TRUE(opened.shake_hands());
}

TEST_F(ChannelsTest, H4_TakeNothingFromTheSideSocket) {
  serve(1);
  RawChannel opened = open_channel(0);
  EXPECT_EQ(::send(opened.socket().raw(), "x", 1, MSG_NOSIGNAL), -1);
  EXPECT_EQ(errno, EPIPE);
  expect_alive(opened);
}

TEST_F(ChannelsTest, BeginWithAHandshakeAndNothingElse) {
  serve();
  RawChannel good = open_channel(3);
  uint32_t id = 0;
  for (std::string_view greeting : {"{}", "[]\n", "{}\n "}) {
    RawChannel bad = channel(id++);
    EXPECT_TRUE(bad.exchange(bytes_of(greeting)).empty()) << greeting;
    EXPECT_EQ(bad.header().state, p9::kShutDown);
    expect_alive(good);
  }
}

TEST_F(ChannelsTest, AnswerLikeTheSocket) {
  serve();
  RawChannel opened = open_channel(0);
  p9::Fid file = open("file", p9::kOpenRdwr);
  auto there = opened.call(p9::Tgetattr{file, p9::kGetattrBasic});
  ASSERT_EQ(outcome(there), "ok");
  auto here = client().call(p9::Tgetattr{file, p9::kGetattrBasic});
  ASSERT_EQ(outcome(here), "ok");
  EXPECT_EQ(there->qid, here->qid);
  EXPECT_EQ(there->size, here->size);
  auto read = opened.call(p9::Tread{file, 2, 5});
  ASSERT_EQ(outcome(read), "ok");
  EXPECT_EQ(text_of(read->data), "23456");
  auto written = opened.call(p9::Twrite{file, 3, bytes_of("abc")});
  ASSERT_EQ(outcome(written), "ok");
  EXPECT_EQ(written->count, 3U);
  EXPECT_EQ(support::read_file(top() / "file"), "012abc6789");
  p9::Fid directory = open("directory", p9::kOpenRdonly);
  auto listed = opened.call(p9::Treaddir{directory, 0, 4096});
  ASSERT_EQ(outcome(listed), "ok");
  auto entries = p9client::parse_entries(listed->data);
  ASSERT_EQ(outcome(entries), "ok");
  EXPECT_EQ(entries->size(), 3U);
}

TEST_F(ChannelsTest, ShareTheirFidsWithTheSocket) {
  serve();
  RawChannel opened = open_channel(0);
  p9::Twalk walk{.fid = Client::root(), .newfid = p9::Fid{77}};
  walk.wnames.push(*p9::Name::parse("file"));
  EXPECT_EQ(outcome(opened.call(walk)), "ok");
  EXPECT_EQ(outcome(client().call(p9::Tgetattr{p9::Fid{77}, p9::kGetattrBasic})), "ok");
  EXPECT_EQ(outcome(client().clunk(p9::Fid{77})), "ok");
  EXPECT_EQ(outcome(opened.call(p9::Tgetattr{p9::Fid{77}, p9::kGetattrBasic})), "EBADF");
}

TEST_F(ChannelsTest, MoveAMebibyteEachWay) {
  serve();
  RawChannel opened = open_channel(0);
  const std::string data(std::size_t{1} << 20, 'x');
  p9::Fid file = open("file", p9::kOpenRdwr);
  auto written = opened.call(p9::Twrite{file, 0, bytes_of(data)});
  ASSERT_EQ(outcome(written), "ok");
  EXPECT_EQ(written->count, data.size());
  auto read = opened.call(p9::Tread{file, 0, static_cast<uint32_t>(data.size())});
  ASSERT_EQ(outcome(read), "ok");
  EXPECT_TRUE(text_of(read->data) == data);
  auto more = opened.call(p9::Tread{file, 0, UINT32_MAX});
  ASSERT_EQ(outcome(more), "ok");
  EXPECT_EQ(more->data.size(), data.size());
}

TEST_F(ChannelsTest, AnswerWhatIsWrongWithItsErrno) {
  serve();
  RawChannel opened = open_channel(0);
  struct {
    const char* what;
    std::vector<std::byte> datagram;
    uint8_t error;
  } const rows[] = {
      {"an unknown type", {std::byte{255}, std::byte{0}}, EOPNOTSUPP},
      {"a reply", {std::byte{p9::Rread::kLine.type}, std::byte{0}}, EOPNOTSUPP},
      {"an Rlerror", {std::byte{7}, std::byte{0}}, EOPNOTSUPP},
      {"no body", {std::byte{p9::Tgetattr::kLine.type}, std::byte{0}}, EINVAL},
      {"a write without its fixed part", {std::byte{118}, std::byte{0}}, EINVAL},
  };
  for (const auto& row : rows) {
    auto answer = opened.exchange(row.datagram);
    ASSERT_EQ(answer.size(), p9::kDatagramHeader + 4) << row.what;
    EXPECT_EQ(answer[0], std::byte{p9::Rlerror::kLine.type}) << row.what;
    EXPECT_EQ(answer[p9::kHasFd], std::byte{0}) << row.what;
    EXPECT_EQ(answer[p9::kDatagramHeader], std::byte{row.error}) << row.what;
  }
}

TEST_F(ChannelsTest, W5_RefuseBytesTooManyAndBytesTooFew) {
  serve();
  RawChannel opened = open_channel(0);
  p9::Fid file = open("file", p9::kOpenRdwr);
  const std::vector<std::byte> requests[] = {
      RawChannel::datagram_of(p9::Tgetattr{file, p9::kGetattrBasic}),
      RawChannel::datagram_of(p9::Twrite{file, 0, bytes_of("abc")}),
      RawChannel::datagram_of(p9::Twrite{file, 0, {}}),
  };
  for (const auto& request : requests) {
    auto longer = request;
    longer.push_back(std::byte{'x'});
    EXPECT_EQ(opened.exchange(longer)[0], std::byte{p9::Rlerror::kLine.type});
    for (std::size_t size = p9::kDatagramHeader; size < request.size(); ++size)
      EXPECT_EQ(opened.exchange(p9::Bytes(request).first(size))[0],
                std::byte{p9::Rlerror::kLine.type});
  }
  EXPECT_EQ(support::read_file(top() / "file"), "0123456789");
}

TEST_F(ChannelsTest, H4_RefuseARequestThatClaimsToBringADescriptor) {
  serve();
  RawChannel opened = open_channel(0);
  auto request = RawChannel::datagram_of(
      p9::Tmkdir{Client::root(), *p9::Name::parse("made"), 0755, p9::kNoGid});
  request[p9::kHasFd] = std::byte{1};
  EXPECT_EQ(opened.exchange(request)[0], std::byte{p9::Rlerror::kLine.type});
  EXPECT_FALSE(std::filesystem::exists(top() / "made"));
}

TEST_F(ChannelsTest, LeaveTheConnectionToTheSocket) {
  serve();
  RawChannel opened = open_channel(0);
  EXPECT_EQ(outcome(opened.call(p9::Tversion{8192, "9P2000.L"})), "EINVAL");
  EXPECT_EQ(outcome(opened.call(p9::Tchannel{0, p9::kChannelMemory})), "EINVAL");
  EXPECT_FALSE(opened.take_descriptor().valid());
  expect_alive(opened);
}

TEST_F(ChannelsTest, H1_EndAloneWhenTheClientBreaksTheirRules) {
  serve();
  RawChannel good = open_channel(3);
  for (auto [id, length] : {std::pair{0U, 1U}, {1U, uint32_t{p9::kDatagramCapacity} + 1}}) {
    RawChannel bad = open_channel(id);
    bad.pass(length);
    EXPECT_EQ(bad.wait(), p9::kShutDown) << length;
    expect_alive(good);
  }
  RawChannel bad = open_channel(2);
  bad.header().state = 77;
  base::futex_wake(bad.header().state, base::kWakeAll, base::FutexScope::kShared);
  while (bad.header().state == 77U)
    (void)base::futex_wait(bad.header().state, 77, base::FutexScope::kShared);
  EXPECT_EQ(bad.header().state, p9::kShutDown);
  expect_alive(good);
  EXPECT_EQ(hang_up(), WorkerExit::kHangup);
  std::size_t noted = 0;
  for (std::string log = server().log(); !log.empty(); ++noted) {
    std::size_t at = log.find("broke the rules of a channel");
    if (at == std::string::npos) break;
    log.erase(0, at + 1);
  }
  EXPECT_EQ(noted, 3U);
}

TEST_F(ChannelsTest, EndWithoutAWordWhenTheClientIsThroughWithThem) {
  serve();
  RawChannel by_length = open_channel(0);
  by_length.pass(0);
  EXPECT_EQ(by_length.wait(), p9::kShutDown);
  RawChannel by_state = open_channel(1);
  by_state.header().state = p9::kShutDown;
  base::futex_wake(by_state.header().state, base::kWakeAll, base::FutexScope::kShared);
  RawChannel good = open_channel(2);
  expect_alive(good);
  EXPECT_EQ(hang_up(), WorkerExit::kHangup);
  EXPECT_EQ(server().log(), "");
}

TEST_F(ChannelsTest, StayEndedWhateverTheClientSaysThen) {
  serve();
  RawChannel ended = open_channel(0);
  ended.pass(0);
  EXPECT_EQ(ended.wait(), p9::kShutDown);
  auto request = RawChannel::datagram_of(
      p9::Tmkdir{Client::root(), *p9::Name::parse("made"), 0755, p9::kNoGid});
  std::ranges::copy(request, ended.datagram().begin());
  ended.pass(static_cast<uint32_t>(request.size()));
  EXPECT_EQ(hang_up(), WorkerExit::kHangup);
  EXPECT_FALSE(std::filesystem::exists(top() / "made"));
}

TEST_F(ChannelsTest, H3_EndWithTheConnectionWhateverTheyWaitFor) {
  serve();
  RawChannel silent = channel(0);        // no handshake
  RawChannel greeted = open_channel(1);  // sleeps for the next request
  RawChannel asking = open_channel(2);   // never takes its answer
  auto request = RawChannel::datagram_of(p9::Tgetattr{Client::root(), p9::kGetattrBasic});
  std::ranges::copy(request, asking.datagram().begin());
  asking.pass(static_cast<uint32_t>(request.size()));
  RawChannel ended = open_channel(3);
  ended.pass(0);
  EXPECT_EQ(hang_up(), WorkerExit::kHangup);
  for (RawChannel* each : {&silent, &greeted, &asking, &ended})
    EXPECT_EQ(each->header().state, p9::kShutDown);
}

TEST_F(ChannelsTest, H3_EndWithTheConnectionWhileTheClientTurnsThemBack) {
  for (int round = 0; round < 50; ++round) {
    serve();
    RawChannel hostile = open_channel(0);
    std::atomic<bool> done = false;
    std::thread turning([&] {
      for (uint32_t turn = 0; !done; turn ^= 1) hostile.header().state = turn;
    });
    hang_up();
    done = true;
    turning.join();
  }
}

TEST_F(ChannelsTest, BringDescriptorsOnTheirOwnSocket) {
  serve();
  RawChannel opened = open_channel(0);
  p9::Fid fid = walk("file");
  ASSERT_EQ(outcome(opened.call(p9::Tlopen{fid, p9::kOpenRdonly})), "ok");
  EXPECT_TRUE(opened.announces_descriptor());
  base::UniqueFd file = opened.take_descriptor();
  ASSERT_TRUE(file.valid());
  EXPECT_EQ(::fcntl(file.raw(), F_GETFL) & O_ACCMODE, O_RDONLY);
  EXPECT_EQ(support::content_of(file), "0123456789");
  ASSERT_EQ(outcome(opened.call(p9::Tgetattr{fid, p9::kGetattrBasic})), "ok");
  EXPECT_FALSE(opened.announces_descriptor());
  EXPECT_FALSE(opened.take_descriptor().valid());
  EXPECT_FALSE(client().connection().take_descriptor().valid());
}

TEST_F(ChannelsTest, BringNoneWhereTheAttachPointKeepsThem) {
  AttachPoint keeping = none();
  keeping.donate = false;
  serve(1, keeping);
  RawChannel opened = open_channel(0);
  ASSERT_EQ(outcome(opened.call(p9::Tlopen{walk("file"), p9::kOpenRdonly})), "ok");
  EXPECT_FALSE(opened.announces_descriptor());
  EXPECT_FALSE(opened.take_descriptor().valid());
}

TEST_F(ChannelsTest, H6_AnswerWithoutDescriptorsThatNobodyCollects) {
  serve();
  RawChannel opened = open_channel(0);
  constexpr int kOpens = 100;
  int announced = 0;
  for (int i = 0; i < kOpens; ++i) {
    ASSERT_EQ(outcome(opened.call(p9::Tlopen{walk("file"), p9::kOpenRdonly})), "ok");
    announced += opened.announces_descriptor() ? 1 : 0;
  }
  EXPECT_GT(announced, 0);
  EXPECT_LT(announced, 16) << "they count against other workers, too";
  int collected = 0;
  while (opened.take_descriptor().valid()) ++collected;
  EXPECT_EQ(collected, announced);
  ASSERT_EQ(outcome(opened.call(p9::Tlopen{walk("file"), p9::kOpenRdonly})), "ok");
  EXPECT_TRUE(opened.announces_descriptor());
}

TEST_F(ChannelsTest, H6_AnswerWithAnErrorWhereTheDescriptorIsAllThatWasAskedFor) {
  AttachPoint connecting = none();
  connecting.uds = true;
  base::UniqueFd listener = support::bind_socket(top() / "socket", SOCK_DGRAM);
  serve(1, connecting);
  RawChannel opened = open_channel(0);
  p9::Fid fid = walk("socket");
  constexpr int kConnects = 1200;  // more than net.unix.max_dgram_qlen is anywhere
  int connected = 0;
  for (int i = 0; i < kConnects; ++i) {
    std::string said = outcome(opened.call(p9::Tlconnect{fid, p9::kSocketDatagram}));
    ASSERT_EQ(opened.announces_descriptor(), said == "ok");
    ASSERT_TRUE(said == "ok" || said == "EAGAIN") << said;
    connected += said == "ok" ? 1 : 0;
  }
  EXPECT_GT(connected, 0);
  EXPECT_LT(connected, kConnects);
  while (opened.take_descriptor().valid()) --connected;
  EXPECT_EQ(connected, 0);
  EXPECT_EQ(outcome(opened.call(p9::Tlconnect{fid, p9::kSocketDatagram})), "ok");
}

TEST_F(ChannelsTest, RO4_APanicOnOneEndsTheConnection) {
  AttachPoint panicking = none();
  panicking.read_only = true;
  panicking.on_write = OnWrite::kPanic;
  serve(kChannels, panicking);
  RawChannel opened = open_channel(0);
  RawChannel other = open_channel(1);
  auto request = RawChannel::datagram_of(
      p9::Tmkdir{Client::root(), *p9::Name::parse("made"), 0755, p9::kNoGid});
  EXPECT_TRUE(opened.exchange(request).empty());
  EXPECT_EQ(server().join(), WorkerExit::kPanicOnWrite);
  EXPECT_EQ(other.wait(), p9::kShutDown);
  EXPECT_NE(outcome(client().stat("file")), "ok");
  EXPECT_NE(server().log().find("Tmkdir"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(top() / "made"));
}

TEST_F(ChannelsTest, AReadOnlyAttachPointRefusesOnThemToo) {
  AttachPoint read_only = none();
  read_only.read_only = true;
  serve(1, read_only);
  RawChannel opened = open_channel(0);
  EXPECT_EQ(
      outcome(opened.call(p9::Tmkdir{Client::root(), *p9::Name::parse("made"), 0755, p9::kNoGid})),
      "EROFS");
}

TEST_F(ChannelsTest, ANewSessionIsTheirsToo) {
  serve();
  RawChannel opened = open_channel(0);
  p9::Fid fid = walk("file");
  ASSERT_EQ(outcome(client().version(p9client::kDefaultMsize, 9)), "ok");
  EXPECT_EQ(outcome(opened.call(p9::Tgetattr{fid, p9::kGetattrBasic})), "EBADF");
  EXPECT_EQ(outcome(opened.call(p9::Tmultigetattr{Client::root(), {}})), "EOPNOTSUPP");
  ASSERT_EQ(outcome(client().attach(Client::root())), "ok");
  expect_alive(opened);
}

TEST_F(ChannelsTest, ServeAtTheSameTime) {
  serve();
  constexpr int kRequests = 500;
  std::vector<std::thread> clients;
  for (uint32_t id = 0; id < kChannels; ++id)
    clients.emplace_back([opened = open_channel(id), id]() mutable {
      for (int i = 0; i < kRequests; ++i) {
        p9::Fid fid{1000 + id};
        ASSERT_EQ(outcome(opened.call(p9::Twalk{.fid = Client::root(), .newfid = fid})), "ok");
        ASSERT_EQ(outcome(opened.call(p9::Tgetattr{fid, p9::kGetattrBasic})), "ok");
        ASSERT_EQ(outcome(opened.call(p9::Tclunk{fid})), "ok");
      }
    });
  for (int i = 0; i < kRequests; ++i) ASSERT_EQ(outcome(client().stat("file")), "ok");
  for (std::thread& thread : clients) thread.join();
  EXPECT_EQ(hang_up(), WorkerExit::kHangup);
}

}  // namespace
}  // namespace gofer
