// Looking up what is in no cache delays nobody but who asks for it.
#include <unistd.h>

#include <string>
#include <thread>
#include <vector>

#include "tests/suite/samples.h"
#include "tests/suite/slow_world.h"

namespace suite {
namespace {

constexpr auto kDirectory = HeldDisk::What::kDirectory;
constexpr p9::Fid kNew{500};
constexpr p9::Fid kList{501};

p9::Twalk walk_to(std::string_view name, p9::Fid from = Client::root(), p9::Fid to = kNew) {
  return {from, to, {*p9::Name::parse(name)}};
}

class SlowLookup : public OnSlowDisk {
 protected:
  using OnSlowDisk::OnSlowDisk;

  void SetUp() override {
    OnSlowDisk::SetUp();
    if (IsSkipped()) return;
    ASSERT_EQ(outcome(client().call(p9::Twalk{Client::root(), kList, {}})), "ok");
    ASSERT_EQ(outcome(client().call(p9::Tlopen{kList, p9::kOpenRdonly})), "ok");
    teach(walk_to("cold"), kDirectory);
    clunk(kNew);
  }
  void clunk(p9::Fid fid) { ASSERT_EQ(outcome(client().call(p9::Tclunk{fid})), "ok"); }

  void expect_new_is(std::string_view name) {
    UniqueFid again = walk(name);
    EXPECT_EQ(client().getattr(kNew)->qid, client().getattr(again)->qid);
  }

