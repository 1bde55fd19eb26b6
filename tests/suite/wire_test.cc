// Frames that no client should send: what is refused, and that nothing changes by it.
#include <poll.h>
#include <sys/socket.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "tests/suite/samples.h"
#include "tests/suite/world.h"
#include "tests/support/raw_frame.h"

namespace suite {
namespace {

using support::RawFrame;
using Bytes = std::vector<std::byte>;
using namespace std::string_view_literals;

constexpr p9::Tag kTag{42};

class Wire : public World {
 protected:
  void SetUp() override {
    support::make_file(exported() / "directory" / "inside", "text");
    support::make_file(exported() / "file", "0123456789");
  }
  void serve_and_remember() {
    serve();
    speak(p9::kNewestGoogle);
    before_ = support::inventory(exported());
  }
  // The tree and the fids of the session are what they were.
  void expect_nothing_changed() {
    expect_alive();
    EXPECT_EQ(outcome(client().getattr(subject().free)), "EBADF");
    EXPECT_EQ(support::inventory(exported()), before_);
  }

  Subject subject() const {
    return {Client::root(), Client::root(), p9::Fid{555}, name("@@@@"), name("@@@@")};
  }

  // What one frame is answered with: an errno, "ok", or "closed". Checks what holds for each reply.
  std::string answer(const Bytes& frame) {
    if (!client().connection().send_raw(frame)) return "closed";
    auto reply = client().connection().receive();
    if (!reply) return "closed";
    EXPECT_EQ(reply->tag(), kTag);
    if (reply->type() != p9::Rlerror::kLine.type) {
      EXPECT_EQ(reply->type(), static_cast<uint8_t>(frame[4]) + 1);
      return "ok";
    }
    return outcome(p9client::read_reply<p9::Rlerror>(*reply));
  }

  // The frame with `length` bytes and a size field that says so.
  static Bytes resized(Bytes frame, std::size_t length) {
    frame.resize(length);
    auto size = static_cast<uint32_t>(length);
    std::memcpy(frame.data(), &size, sizeof size);
    return frame;
  }

