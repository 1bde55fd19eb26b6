// A disk that takes its time delays nobody but those who ask for what lies on it.
#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "tests/suite/slow_world.h"

namespace suite {
namespace {

constexpr std::size_t kThreads = 2;

std::string text_of(const p9::Rread& reply) {
  return {reinterpret_cast<const char*>(reply.data.data()), reply.data.size()};
}

class SlowDisk : public OnSlowDisk {};

TEST_F(SlowDisk, DelaysOnlyWhoSyncs) {
  for (uint32_t data_only : {0U, 1U}) {
    disk().hold();
    send(1, p9::Tfsync{file(), {data_only}});
    ASSERT_TRUE(disk().holds(1));
    expect_others_pass(3);
    disk().release();
    EXPECT_EQ(next(), said<p9::Rfsync>(1));
  }
}

TEST_F(SlowDisk, DelaysOnlyWhoReads) {
  p9::Tread read{file(), 0, 1000};
  teach(read);
  disk().hold();
  send(2, read);
  ASSERT_TRUE(disk().holds(1));
  expect_others_pass(3);
  disk().release();
  auto reply = client().connection().receive();
  ASSERT_EQ(outcome(reply), "ok");
  auto read_back = p9client::read_reply<p9::Rread>(*reply);
  ASSERT_EQ(outcome(read_back), "ok");
  EXPECT_EQ(text_of(*read_back), HeldDisk::kContent);
}

TEST_F(SlowDisk, DelaysOnlyWhoWrites) {
  std::vector<std::byte> data(5000, std::byte{7});
  p9::Twrite write{file(), 0, data};
  teach(write);
  disk().hold();
  send(2, write);
  ASSERT_TRUE(disk().holds(1));
  expect_others_pass(3);
  disk().release();
  auto reply = client().connection().receive();
  ASSERT_EQ(outcome(reply), "ok");
  auto written = p9client::read_reply<p9::Rwrite>(*reply);
  ASSERT_EQ(outcome(written), "ok");
  EXPECT_EQ(written->count, data.size());
}

TEST_F(SlowDisk, IsForgottenOnceItIsQuick) {
  p9::Tread read{file(), 0, 1000};
  teach(read);
  for (uint16_t i = 0; i < 200; ++i) ASSERT_EQ(outcome(client().call(read)), "ok");
  // Again at once, so that nobody passes.
  disk().hold();
  send(1, read);
  ASSERT_TRUE(disk().holds(1));
  send(2, p9::Tgetattr{Client::root(), p9::kGetattrBasic});
  disk().release();
  EXPECT_EQ(next(), said<p9::Rread>(1));
  EXPECT_EQ(next(), said<p9::Rgetattr>(2));
}

TEST_F(SlowDisk, DelaysOthersOnlyWhenAllThreadsWaitForIt) {
  UniqueFid second = open(HeldDisk::kFiles[1], p9::kOpenRdwr);
  UniqueFid third = open(HeldDisk::kFiles[2], p9::kOpenRdwr);
  disk().hold();
  send(1, p9::Tfsync{file(), {0}});
  send(2, p9::Tfsync{second, {0}});
  ASSERT_TRUE(disk().holds(kThreads));
  expect_others_pass();
  send(3, p9::Tfsync{third, {0}});
  ASSERT_TRUE(disk().holds(kThreads + 1));
  send(kQuick.value, p9::Tgetattr{Client::root(), p9::kGetattrBasic});
  disk().release();
  std::vector<std::string> all;
  for (std::size_t i = 0; i < kThreads + 2; ++i) all.push_back(next());
  std::ranges::sort(all);
  EXPECT_EQ(all, (std::vector{said<p9::Rgetattr>(kQuick.value), said<p9::Rfsync>(1),
                              said<p9::Rfsync>(2), said<p9::Rfsync>(3)}));
  expect_others_pass();
}

TEST_F(SlowDisk, FlushIsAnsweredBehindWhatItFlushes) {
  disk().hold();
  send(1, p9::Tfsync{file(), {0}});
  ASSERT_TRUE(disk().holds(1));
  send(2, p9::Tflush{p9::Tag{1}});
  send(3, p9::Tflush{p9::Tag{77}});  // of nothing
  EXPECT_EQ(next(), said<p9::Rflush>(3));
  expect_others_pass();
  disk().release();
  EXPECT_EQ(next(), said<p9::Rfsync>(1));
  EXPECT_EQ(next(), said<p9::Rflush>(2));
}

// flush(5): of several that flush one request the last is answered, which is an answer to all.
TEST_F(SlowDisk, TheLastOfManyFlushesIsAnswered) {
  disk().hold();
  send(1, p9::Tfsync{file(), {0}});
  ASSERT_TRUE(disk().holds(1));
  for (uint16_t tag = 2; tag < 500; ++tag)
    send(tag, p9::Tflush{p9::Tag{tag % 2 == 0 ? uint16_t{1} : static_cast<uint16_t>(tag - 1)}});
  expect_others_pass();
  disk().release();
  EXPECT_EQ(next(), said<p9::Rfsync>(1));
  EXPECT_EQ(next(), said<p9::Rflush>(499));
  expect_others_pass();
}

TEST_F(SlowDisk, AClunkedFilesStaysOpenUntilItsAnswered) {
  disk().hold();
  send(1, p9::Tfsync{file(), {0}});
  ASSERT_TRUE(disk().holds(1));
  send(2, p9::Tclunk{release_file()});
  EXPECT_EQ(next(), said<p9::Rclunk>(2));
  expect_others_pass();
  disk().release();
  EXPECT_EQ(next(), said<p9::Rfsync>(1));
  EXPECT_TRUE(disk().was_closed(1));
}

TEST_F(SlowDisk, ANewVersionComesBehindAllAnswers) {
  p9::Fid second = open(HeldDisk::kFiles[1], p9::kOpenRdwr).release();
  disk().hold();
  send(1, p9::Tfsync{file(), {0}});
  send(2, p9::Tfsync{second, {0}});
  ASSERT_TRUE(disk().holds(2));
  send(p9::kNoTag, p9::Tversion{p9client::kDefaultMsize, "9P2000.L"});
  release_file();
  disk().release();
  std::vector<std::string> both{next(), next()};
  std::ranges::sort(both);
  EXPECT_EQ(both, (std::vector{said<p9::Rfsync>(1), said<p9::Rfsync>(2)}));
  EXPECT_EQ(next(), said<p9::Rversion>(p9::kNoTag));
  ASSERT_EQ(outcome(client().attach(Client::root())), "ok");
  expect_others_pass();
}

TEST_F(SlowDisk, AClientThatLeavesIsForgottenOnceItAnswers) {
  disk().hold();
  send(1, p9::Tfsync{file(), {0}});
  ASSERT_TRUE(disk().holds(1));
  expect_to_leave_once_it_answers();
  EXPECT_TRUE(disk().was_closed(1));
}

// A channel's own thread waits.
TEST_F(SlowDisk, DelaysOnlyTheChannelThatWaits) {
  std::vector<std::byte> data(300, std::byte{7});
  teach(p9::Tread{file(), 0, 1000});
  teach(p9::Twrite{file(), 0, data});
  ASSERT_EQ(outcome(client().use_channel(0)), "ok");
  auto held = [&](auto ask) {
    disk().hold();
    std::thread on_channel(ask);
    bool waits = disk().holds(1);
    expect_others_pass();
    disk().release();
    on_channel.join();
    EXPECT_TRUE(waits);
  };
  held([&] { EXPECT_EQ(outcome(client().call(p9::Tfsync{file(), {0}})), "ok"); });
  held([&] {
    auto read = client().call(p9::Tread{file(), 0, 1000});
    ASSERT_EQ(outcome(read), "ok");
    EXPECT_EQ(text_of(*read), HeldDisk::kContent);
  });
  held([&] {
    auto written = client().call(p9::Twrite{file(), 0, data});
    ASSERT_EQ(outcome(written), "ok");
    EXPECT_EQ(written->count, data.size());
  });
}

// A storm of everything that is left to other threads and answered by them, out of order.
TEST_F(SlowDisk, EveryRequestIsAnsweredOnce) {
  constexpr uint16_t kTags = 400;
  std::vector<std::byte> data(300, std::byte{7});
  teach(p9::Tread{file(), 0, 10});
  teach(p9::Twrite{file(), 0, data});
  for (int round = 0; round < 20; ++round) {
    for (uint16_t tag = 1; tag <= kTags; ++tag) {
      if (tag % 4 == 0) send(tag, p9::Tfsync{file(), {0}});
      if (tag % 4 == 1) send(tag, p9::Tread{file(), 0, 1000});
      if (tag % 4 == 2) send(tag, p9::Twrite{file(), 0, data});
      if (tag % 4 == 3) send(tag, p9::Tgetattr{file(), p9::kGetattrBasic});
    }
    std::vector<int> seen(kTags + 1);
    for (uint16_t i = 0; i < kTags; ++i) {
      auto reply = client().connection().receive();
      ASSERT_EQ(outcome(reply), "ok");
      uint16_t tag = reply->tag().value;
      ASSERT_LE(tag, kTags);
      ASSERT_EQ(++seen[tag], 1);
      uint8_t expected[] = {p9::Rfsync::kLine.type, p9::Rread::kLine.type, p9::Rwrite::kLine.type,
                            p9::Rgetattr::kLine.type};
      ASSERT_EQ(reply->type(), expected[tag % 4]);
    }
  }
}

}  // namespace
}  // namespace suite