  template <p9::Message M>
  void send_and_hold(uint16_t tag, const M& request) {
    disk().hold(kDirectory);
    send(tag, request);
    ASSERT_TRUE(disk().holds(1));
  }
  // The reply to what waits.
  template <p9::Message R>
  void expect_others_pass_until(uint16_t tag) {
    expect_others_pass(3);
    disk().release();
    EXPECT_EQ(next(), said<R>(tag));
    expect_others_pass();
  }
};

TEST_F(SlowLookup, DelaysOnlyWhoWalks) {
  send_and_hold(2, walk_to("cold1"));
  expect_others_pass_until<p9::Rwalk>(2);
  expect_new_is("cold1");
  clunk(kNew);
}

TEST_F(SlowLookup, DelaysOnlyWhoAsksForAttributesOnItsWay) {
  send_and_hold(2, p9::Twalkgetattr{Client::root(), kNew, {*p9::Name::parse("cold1")}});
  expect_others_pass_until<p9::Rwalkgetattr>(2);
  clunk(kNew);
  Path path({"cold2"});
  send_and_hold(3, p9::Tmultigetattr{Client::root(), path.names()});
  expect_others_pass_until<p9::Rmultigetattr>(3);
}

TEST_F(SlowLookup, DelaysOnlyWhoLists) {
  send_and_hold(2, p9::Treaddir{kList, 0, 4000});
  expect_others_pass(3);
  disk().release();
  auto reply = client().connection().receive();
  ASSERT_EQ(outcome(reply), "ok");
  auto listed = p9client::read_reply<p9::Rreaddir>(*reply);
  ASSERT_EQ(outcome(listed), "ok");
  std::string bytes(reinterpret_cast<const char*>(listed->data.data()), listed->data.size());
  for (std::string_view file : HeldDisk::kFiles) EXPECT_NE(bytes.find(file), bytes.npos) << file;
}

// What it does is done after the look, and fails as it would have without.
TEST_F(SlowLookup, DelaysOnlyWhoRemoves) {
  p9::Fid directory{502};
  ASSERT_EQ(outcome(client().call(p9::Twalk{Client::root(), directory, {}})), "ok");
  send_and_hold(2, p9::Tunlinkat{directory, *p9::Name::parse("cold1"), 0});
  expect_others_pass(3);
  disk().release();
  auto reply = client().connection().receive();
  ASSERT_EQ(outcome(reply), "ok");
  EXPECT_EQ(outcome(p9client::read_reply<p9::Runlinkat>(*reply)), "ENOSYS");
  clunk(directory);
}

// A client that does not wait for replies finds its fids as if there were no thread.
TEST_F(SlowLookup, ComesBeforeWhatNeedsItsFids) {
  p9::Fid from{502};
  ASSERT_EQ(outcome(client().call(p9::Twalk{Client::root(), from, {}})), "ok");
  send_and_hold(2, walk_to("cold1", from));
  expect_others_pass();
  std::jthread later = release_soon();
  send(3, p9::Tgetattr{kNew, p9::kGetattrBasic});
  send(4, p9::Tlopen{kNew, p9::kOpenRdonly});
  send(5, p9::Tread{kNew, 0, 10});
  send(6, p9::Tclunk{from});
  send(7, p9::Tclunk{kNew});
  EXPECT_EQ(next(), said<p9::Rwalk>(2));
  std::vector<std::string> others{next(), next(), next(), next(), next()};
  std::ranges::sort(others);
  EXPECT_EQ(others, (std::vector{said<p9::Rread>(5), said<p9::Rclunk>(6), said<p9::Rclunk>(7),
                                 said<p9::Rlopen>(4), said<p9::Rgetattr>(3)}));
}

TEST_F(SlowLookup, OfAFidThatIsReleasedMeanwhileIsServedBefore) {
  p9::Fid from{502};
  ASSERT_EQ(outcome(client().call(p9::Twalk{Client::root(), from, {}})), "ok");
  send_and_hold(2, walk_to("cold1", from));
  std::jthread later = release_soon();
  send(3, p9::Tclunk{from});
  EXPECT_EQ(next(), said<p9::Rwalk>(2));
  EXPECT_EQ(next(), said<p9::Rclunk>(3));
  clunk(kNew);
}

TEST_F(SlowLookup, ThatIsFlushedIsAnsweredFirst) {
  send_and_hold(2, walk_to("cold1"));
  send(3, p9::Tflush{p9::Tag{2}});
  expect_others_pass(3);
  disk().release();
  EXPECT_EQ(next(), said<p9::Rwalk>(2));
  EXPECT_EQ(next(), said<p9::Rflush>(3));
  clunk(kNew);
}

TEST_F(SlowLookup, IsAnsweredBeforeANewVersion) {
  send_and_hold(2, walk_to("cold1"));
  send(p9::kNoTag, p9::Tversion{p9client::kDefaultMsize, "9P2000.L"});
  release_file();
  disk().release();
  EXPECT_EQ(next(), said<p9::Rwalk>(2));
  EXPECT_EQ(next(), said<p9::Rversion>(p9::kNoTag));
  ASSERT_EQ(outcome(client().attach(Client::root())), "ok");
  EXPECT_EQ(outcome(client().getattr(kNew)), "EBADF");
}

TEST_F(SlowLookup, OfAClientThatLeavesEndsInTime) {
  send_and_hold(2, walk_to("cold1"));
  expect_to_leave_once_it_answers();
}

TEST_F(SlowLookup, DelaysOnlyTheChannelThatWaits) {
  ASSERT_EQ(outcome(client().use_channel(0)), "ok");
  disk().hold(kDirectory);
  std::thread on_channel([&] { EXPECT_EQ(outcome(client().call(walk_to("cold1"))), "ok"); });
  bool waits = disk().holds(1);
  expect_others_pass();
  disk().release();
  on_channel.join();
  EXPECT_TRUE(waits);
  expect_new_is("cold1");
  clunk(kNew);
}

// A storm of everything that changes fids while others look ahead for it.
TEST_F(SlowLookup, EveryRequestIsAnsweredOnce) {
  constexpr uint16_t kTags = 299;  // each fid that is made is clunked
  for (int round = 0; round < 20; ++round) {
    teach(walk_to("cold" + std::to_string(round)), kDirectory);
    clunk(kNew);
    for (uint16_t tag = 3; tag <= kTags; ++tag) {
      p9::Fid own{1000U + tag / 3U};
      if (tag % 3 == 0) send(tag, walk_to(HeldDisk::kFiles[tag % 2], Client::root(), own));
      if (tag % 3 == 1) send(tag, p9::Treaddir{kList, 0, 4000});
      if (tag % 3 == 2) send(tag, p9::Tclunk{own});
    }
    std::vector<int> seen(kTags + 1);
    for (uint16_t i = 3; i <= kTags; ++i) {
      auto reply = client().connection().receive();
      ASSERT_EQ(outcome(reply), "ok");
      uint16_t tag = reply->tag().value;
      ASSERT_LE(tag, kTags);
      ASSERT_EQ(++seen[tag], 1);
      uint8_t expected[] = {p9::Rwalk::kLine.type, p9::Rreaddir::kLine.type,
                            p9::Rclunk::kLine.type};
      ASSERT_EQ(reply->type(), expected[tag % 3]);
    }
  }
}

class SlowLookupOfADonor : public SlowLookup {
 protected:
  SlowLookupOfADonor() : SlowLookup(true) {}
};

// The thread that has looked ahead sends it.
TEST_F(SlowLookupOfADonor, ADescriptorComesWithTheReply) {
  UniqueFid fid = walk(HeldDisk::kFiles[1]);
  ASSERT_EQ(outcome(client().open(fid, p9::kOpenRdonly)), "ok");
  base::UniqueFd donated = client().take_descriptor();
  ASSERT_TRUE(donated.valid());
  std::vector<char> text(100);
  ssize_t count = ::pread(donated.raw(), text.data(), text.size(), 0);
  EXPECT_EQ(std::string_view(text.data(), static_cast<std::size_t>(count)), HeldDisk::kContent);
}

}  // namespace
}  // namespace suite
