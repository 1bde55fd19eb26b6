// Version, attach, auth, flush and tags.

#include <array>
#include <string>

#include "tests/suite/world.h"
#include "tests/support/raw_frame.h"

namespace suite {
namespace {

using support::RawFrame;
using namespace std::string_literals;

class Version : public World {};
class Attach : public World {};
class Flush : public World {};
class Tags : public World {};

std::string version_reply(Client& client, uint32_t msize, std::string_view version) {
  auto reply = client.call(p9::Tversion{msize, version});
  if (!reply) return outcome(reply);
  return std::string(reply->version) + " " + std::to_string(reply->msize);
}

TEST_F(Version, EchoesTheDialectAndTheClientsMsize) {
  serve_silently();
  EXPECT_EQ(version_reply(client(), 8192, "9P2000.L"), "9P2000.L 8192");
}

TEST_F(Version, ClampsAnMsizeThatIsTooLarge) {
  serve_silently();
  EXPECT_EQ(version_reply(client(), UINT32_MAX, "9P2000.L"),
            "9P2000.L " + std::to_string((1 << 20) + 24));
}

TEST_F(Version, W12_SmallMsizesAndForeignDialectsLeaveNothingAttachable) {
  serve_silently();
  for (uint32_t msize : {0U, 1U, 6U, 7U, 23U, 24U, 256U, 4095U}) {
    EXPECT_EQ(version_reply(client(), msize, "9P2000.L"), "EINVAL") << msize;
    EXPECT_EQ(outcome(client().attach(Client::root())), "EINVAL") << msize;
  }
  for (const std::string& version :
       {""s, "9P"s, "9P2000"s, "9P2000.u"s, "9p2000.l"s, "9P2000.L.Google.-1"s, "9P2000.L\0"s,
        "9P2000.L.Google."s, "9P2000.L.Google.01"s, "9P2000.L.Google.1 "s, "9P2000.L.google.1"s,
        "9P2000.L.Google.4294967296"s, "9P2000.L.Google."s + std::string(8000, '0') + "1",
        "9P2000.L.Google.1.1"s, "9P2000.u.Google.1"s, std::string(8000, 'x')}) {
    EXPECT_TRUE(version_reply(client(), 1 << 20, version).starts_with("unknown"))
        << version.substr(0, 40);
    EXPECT_EQ(outcome(client().attach(Client::root())), "EINVAL");
  }
  EXPECT_EQ(outcome(client().version()), "ok");
  EXPECT_EQ(outcome(client().attach(Client::root())), "ok");
}

TEST_F(Version, ServesEveryGoogleDialectToTheThirteenthUnderItsOwnName) {
  serve_silently();
  for (uint32_t n = 0; n <= p9::kNewestGoogle; ++n) {
    std::string dialect = "9P2000.L.Google." + std::to_string(n);
    EXPECT_EQ(version_reply(client(), 8192, dialect), dialect + " 8192");
    EXPECT_EQ(outcome(client().attach(Client::root())), "ok");
  }
}

TEST_F(Version, AsksForLessThanATooNewGoogleDialectAndKeepsWhatWasAgreedOn) {
  serve();
  speak(p9::kNewestGoogle);
  for (const char* number : {"14", "15", "1000", "4294967295"}) {
    EXPECT_EQ(version_reply(client(), 8192, "9P2000.L.Google."s + number), "EAGAIN") << number;
  }
  EXPECT_EQ(outcome(client().call(p9::Tflushf{Client::root()})), "ok");
}

TEST_F(Version, OfAClientThatCountsDownIsTheNewest) {
  serve_silently();
  ASSERT_EQ(outcome(client().version(8192, 40)), "ok");
  EXPECT_EQ(client().google(), p9::kNewestGoogle);
}

TEST_F(Version, MustComeFirst) {
  serve_silently();
  EXPECT_EQ(outcome(client().attach(Client::root())), "EINVAL");
  EXPECT_EQ(outcome(client().getattr(Client::root())), "EINVAL");
}

TEST_F(Version, IsAnsweredUnderWhateverTagItCarries) {
  serve_silently();
  for (p9::Tag tag : {p9::Tag{0xffff}, p9::Tag{1}}) {
    ASSERT_EQ(outcome(client().connection().send(tag, p9::Tversion{8192, "9P2000.L"})), "ok");
    auto reply = client().connection().receive();
    ASSERT_EQ(outcome(reply), "ok");
    EXPECT_EQ(reply->tag(), tag);
  }
}

TEST_F(Version, SentAgainForgetsEveryFid) {
  support::make_file(exported() / "file", "text");
  serve();
  UniqueFid open_file = open("file", p9::kOpenRdonly);
  std::size_t before = served().descriptors();
  ASSERT_EQ(outcome(client().version()), "ok");
  EXPECT_EQ(outcome(client().read(open_file, 0, 4)), "EBADF");
  EXPECT_EQ(outcome(client().getattr(Client::root())), "EBADF");
  EXPECT_LT(served().descriptors(), before);
  ASSERT_EQ(outcome(client().attach(Client::root())), "ok");
  open_file.release();
  EXPECT_EQ(client().read_file("file"), "text");
}

TEST_F(Version, LimitsTheFramesOfTheClient) {
  serve_silently();
  ASSERT_EQ(outcome(client().version(4096)), "ok");
  std::vector<std::byte> frame =
      RawFrame(p9::Tclunk::kLine.type, p9::Tag{1}).bytes(std::vector<std::byte>(4090)).take();
  ASSERT_EQ(frame.size(), 4097U);
  ASSERT_EQ(outcome(client().connection().send_raw(frame)), "ok");
  EXPECT_EQ(outcome(client().connection().receive()), "ECONNRESET");
  EXPECT_EQ(hang_up(), "protocol");
}

TEST_F(Attach, GivesTheRootUnderEitherName) {
  serve();
  std::array<p9::Qid, 2> qids;
  for (std::size_t i = 0; i < qids.size(); ++i) {
    auto qid = client().attach(client().new_fid(), i == 0 ? "/" : "");
    ASSERT_EQ(outcome(qid), "ok");
    qids[i] = *qid;
  }
  EXPECT_EQ(qids[0], qids[1]);
  EXPECT_EQ(qids[0].type, p9::kQidDirectory);
}

TEST_F(Attach, N7_NeverSelectsAnotherTree) {
  support::make_directory(exported() / "directory");
  serve();
  for (const std::string& aname :
       {".."s, "../outside"s, "/.."s, "/etc"s, "directory"s, "/directory"s, "."s, "//"s, "/\0"s,
        "\0"s, "/served"s, std::string(65000, 'a')})
    EXPECT_NE(outcome(client().attach(client().new_fid(), aname)), "ok") << aname.substr(0, 40);
  expect_alive();
}

TEST_F(Attach, N9_RefusesAFidInUseAndAnAfid) {
  serve();
  EXPECT_EQ(outcome(client().attach(Client::root())), "EBADF");
  auto with_afid = client().call(p9::Tattach{p9::Fid{70}, p9::Fid{71}, "", "/", p9::kNoUname});
  EXPECT_NE(outcome(with_afid), "ok");
  for (uint32_t user : {0U, 1000U, p9::kNoUname}) {
    EXPECT_EQ(outcome(client().call(
                  p9::Tattach{client().new_fid(), p9client::kNoFid, "someone", "/", user})),
              "ok");
  }
}

TEST_F(Attach, NofidIsNoFid) {
  serve();
  EXPECT_NE(outcome(client().attach(p9client::kNoFid)), "ok");
}

TEST_F(Attach, NeedsNoAuthenticationAndOffersNone) {
  serve();
  EXPECT_EQ(outcome(client().call(p9::Tauth{p9::Fid{9}, "root", "/", 0})), "ENOENT");
  EXPECT_EQ(outcome(client().getattr(p9::Fid{9})), "EBADF");
}

TEST_F(Flush, T2_IsAnsweredForAnyOldTag) {
  serve();
  for (uint16_t old : {uint16_t{3}, uint16_t{0}, uint16_t{0xffff}}) {
    EXPECT_EQ(outcome(client().call(p9::Tflush{p9::Tag{old}})), "ok");
  }
  expect_alive();
}

TEST_F(Flush, T1_OfItselfIsAnswered) {
  serve();
  for (uint16_t tag = 1; tag <= 100; ++tag) {
    ASSERT_EQ(outcome(client().connection().send(p9::Tag{tag}, p9::Tflush{p9::Tag{tag}})), "ok");
    auto reply = client().connection().receive();
    ASSERT_EQ(outcome(reply), "ok");
    EXPECT_EQ(reply->tag(), p9::Tag{tag});
    EXPECT_EQ(reply->type(), p9::Rflush::kLine.type);
  }
  expect_alive();
}

TEST_F(Flush, NeverOvertakesTheReplyItFlushed) {
  support::make_file(exported() / "file", std::string(100'000, 'x'));
  serve();
  UniqueFid file = open("file", p9::kOpenRdonly);
  for (int round = 0; round < 100; ++round) {
    auto& connection = client().connection();
    ASSERT_EQ(outcome(connection.send(p9::Tag{5}, p9::Tread{file, 0, 100'000})), "ok");
    ASSERT_EQ(outcome(connection.send(p9::Tag{6}, p9::Tflush{p9::Tag{5}})), "ok");
    auto first = connection.receive();
    ASSERT_EQ(outcome(first), "ok");
    if (first->tag() == p9::Tag{6}) continue;  // flushed before it began: no reply at all
    EXPECT_EQ(first->tag(), p9::Tag{5});
    auto second = connection.receive();
    ASSERT_EQ(outcome(second), "ok");
    EXPECT_EQ(second->tag(), p9::Tag{6});
  }
  expect_alive();
}

TEST_F(Tags, AreGivenBackOnEveryReply) {
  serve();
  for (uint16_t tag : {uint16_t{0}, uint16_t{1}, uint16_t{0x1234}, uint16_t{0xfffe}}) {
    ASSERT_EQ(outcome(client().connection().send(p9::Tag{tag}, p9::Tclunk{p9::Fid{99}})), "ok");
    auto reply = client().connection().receive();
    ASSERT_EQ(outcome(reply), "ok");
    EXPECT_EQ(reply->tag(), p9::Tag{tag});
    EXPECT_EQ(reply->type(), p9::Rlerror::kLine.type);
  }
}

TEST_F(Tags, W11_AHundredRequestsInOneSendAreAllAnsweredOnce) {
  serve();
  std::vector<std::byte> all;
  for (uint16_t tag = 1; tag <= 100; ++tag) {
    auto frame = RawFrame::of(p9::Tag{tag}, p9::Tgetattr{Client::root(), p9::kGetattrBasic});
    all.insert(all.end(), frame.begin(), frame.end());
  }
  ASSERT_EQ(outcome(client().connection().send_raw(all)), "ok");
  std::array<int, 101> seen{};
  for (int i = 0; i < 100; ++i) {
    auto reply = client().connection().receive();
    ASSERT_EQ(outcome(reply), "ok");
    ASSERT_LE(reply->tag().value, 100);
    EXPECT_EQ(reply->type(), p9::Rgetattr::kLine.type);
    ++seen[reply->tag().value];
  }
  for (std::size_t tag = 1; tag <= 100; ++tag) {
    EXPECT_EQ(seen[tag], 1) << tag;
  }
}

}  // namespace
}  // namespace suite