 private:
  support::Inventory before_;
};

bool is_request(unsigned type) {
  bool found = false;
  for_each_sample(Subject{}, [&]<class M>(const M&) { found = found || M::kLine.type == type; });
  return found;
}

TEST_F(Wire, W1_SizesThatNoFrameHasEndTheConnection) {
  uint32_t too_large = p9client::kDefaultMsize + 1;
  for (uint32_t size : {0U, 1U, 2U, 3U, 4U, 5U, 6U, too_large, 0x7fffffffU, 0xffffffffU}) {
    serve();
    Bytes frame = RawFrame(p9::Tclunk::kLine.type, kTag).bytes(Bytes(1024)).take(size);
    EXPECT_EQ(answer(frame), "closed") << size;
    EXPECT_EQ(hang_up(), "protocol") << size;
  }
}

TEST_F(Wire, W1_AHeaderAloneIsAnsweredWhateverItsType) {
  serve_and_remember();
  for (unsigned type = 0; type < 256; ++type) {
    std::string said = answer(RawFrame(static_cast<uint8_t>(type), kTag).take());
    EXPECT_EQ(said, is_request(type) ? "EINVAL" : "EOPNOTSUPP") << type;
  }
  expect_nothing_changed();
}

TEST_F(Wire, W2_NoiseOfEveryTypeIsRefusedWithoutEffect) {
  serve_and_remember();
  std::mt19937 random(1);
  for (unsigned type = 0; type < 256; ++type) {
    for (bool ones : {false, true}) {
      Bytes noise(64);
      for (std::byte& byte : noise) byte = ones ? std::byte{0xff} : std::byte(random() & 0xff);
      std::string said = answer(RawFrame(static_cast<uint8_t>(type), kTag).bytes(noise).take());
      if (!is_request(type)) {
        EXPECT_EQ(said, "EOPNOTSUPP") << type;
      } else {
        EXPECT_TRUE(said == "EINVAL" || said == "ENAMETOOLONG") << type << ": " << said;
      }
    }
  }
  expect_nothing_changed();
}

TEST_F(Wire, W2_NothingIsServedBeforeTversion) {
  serve_silently();
  for_each_sample(subject(), [&]<class M>(const M& message) {
    if (std::is_same_v<M, p9::Tversion>) return;
    EXPECT_EQ(answer(RawFrame::of(kTag, message)), p9::since<M>() == 0 ? "EINVAL" : "EOPNOTSUPP")
        << M::kLine.name;
  });
  EXPECT_EQ(outcome(client().version()), "ok");
}

TEST_F(Wire, W3_RepliesAreNoRequests) {
  serve_and_remember();
  for_each_sample(subject(), [&]<class M>(const M&) {
    EXPECT_EQ(answer(RawFrame::of(kTag, typename M::Reply{})), "EOPNOTSUPP")
        << M::Reply::kLine.name;
  });
  EXPECT_EQ(answer(RawFrame::of(kTag, p9::Rlerror{0})), "EOPNOTSUPP");
  expect_nothing_changed();
}

TEST_F(Wire, W4_EveryCutMessageIsRefusedWithoutStateChange) {
  serve_and_remember();
  for_each_sample(subject(), [&]<class M>(const M& message) {
    Bytes whole = RawFrame::of(kTag, message);
    for (std::size_t length = p9::kHeaderSize; length < whole.size(); ++length) {
      // Some clients leave the last field of Tfsync out: then it is whole, but the fid is not open.
      if (std::is_same_v<M, p9::Tfsync> && length == p9::kHeaderSize + 4) continue;
      EXPECT_EQ(answer(resized(whole, length)), "EINVAL") << M::kLine.name << " cut at " << length;
    }
  });
  expect_nothing_changed();
}

TEST_F(Wire, W5_TrailingBytesAreRefusedWithoutStateChange) {
  serve_and_remember();
  for_each_sample(subject(), [&]<class M>(const M& message) {
    Bytes whole = RawFrame::of(kTag, message);
    for (std::size_t extra : {1U, 7U, 64U}) {
      EXPECT_EQ(answer(resized(whole, whole.size() + extra)), "EINVAL") << M::kLine.name;
    }
  });
  expect_nothing_changed();
}

TEST_F(Wire, W6_AWriteWhoseCountLiesIsRefused) {
  serve();
  UniqueFid file = open("file", p9::kOpenRdwr);
  for (uint32_t count : {0U, 2U, 4U, 1000U, 0xffffffe8U, 0xffffffffU}) {
    Bytes frame = RawFrame(p9::Twrite::kLine.type, kTag)
                      .fid(file)
                      .number(uint64_t{0})
                      .number(count)
                      .bytes(Bytes(3, std::byte{'!'}))
                      .take();
    EXPECT_EQ(answer(frame), "EINVAL") << count;
  }
  EXPECT_EQ(support::read_file(exported() / "file"), "0123456789");
}

TEST_F(Wire, W7_WalksOfMoreThanSixteenNamesAreRefused) {
  serve_and_remember();
  for (uint8_t type : {p9::Twalk::kLine.type, p9::Twalkgetattr::kLine.type}) {
    for (uint16_t count : {uint16_t{17}, uint16_t{4096}, uint16_t{65535}}) {
      for (bool with_names : {false, true}) {
        RawFrame frame(type, kTag);
        frame.fid(Client::root()).fid(subject().free).number(count);
        for (uint16_t i = 0; with_names && i < std::min<uint16_t>(count, 20'000); ++i)
          frame.text("d");
        EXPECT_EQ(answer(frame.take()), "EINVAL") << count;
      }
    }
  }
  expect_nothing_changed();
}

TEST_F(Wire, W7_PathsOfAnyLengthAreAnsweredOnlyWithAllTheirNames) {
  serve_and_remember();
  for (uint16_t count : {uint16_t{17}, uint16_t{4096}, uint16_t{40'000}}) {
    for (bool with_names : {false, true}) {
      RawFrame frame(p9::Tmultigetattr::kLine.type, kTag);
      frame.fid(Client::root()).number(count);
      for (uint16_t i = 0; with_names && i < count; ++i) frame.text("d");
      EXPECT_EQ(answer(frame.take()), with_names ? "ok" : "EINVAL") << count;
    }
  }
  expect_nothing_changed();
}

TEST_F(Wire, W8_StringsThatLieAboutTheirLengthAreRefused) {
  serve_and_remember();
  for (uint16_t length : {uint16_t{4}, uint16_t{300}, uint16_t{0xffff}}) {
    EXPECT_EQ(answer(RawFrame(p9::Tsymlink::kLine.type, kTag)
                         .fid(Client::root())
                         .text("name")
                         .text_of(length, "abc")
                         .take()),
              "EINVAL");
    EXPECT_EQ(answer(RawFrame(p9::Tmkdir::kLine.type, kTag)
                         .fid(Client::root())
                         .text_of(length, "abc")
                         .take()),
              "EINVAL");
  }
  expect_nothing_changed();
}

// Every place in `frame` where the sample's name stands, with `bad` put there instead.
std::vector<Bytes> with_bad_name(const Bytes& frame, std::string_view bad) {
  static constexpr std::string_view kMarker = "\x04\0@@@@"sv;
  std::string_view text(reinterpret_cast<const char*>(frame.data()), frame.size());
  std::vector<Bytes> all;
  for (std::size_t at = 0; (at = text.find(kMarker, at)) != text.npos; at += kMarker.size()) {
    auto length = static_cast<uint16_t>(bad.size());
    Bytes changed(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(at));
    for (std::byte byte : std::as_bytes(std::span(&length, 1))) changed.push_back(byte);
    for (std::byte byte : std::as_bytes(std::span(bad))) changed.push_back(byte);
    changed.insert(changed.end(), frame.begin() + static_cast<std::ptrdiff_t>(at + kMarker.size()),
                   frame.end());
    auto size = static_cast<uint32_t>(changed.size());
    std::memcpy(changed.data(), &size, sizeof size);
    all.push_back(std::move(changed));
  }
  return all;
}

TEST_F(Wire, N1_NoMessageTakesAnythingButOneComponentAsAName) {
  serve_and_remember();
  struct Row {
    std::string name;
    const char* answer;
  };
  const Row rows[] = {{"..", "EINVAL"},
                      {".", "EINVAL"},
                      {"", "EINVAL"},
                      {"a/b", "EINVAL"},
                      {"/etc/passwd", "EINVAL"},
                      {"/", "EINVAL"},
                      {"../outside/secret", "EINVAL"},
                      {"directory/", "EINVAL"},
                      {"directory/..", "EINVAL"},
                      {std::string("file\0x", 6), "EINVAL"},
                      {std::string(256, 'n'), "ENAMETOOLONG"},
                      {std::string(4096, 'n'), "ENAMETOOLONG"}};
  int tried = 0;
  for_each_sample(subject(), [&]<class M>(const M& message) {
    Bytes frame = RawFrame::of(kTag, message);
    for (const Row& row : rows) {
      for (const Bytes& bad : with_bad_name(frame, row.name)) {
        EXPECT_EQ(answer(bad), row.answer) << M::kLine.name << " " << row.name.substr(0, 20);
        ++tried;
      }
    }
  });
  EXPECT_GE(tried, 10 * static_cast<int>(std::size(rows)));
  expect_nothing_changed();
}

TEST_F(Wire, N2_AWalkUpwardsIsRefusedAtTheRootAndBelow) {
  serve_and_remember();
  for (std::string_view start : {""sv, "directory"sv}) {
    UniqueFid from = walk(start);
    RawFrame frame(p9::Twalk::kLine.type, kTag);
    frame.fid(from).fid(subject().free).number(uint16_t{16});
    for (int i = 0; i < 16; ++i) frame.text("..");
    EXPECT_EQ(answer(frame.take()), "EINVAL");
  }
  expect_nothing_changed();
}

TEST_F(Wire, W10_AFrameThatNeverEndsIsAbandonedWithItsClient) {
  for (std::size_t sent : {std::size_t{1}, std::size_t{4}, std::size_t{7}, std::size_t{10}}) {
    serve();
    Bytes frame = RawFrame::of(kTag, p9::Tmkdir{Client::root(), name("@@@@"), 0755, 0});
    frame.resize(sent);
    ASSERT_EQ(outcome(client().connection().send_raw(frame)), "ok");
    client().connection().finish_sending();
    EXPECT_EQ(outcome(client().connection().receive()), "ECONNRESET") << sent;
    std::string why = hang_up();
    EXPECT_TRUE(why == "hangup" || why == "protocol") << why;
  }
  EXPECT_FALSE(std::filesystem::exists(exported() / "@@@@"));
}

TEST_F(Wire, W10_AClientThatLeavesInTheMiddleOfAReplyIsLetGo) {
  support::make_file(exported() / "large", std::string(1 << 20, 'x'));
  serve();
  UniqueFid file = open("large", p9::kOpenRdonly);
  for (uint16_t i = 0; i < 20; ++i) {
    ASSERT_EQ(outcome(client().connection().send(p9::Tag{i}, p9::Tread{file, 0, 100'000})), "ok");
  }
  std::byte some[10];
  ASSERT_EQ(::recv(client().connection().socket().raw(), some, sizeof some, 0), 10);
  file.release();
  EXPECT_EQ(hang_up(), "hangup");
}

TEST_F(Wire, W11_FramesThatArriveByteByByteAreServedTheSame) {
  serve();
  for (int i = 0; i < 20; ++i) {
    Bytes frame = RawFrame::of(kTag, p9::Tgetattr{Client::root(), p9::kGetattrBasic});
    for (std::byte byte : frame) {
      ASSERT_EQ(outcome(client().connection().send_raw({&byte, 1})), "ok");
    }
    auto reply = client().connection().receive();
    ASSERT_EQ(outcome(reply), "ok");
    EXPECT_EQ(reply->type(), p9::Rgetattr::kLine.type);
  }
}

TEST_F(Wire, W14_ATagTwiceInFlightIsNeverAnsweredMoreThanTwice) {
  serve();
  Bytes two = RawFrame::of(kTag, p9::Tgetattr{Client::root(), p9::kGetattrBasic});
  Bytes one = two;
  two.insert(two.end(), one.begin(), one.end());
  ASSERT_EQ(outcome(client().connection().send_raw(two)), "ok");
  for (int i = 0; i < 2; ++i) {
    auto reply = client().connection().receive();
    ASSERT_EQ(outcome(reply), "ok");
    EXPECT_EQ(reply->tag(), kTag);
  }
  expect_alive();
}

TEST_F(Wire, R5_AServerWhoseRepliesAreNotReadStopsReading) {
  serve();
  Bytes frames;
  for (int i = 0; i < 1000; ++i) {
    Bytes one = RawFrame::of(kTag, p9::Tgetattr{Client::root(), p9::kGetattrBasic});
    frames.insert(frames.end(), one.begin(), one.end());
  }
  constexpr std::size_t kTooMuch = std::size_t{64} << 20;
  int socket = client().connection().socket().raw();
  std::size_t sent = 0;
  for (pollfd ready{socket, POLLOUT, 0}; sent < kTooMuch && ::poll(&ready, 1, 1000) == 1;) {
    ssize_t n = ::send(socket, frames.data(), frames.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0) sent += static_cast<std::size_t>(n);
  }
  EXPECT_GT(sent, 0U);
  EXPECT_LT(sent, kTooMuch);
  EXPECT_EQ(hang_up(), "hangup");
}

}  // namespace
}  // namespace suite
