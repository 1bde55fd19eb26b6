// The client's end of a channel, against a server that does what it should, and servers that don't.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "cmd/p9/channel.h"
#include "spec/base/futex.h"
#include "tests/support/descriptors.h"
#include "tests/support/outcome.h"
#include "tests/support/raw_frame.h"

namespace p9client {
namespace {

using support::outcome;

// The server's end. It takes its turns as the test says.
class Peer {
 public:
  // What the server does when it has its turn for the n-th time: it finds the request in `datagram`
  // and leaves its reply there, whose length is the result.
  using Turn = std::function<std::size_t(Peer& peer, std::span<std::byte> datagram)>;

  explicit Peer(std::vector<Turn> turns)
      : memory_(support::make_memory_file("windows")), turns_(std::move(turns)) {
    EXPECT_EQ(::ftruncate(memory_.raw(), kOffset + p9::kWindowSize), 0);
    std::tie(connection_, client_connection_) = support::socket_pair();
    int ends[2] = {-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    side_ = UniqueFd(ends[0]);
    client_side_ = UniqueFd(ends[1]);
    thread_ = std::thread([this] { serve(); });
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  ~Peer() {
    if (thread_.joinable()) thread_.join();
  }

  Channel::Parts parts() {
    return {UniqueFd(::dup(memory_.raw())), kOffset, p9::kWindowSize, std::move(client_side_)};
  }
  base::Fd connection() const { return client_connection_; }
  void hang_up() { connection_.reset(); }
  p9::WindowHeader& header() { return *reinterpret_cast<p9::WindowHeader*>(bytes_.data()); }

  // `count` descriptors, in one packet of no bytes.
  void send_descriptors(std::size_t count) {
    std::vector<base::Fd> logs(count, base::Fd(STDERR_FILENO));
    EXPECT_EQ(support::send_descriptors(side_, {}, logs), 0);
  }

  // The turn that every server takes first.
  static std::size_t shake_hands(Peer&, std::span<std::byte> datagram) {
    EXPECT_EQ(std::memcmp(datagram.data(), p9::kHandshake.data(), p9::kHandshake.size()), 0);
    return p9::kHandshake.size();
  }

 private:
  static constexpr uint64_t kOffset = 4096;

  void serve() {
    auto window = Mapping::of(memory_, kOffset, p9::kWindowSize);
    ASSERT_EQ(outcome(window), "ok");
    bytes_ = window->bytes();
    for (const Turn& turn : turns_) {
      while (header().state.load() != p9::kServerActive)
        (void)base::futex_wait(header().state, p9::kClientActive, base::FutexScope::kShared);
      header().length = static_cast<uint32_t>(turn(*this, bytes_.subspan(p9::kDatagram)));
      uint32_t mine = p9::kServerActive;
      header().state.compare_exchange_strong(mine, p9::kClientActive);
      base::futex_wake(header().state, 1, base::FutexScope::kShared);
    }
  }

  UniqueFd memory_;
  UniqueFd connection_;
  UniqueFd client_connection_;
  UniqueFd side_;
  UniqueFd client_side_;
  std::span<std::byte> bytes_;
  std::vector<Turn> turns_;
  std::thread thread_;
};

// A turn that answers with this message.
template <p9::Message M>
Peer::Turn answer(const M& reply, std::size_t descriptors = 0, uint8_t has_descriptor = 0) {
  return [=](Peer& peer, std::span<std::byte> datagram) {
    if (descriptors > 0) peer.send_descriptors(descriptors);
    p9::Writer out(datagram);
    out.number(M::kLine.type);
    out.number(has_descriptor);
    p9::write_members(out, reply);
    return *out.finish();
  };
}

// What a client finds that makes one request after the handshake.
std::string found(const Peer::Turn& turn) {
  Peer peer({Peer::shake_hands, turn});
  auto channel = Channel::open(peer.parts(), peer.connection());
  EXPECT_EQ(outcome(channel), "ok");
  return outcome(channel->call(p9::Tclunk{p9::Fid{1}}));
}

TEST(Channel, ShakesHandsAndCarriesWholeMessages) {
  std::vector<std::byte> request;
  auto read = [&](Peer& peer, std::span<std::byte> datagram) {
    request.assign(datagram.begin(), datagram.begin() + peer.header().length);
    return answer(p9::Rread{p9::Bytes(request)})(peer, datagram);
  };
  Peer peer({Peer::shake_hands, read, answer(p9::Rlerror{ENOENT})});
  auto channel = Channel::open(peer.parts(), peer.connection());
  ASSERT_EQ(outcome(channel), "ok");
  auto reply = channel->call(p9::Tread{p9::Fid{7}, 8, 9});
  ASSERT_EQ(outcome(reply), "ok");
  // type, no descriptor, and the body of the frame.
  auto frame = support::RawFrame::of(p9::Tag{0}, p9::Tread{p9::Fid{7}, 8, 9});
  std::vector<std::byte> wanted{frame[4], std::byte{0}};
  wanted.insert(wanted.end(), frame.begin() + p9::kHeaderSize, frame.end());
  EXPECT_EQ(std::vector<std::byte>(reply->data.begin(), reply->data.end()), wanted);
  EXPECT_EQ(outcome(channel->call(p9::Tclunk{p9::Fid{1}})), "ENOENT");
}

TEST(Channel, TakesTheDescriptorThatAReplyAnnounces) {
  std::size_t before = support::count_descriptors(::getpid());
  {
    Peer peer({Peer::shake_hands, answer(p9::Rlopen{}, 1, 1), answer(p9::Rlopen{}, 1, 1),
               answer(p9::Rclunk{})});
    auto channel = Channel::open(peer.parts(), peer.connection());
    ASSERT_EQ(outcome(channel), "ok");
    ASSERT_EQ(outcome(channel->call(p9::Tlopen{p9::Fid{1}, 0})), "ok");
    EXPECT_TRUE(channel->take_descriptor().valid());
    EXPECT_FALSE(channel->take_descriptor().valid());
    ASSERT_EQ(outcome(channel->call(p9::Tlopen{p9::Fid{1}, 0})), "ok");
    ASSERT_EQ(outcome(channel->call(p9::Tclunk{p9::Fid{1}})), "ok");
    EXPECT_FALSE(channel->take_descriptor().valid());
  }
  EXPECT_EQ(support::count_descriptors(::getpid()), before);
}

TEST(Channel, BelievesNoServer) {
  using Datagram = std::span<std::byte>;
  auto with = [](auto change) {
    return [=](Peer& peer, Datagram datagram) {
      std::size_t length = answer(p9::Rclunk{})(peer, datagram);
      return change(peer, datagram, length);
    };
  };
  struct Row {
    const char* what;
    Peer::Turn turn;
    const char* found;
  };
  for (const Row& row : {
           Row{"a proper reply", answer(p9::Rclunk{}), "ok"},
           {"an error", answer(p9::Rlerror{EROFS}), "EROFS"},
           {"no errno", answer(p9::Rlerror{0}), "EPROTO"},
           {"another reply", answer(p9::Rflush{}), "EPROTO"},
           {"nothing", with([](Peer&, Datagram, std::size_t) { return 0UL; }), "EPROTO"},
           {"half a header", with([](Peer&, Datagram, std::size_t) { return 1UL; }), "EPROTO"},
           {"too long", with([](Peer&, Datagram, std::size_t n) { return n + 1; }), "EPROTO"},
           {"longer than the window",
            with([](Peer&, Datagram, std::size_t) { return p9::kDatagramCapacity + 1; }), "EPROTO"},
           {"a descriptor that is not there", answer(p9::Rclunk{}, 0, 1), "EPROTO"},
           {"two descriptors", answer(p9::Rclunk{}, 2, 1), "EPROTO"},
           {"a state that is none", with([](Peer& peer, Datagram, std::size_t n) {
              peer.header().state = 77;
              return n;
            }),
            "EPROTO"},
           {"the end of the channel", with([](Peer& peer, Datagram, std::size_t n) {
              peer.header().state = p9::kShutDown;
              return n;
            }),
            "ECONNRESET"},
       })
    EXPECT_EQ(found(row.turn), row.found) << row.what;
}

TEST(Channel, RefusesRequestsThatDoNotFit) {
  Peer peer({Peer::shake_hands, answer(p9::Rwrite{1})});
  auto channel = Channel::open(peer.parts(), peer.connection());
  ASSERT_EQ(outcome(channel), "ok");
  std::vector<std::byte> large(p9::kDatagramCapacity - 2 - 16 + 1);
  EXPECT_EQ(outcome(channel->call(p9::Twrite{p9::Fid{1}, 0, large})), "EMSGSIZE");
  large.pop_back();
  EXPECT_EQ(outcome(channel->call(p9::Twrite{p9::Fid{1}, 0, large})), "ok");
}

TEST(Channel, IsTakenOverFromAClientThatDiedInTheMiddle) {
  // Hands were shaken with another one: this handshake is an unknown request.
  Peer peer({[](Peer&, std::span<std::byte>) { return std::size_t{2}; },
             answer(p9::Rlerror{EOPNOTSUPP}), answer(p9::Rclunk{})});
  Channel::Parts parts = peer.parts();
  {
    auto window = Mapping::of(parts.memory, parts.offset, parts.length);
    ASSERT_EQ(outcome(window), "ok");
    auto& header = *reinterpret_cast<p9::WindowHeader*>(window->bytes().data());
    header.state = p9::kServerActive;
    base::futex_wake(header.state, 1, base::FutexScope::kShared);
  }
  auto channel = Channel::open(std::move(parts), peer.connection());
  ASSERT_EQ(outcome(channel), "ok");
  EXPECT_EQ(outcome(channel->call(p9::Tclunk{p9::Fid{1}})), "ok");
}

TEST(Channel, EndsWithItsConnection) {
  Peer peer({Peer::shake_hands});
  auto channel = Channel::open(peer.parts(), peer.connection());
  ASSERT_EQ(outcome(channel), "ok");
  peer.hang_up();
  EXPECT_EQ(outcome(channel->call(p9::Tclunk{p9::Fid{1}})), "ECONNRESET");
}

TEST(Channel, WaitsAsLongAsItsSocketWould) {
  Peer peer({Peer::shake_hands});
  timeval limit{.tv_sec = 0, .tv_usec = 1000};
  ASSERT_EQ(::setsockopt(peer.connection().raw(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit),
            0);
  auto channel = Channel::open(peer.parts(), peer.connection());
  ASSERT_EQ(outcome(channel), "ok");
  EXPECT_EQ(outcome(channel->call(p9::Tclunk{p9::Fid{1}})), "EAGAIN");
}

}  // namespace
}  // namespace p9client
