// The loop on a real socket: frames however they arrive, and every way it ends.
#include "gofer/server.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <string>
#include <vector>

#include "gofer/p9/dispatch.h"
#include "gofer/transport.h"
#include "tests/support/bare_server.h"
#include "tests/support/descriptors.h"
#include "tests/support/raw_frame.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tree.h"

namespace gofer {
namespace {

using base::WorkerExit;
using support::RawFrame;
using Frame = std::vector<std::byte>;

constexpr p9::Fid kRoot{1};
constexpr p9::Fid kNone{p9::kNoFid};

Frame joined(std::initializer_list<Frame> frames) {
  Frame all;
  for (const Frame& frame : frames) all.insert(all.end(), frame.begin(), frame.end());
  return all;
}

class Loop : public ::testing::Test {
 protected:
  Loop() { (void)::signal(SIGPIPE, SIG_IGN); }  // as a worker has it
  void serve(gofer::AttachPoint options = {.root = base::Fd(-1), .own_fds = base::Fd(-1)}) {
    server_.emplace(dir_.path(), options);
    client_ = server_->take_client();
  }
  void send(const Frame& bytes) {
    ASSERT_EQ(::send(client_.raw(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  // Exactly `size` bytes, or fewer when the server has closed.
  Frame receive(std::size_t size) {
    Frame bytes(size);
    if (size == 0) return bytes;  // recv would wait
    ssize_t got = ::recv(client_.raw(), bytes.data(), size, MSG_WAITALL);
    bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return bytes;
  }
  // The type of the next reply, 0 at the end; its body is in body_.
  uint8_t receive_type(p9::Tag tag) {
    Frame header = receive(p9::kHeaderSize);
    if (header.size() < p9::kHeaderSize) return 0;
    p9::Reader in(header);
    auto size = in.number<uint32_t>();
    auto type = in.number<uint8_t>();
    EXPECT_EQ(in.number<uint16_t>(), tag.value);
    body_ = receive(size - p9::kHeaderSize);
    return type;
  }
  void attach(uint32_t msize = 1 << 20) {
    send(joined({RawFrame::of(p9::Tag{1}, p9::Tversion{msize, "9P2000.L"}),
                 RawFrame::of(p9::Tag{2}, p9::Tattach{kRoot, kNone, "", "", p9::kNoUname})}));
    ASSERT_EQ(receive_type(p9::Tag{1}), p9::Rversion::kLine.type);
    ASSERT_EQ(receive_type(p9::Tag{2}), p9::Rattach::kLine.type);
  }
  WorkerExit hang_up() {
    client_.reset();
    return server_->join();
  }

  const std::filesystem::path& top() const { return dir_.path(); }
  support::BareServer& server() { return *server_; }
  base::Fd client() { return client_; }
  Frame body_;

 private:
  support::TempDir dir_;
  std::optional<support::BareServer> server_;
  base::UniqueFd client_;
};

Frame getattr(uint16_t tag) {
  return RawFrame::of(p9::Tag{tag}, p9::Tgetattr{kRoot, p9::kGetattrBasic});
}

TEST_F(Loop, W11_AnswersAHundredFramesOfOneSendInOrder) {
  serve();
  attach();
  Frame all;
  for (uint16_t tag = 0; tag < 100; ++tag) {
    Frame one = getattr(tag);
    all.insert(all.end(), one.begin(), one.end());
  }
  send(all);
  for (uint16_t tag = 0; tag < 100; ++tag)
    ASSERT_EQ(receive_type(p9::Tag{tag}), p9::Rgetattr::kLine.type);
  EXPECT_EQ(hang_up(), WorkerExit::kHangup);
}

TEST_F(Loop, W11_AnswersFramesSplitAtEveryByte) {
  serve();
  attach();
  Frame two = joined({getattr(3), getattr(4)});
  for (std::size_t at = 1; at < two.size(); ++at) {
    send(Frame(two.begin(), two.begin() + static_cast<long>(at)));
    if (at >= two.size() / 2) {
      ASSERT_EQ(receive_type(p9::Tag{3}), p9::Rgetattr::kLine.type);
    }
    send(Frame(two.begin() + static_cast<long>(at), two.end()));
    if (at < two.size() / 2) {
      ASSERT_EQ(receive_type(p9::Tag{3}), p9::Rgetattr::kLine.type);
    }
    ASSERT_EQ(receive_type(p9::Tag{4}), p9::Rgetattr::kLine.type);
  }
}

TEST_F(Loop, CarriesFramesOfTheLargestSizeBothWays) {
  serve();
  attach(UINT32_MAX);
  std::string data((1 << 20) + 24 - 23, 'x');
  p9::Tlcreate create{kRoot, *p9::Name::parse("f"), p9::kOpenRdwr, 0644, p9::kNoGid};
  p9::Twrite write{kRoot, 0, std::as_bytes(std::span(data))};
  for (auto frame : {RawFrame::of(p9::Tag{3}, create), RawFrame::of(p9::Tag{4}, write)})
    send(frame);
  ASSERT_EQ(receive_type(p9::Tag{3}), p9::Rlcreate::kLine.type);
  ASSERT_EQ(receive_type(p9::Tag{4}), p9::Rwrite::kLine.type);
  send(joined({RawFrame::of(p9::Tag{5}, p9::Tread{kRoot, 0, UINT32_MAX}),
               RawFrame::of(p9::Tag{6}, p9::Tclunk{kRoot})}));
  ASSERT_EQ(receive_type(p9::Tag{5}), p9::Rread::kLine.type);
  EXPECT_EQ(body_.size(), 4 + data.size());
  EXPECT_EQ(std::memcmp(body_.data() + 4, data.data(), data.size()), 0);
  ASSERT_EQ(receive_type(p9::Tag{6}), p9::Rclunk::kLine.type);
}

TEST_F(Loop, W1_EndsAtASizeThatIsNone) {
  for (uint32_t size : {0U, 1U, 6U, 8193U, 0x7fffffffU, UINT32_MAX}) {
    serve();
    send(RawFrame(p9::Tversion::kLine.type, p9::Tag{1}).take(size));
    EXPECT_EQ(receive(1).size(), 0U) << size;
    EXPECT_EQ(hang_up(), WorkerExit::kProtocol) << size;
    EXPECT_NE(server().log().find("9P frame"), std::string::npos);
  }
}

TEST_F(Loop, AnswersWhatCameBeforeABadFrame) {
  serve();
  attach();
  send(joined({getattr(3), RawFrame(p9::Tclunk::kLine.type, p9::Tag{4}).take(3)}));
  EXPECT_EQ(receive_type(p9::Tag{3}), p9::Rgetattr::kLine.type);
  EXPECT_EQ(receive(1).size(), 0U);
  EXPECT_EQ(hang_up(), WorkerExit::kProtocol);
}

TEST_F(Loop, HoldsFramesToTheMsizeOfTheirMoment) {
  serve();
  attach(4096);
  send(RawFrame(p9::Tclunk::kLine.type, p9::Tag{4}).take(4097));
  EXPECT_EQ(hang_up(), WorkerExit::kProtocol);
}

TEST_F(Loop, W10_EndsQuietlyWhenTheClientGoesInTheMiddleOfAFrame) {
  serve();
  attach();
  Frame frame = getattr(3);
  frame.resize(9);
  send(frame);
  ASSERT_EQ(::shutdown(client().raw(), SHUT_WR), 0);
  EXPECT_EQ(receive(1).size(), 0U);
  EXPECT_EQ(hang_up(), WorkerExit::kHangup);
}

TEST_F(Loop, EndsQuietlyWhenTheClientGoesWithoutReadingItsReplies) {
  serve();
  attach();
  Frame all;
  for (uint16_t tag = 0; tag < 200; ++tag) {
    Frame one = getattr(tag);
    all.insert(all.end(), one.begin(), one.end());
  }
  send(all);
  EXPECT_EQ(hang_up(), WorkerExit::kHangup);
}

TEST_F(Loop, RO4_AnswersWhatCameBeforeThePanicAndThenNothing) {
  gofer::AttachPoint options{.root = base::Fd(-1), .own_fds = base::Fd(-1)};
  options.read_only = true;
  options.on_write = OnWrite::kPanic;
  serve(options);
  attach();
  p9::Tmkdir evil{kRoot, *p9::Name::parse("evil"), 0755, p9::kNoGid};
  send(joined({getattr(3), RawFrame::of(p9::Tag{4}, evil), getattr(5)}));
  EXPECT_EQ(receive_type(p9::Tag{3}), p9::Rgetattr::kLine.type);
  EXPECT_EQ(receive(1).size(), 0U);
  EXPECT_EQ(hang_up(), WorkerExit::kPanicOnWrite);
  EXPECT_FALSE(std::filesystem::exists(top() / "evil"));
}

TEST_F(Loop, ClosesEveryDescriptorWhenItEnds) {
  support::make_file(top() / "f");
  serve();
  attach();
  std::size_t before = support::count_descriptors(::getpid());
  p9::Twalk walk{kRoot, p9::Fid{2}, {*p9::Name::parse("f")}};
  send(joined({RawFrame::of(p9::Tag{3}, walk),
               RawFrame::of(p9::Tag{4}, p9::Tlopen{p9::Fid{2}, p9::kOpenRdonly})}));
  ASSERT_EQ(receive_type(p9::Tag{3}), p9::Rwalk::kLine.type);
  ASSERT_EQ(receive_type(p9::Tag{4}), p9::Rlopen::kLine.type);
  EXPECT_EQ(support::count_descriptors(::getpid()), before + 2);
  ASSERT_EQ(::shutdown(client().raw(), SHUT_WR), 0);
  EXPECT_EQ(server().join(), WorkerExit::kHangup);
  EXPECT_EQ(support::count_descriptors(::getpid()), before);
}

TEST(Serve, EndsWhenItsTransportOrItsRootIsNone) {
  support::TempDir dir;
  base::UniqueFd log_file = support::make_memory_file("log");
  base::Log log(log_file, base::LogFormat::kText, base::LogLevel::kInfo, "worker");
  AttachPoint point{.root = base::Fd(-1), .own_fds = base::Fd(-1)};
  EXPECT_EQ(serve(base::Fd(-1), point, log), WorkerExit::kInternal);
  base::UniqueFd root = support::open_path(dir.path());
  point.root = root;
  EXPECT_EQ(serve(base::Fd(-1), point, log), WorkerExit::kInternal);
  std::string said = support::content_of(log_file);
  EXPECT_NE(said.find("root of the attach point"), std::string::npos) << said;
  EXPECT_NE(said.find("transport failed"), std::string::npos) << said;
}

TEST(Transport, SendsWhenTheRoomForTheNextReplyMayNotSuffice) {
  auto [server, client] = support::socket_pair();
  Outlet outlet(server);
  Transport transport(server, outlet, 4096);
  std::size_t room = transport.reply_room(4096)->size();
  transport.collect(room - 4096);
  EXPECT_EQ(transport.reply_room(4096)->size(), 4096U);
  transport.collect(1);
  EXPECT_EQ(transport.reply_room(4096)->size(), room);
  std::size_t expected = room - 4095;
  Frame sent(expected);
  EXPECT_EQ(::recv(client.raw(), sent.data(), expected, MSG_WAITALL),
            static_cast<ssize_t>(expected));
}

TEST(Transport, ReportsAPeerThatIsGone) {
  auto [server, client] = support::socket_pair();
  Outlet outlet(server);
  Transport transport(server, outlet, 4096);
  client.reset();
  EXPECT_EQ(*transport.receive(), 0U);
}

}  // namespace
}  // namespace gofer
