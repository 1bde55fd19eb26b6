// Hostile cases W: what a client puts on the wire.
#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "tests/hostile/frames.h"

namespace suite {
namespace {

using support::RawFrame;
using Bytes = std::vector<std::byte>;

class WireCases : public Frames {
 protected:
  WireCases() {
    support::make_file(exported() / "file", std::string(20'000, 'f'));
    support::make_file(exported() / "directory" / "inside", "text");
    support::make_symlink(exported() / "link", "file");
    support::set_xattr(exported() / "file", "user.a", "0123456789");
  }
  Subject subject(p9::Fid fid) const {
    return {fid, Client::root(), p9::Fid{555}, name("new"), name("other")};
  }
};

TEST_F(WireCases, W2_NoTypeAtAllIsServedBeforeTversion) {
  support::Inventory before = support::inventory(exported());
  serve_silently();
  std::mt19937 random(2);
  for (unsigned type = 0; type < 256; ++type) {
    if (type == p9::Tversion::kLine.type) continue;
    for (std::size_t length : {0U, 64U}) {
      Bytes noise(length);
      for (std::byte& byte : noise) byte = std::byte(random() & 0xff);
      std::string said = answer(RawFrame(static_cast<uint8_t>(type), kTag).bytes(noise).take());
      EXPECT_TRUE(said == "EINVAL" || said == "EOPNOTSUPP" || said == "ENAMETOOLONG")
          << type << ": " << said;
    }
  }
  EXPECT_EQ(outcome(client().attach(Client::root())), "EINVAL");
  EXPECT_EQ(support::inventory(exported()), before);
}

TEST_F(WireCases, W6_NoCountAtNoOffsetBringsMoreThanThereIsRoomFor) {
  constexpr uint32_t kMsize = 8192;
  serve();
  ASSERT_EQ(outcome(client().version(kMsize)), "ok");  // and no larger reply is taken from here on
  ASSERT_EQ(outcome(client().attach(Client::root())), "ok");
  UniqueFid file = open("file", p9::kOpenRdonly);
  UniqueFid directory = open("", p9::kOpenRdonly);
  UniqueFid attribute = walk("file");
  p9::Fid value = client().new_fid();
  ASSERT_EQ(outcome(client().call(p9::Txattrwalk{attribute, value, "user.a"})), "ok");
  for (uint64_t offset : {uint64_t{0}, uint64_t{1} << 31, uint64_t{INT64_MAX}, uint64_t{1} << 63,
                          uint64_t{UINT64_MAX}}) {
    for (uint32_t count : {0U, 1U, kMsize - 24, kMsize - 23, kMsize - 11, kMsize, 0x7fffffffU,
                           0xffffffe8U, 0xfffffff0U, UINT32_MAX}) {
      SCOPED_TRACE(std::to_string(count) + " at " + std::to_string(offset));
      auto data = client().call(p9::Tread{file, offset, count});
      EXPECT_EQ(outcome(data), offset > INT64_MAX ? "EINVAL" : "ok");
      if (data) {
        EXPECT_EQ(data->data.size(), offset == 0 ? std::min(count, kMsize - 11) : 0);
      }
      auto bytes = client().call(p9::Tread{value, offset, count});
      ASSERT_EQ(outcome(bytes), "ok");
      EXPECT_EQ(bytes->data.size(), offset == 0 ? std::min(count, 10U) : 0);
      auto entries = client().call(p9::Treaddir{directory, offset, count});
      if (offset == 0 && count >= 1000) {
        ASSERT_EQ(outcome(entries), "ok");
        EXPECT_EQ(p9client::parse_entries(entries->data)->size(), 5U);
      } else if (entries) {
        EXPECT_TRUE(p9client::parse_entries(entries->data).has_value());
      } else {
        EXPECT_EQ(outcome(entries), "EINVAL");
      }
    }
  }
}

// The frame of `message` with nothing where its string number `which` was; none when it has fewer.
template <class M>
Bytes with_empty_string(const M& message, int which) {
  RawFrame frame(M::kLine.type, p9::Tag{42});
  int seen = 0;
  auto write = [&]<class T>(const T& member) {
    Bytes bytes(p9::Codec<T>::size(member));
    p9::Writer out(bytes);
    p9::Codec<T>::write(out, member);
    bool text = std::is_same_v<T, std::string_view> || std::is_same_v<T, p9::Name>;
    bool list = std::is_same_v<T, p9::WalkList<p9::Name>>;
    if (text && seen++ == which)
      frame.text("");
    else if (list && seen++ == which)
      frame.number(uint16_t{1}).text("");
    else
      frame.bytes(bytes);
  };
  std::apply([&](const auto&... member) { (write(member), ...); },
             p9::detail::tie_members(message));
  return seen > which ? frame.take() : Bytes();
}

TEST_F(WireCases, W9_AnEmptyStringIsNoNameAndNothingToTripOver) {
  serve();
  speak(p9::kNewestGoogle);
  // Those that are no names, on a file that is open (ERANGE is what Linux says to a name of an
  // attribute); every other one answers EINVAL.
  const std::map<std::string, std::string> may_be{
      {"Tsymlink 1", "ENOENT"},  {"Tusymlink 1", "ENOENT"},
      {"Txattrwalk 0", "ok"},    {"Txattrcreate 0", "EBADF"},
      {"Tlock 0", "ok"},         {"Tgetlock 0", "ok"},
      {"Tversion 0", "ok"},      {"Tauth 0", "ENOENT"},
      {"Tauth 1", "ENOENT"},     {"Tattach 0", "ok"},
      {"Tattach 1", "ok"},       {"Tgetxattr 0", "ERANGE"},
      {"Tsetxattr 0", "ERANGE"}, {"Tremovexattr 0", "ERANGE"},
      {"Tsetxattr 1", "ok"},
  };
  int tried = 0;
  support::Inventory before = support::contents(exported());
  for_each_sample(Subject{}, [&]<class M>(const M&) {
    UniqueFid file = open("file", p9::kOpenRdwr);
    for (int which = 0; which < 3; ++which) {
      Bytes frame = with_empty_string(sample(Of<M>{}, subject(file)), which);
      if (frame.empty()) break;
      std::string what = std::string(M::kLine.name) + " " + std::to_string(which);
      auto expected = may_be.find(what);
      EXPECT_EQ(answer(frame), expected == may_be.end() ? "EINVAL" : expected->second) << what;
      (void)client().call(p9::Tclunk{p9::Fid{555}});
      ++tried;
    }
  });
  EXPECT_GE(tried, 30);
  EXPECT_EQ(support::contents(exported()), before);
}

TEST_F(WireCases, W10_SilenceAfterAHeaderIsWaitedForWithoutHarm) {
  serve();
  Bytes frame = RawFrame::of(kTag, p9::Tgetattr{Client::root(), p9::kGetattrBasic});
  for (std::size_t at : {std::size_t{1}, std::size_t{3}, std::size_t{5}, p9::kHeaderSize}) {
    p9::Bytes whole = frame;
    ASSERT_EQ(outcome(client().connection().send_raw(whole.first(at))), "ok");
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    ASSERT_EQ(outcome(client().connection().send_raw(whole.subspan(at))), "ok");
    auto reply = client().connection().receive();
    ASSERT_EQ(outcome(reply), "ok");
    EXPECT_EQ(reply->type(), p9::Rgetattr::kLine.type);
  }
}

TEST_F(WireCases, W12_AVersionOfTheLongestStringIsUnknownOrNoFrame) {
  Bytes longest = RawFrame::of(p9::Tag{p9::kNoTag}, p9::Tversion{1 << 20, std::string(65535, '9')});
  serve();
  ASSERT_EQ(outcome(client().version(1 << 20)), "ok");
  ASSERT_EQ(outcome(client().connection().send_raw(longest)), "ok");
  auto reply = client().connection().receive();
  ASSERT_EQ(outcome(reply), "ok");
  auto said = p9client::read_reply<p9::Rversion>(*reply);
  ASSERT_EQ(outcome(said), "ok");
  EXPECT_EQ(said->version, "unknown");
  EXPECT_EQ(hang_up(), "hangup");
  // Before the first version no frame may be so large.
  serve_silently();
  (void)client().connection().send_raw(longest);
  EXPECT_EQ(outcome(client().connection().receive()), "ECONNRESET");
  EXPECT_EQ(hang_up(), "protocol");
}

TEST_F(WireCases, W12_TooNewADialectLeavesNothingAttachable) {
  serve_silently();
  for (const char* dialect : {"9P2000.L.Google.14", "9P2000.L.Google.4294967295"}) {
    EXPECT_EQ(outcome(client().call(p9::Tversion{8192, dialect})), "EAGAIN");
    EXPECT_EQ(outcome(client().attach(Client::root())), "EINVAL");
  }
  EXPECT_EQ(outcome(client().version()), "ok");
  EXPECT_EQ(outcome(client().attach(Client::root())), "ok");
}

// No request outlives the one behind it, so no tag ever stands for two.
TEST_F(WireCases, W14_OfTwoRequestsWithOneTagEachIsAnsweredInItsTurn) {
  serve();
  UniqueFid file = open("file", p9::kOpenRdonly);
  for (p9::Tag tag : {kTag, p9::Tag{p9::kNoTag}}) {
    Bytes both = RawFrame::of(tag, p9::Tread{file, 0, 5000});
    Bytes second = RawFrame::of(tag, p9::Tgetattr{file, p9::kGetattrBasic});
    both.insert(both.end(), second.begin(), second.end());
    ASSERT_EQ(outcome(client().connection().send_raw(both)), "ok");
    for (uint8_t type : {p9::Rread::kLine.type, p9::Rgetattr::kLine.type}) {
      auto reply = client().connection().receive();
      ASSERT_EQ(outcome(reply), "ok");
      EXPECT_EQ(reply->tag(), tag);
      EXPECT_EQ(reply->type(), type);
    }
  }
}

}  // namespace
}  // namespace suite
