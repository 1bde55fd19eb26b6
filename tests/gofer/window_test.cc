// One window: who may take which turn, and what is believed of what lies in it.
#include "gofer/window.h"

#include <gtest/gtest.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gofer/p9/messages.h"
#include "spec/base/futex.h"
#include "tests/support/descriptors.h"
#include "tests/support/outcome.h"
#include "tests/support/raw_channel.h"

namespace gofer {
namespace {

using support::outcome;
using support::RawChannel;

constexpr uint32_t kOfNobody[] = {3, 0x80000000, UINT32_MAX};

class WindowTest : public ::testing::Test {
 protected:
  WindowTest() : file_(support::make_memory_file("window")), room_(p9::kDatagramCapacity) {
    EXPECT_EQ(::ftruncate(file_.raw(), p9::kWindowSize), 0);
    void* memory =
        ::mmap(nullptr, p9::kWindowSize, PROT_READ | PROT_WRITE, MAP_SHARED, file_.raw(), 0);
    EXPECT_NE(memory, MAP_FAILED);
    memory_ = static_cast<std::byte*>(memory);
    window_ =
        std::make_unique<Window>(std::span<std::byte, p9::kWindowSize>(memory_, p9::kWindowSize));
    client_ = std::make_unique<RawChannel>(file_, 0, base::UniqueFd());
  }
  ~WindowTest() override { ::munmap(memory_, p9::kWindowSize); }

  Window& window() { return *window_; }
  std::span<std::byte, p9::kWindowSize> memory() {
    return std::span<std::byte, p9::kWindowSize>(memory_, p9::kWindowSize);
  }
  RawChannel& client() { return *client_; }
  std::span<std::byte> room() { return room_; }

  void say(std::string_view text) {
    std::ranges::copy(std::as_bytes(std::span(text)), client().datagram().begin());
    client().pass(static_cast<uint32_t>(text.size()));
  }

 private:
  base::UniqueFd file_;
  std::vector<std::byte> room_;
  std::byte* memory_ = nullptr;
  std::unique_ptr<Window> window_;
  std::unique_ptr<RawChannel> client_;
};

std::string text_of(p9::Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST_F(WindowTest, TakesTurnsWithAClientThatSleepsMeanwhile) {
  std::thread server([&] {
    for (int turn = 0; turn < 1000; ++turn) {
      auto length = window().wait();
      ASSERT_EQ(outcome(length), "ok");
      std::string text = text_of(window().take(*length, room()).bytes);
      text.back() = static_cast<char>(text.back() + 1);
      std::ranges::copy(std::as_bytes(std::span(text)), window().reply_room().begin());
      ASSERT_EQ(outcome(window().hand_over(text.size())), "ok");
    }
  });
  for (int turn = 0; turn < 1000; ++turn)
    ASSERT_EQ(text_of(client().exchange(std::as_bytes(std::span("aba", 3)))), "abb");
  server.join();
}

TEST_F(WindowTest, H1_BelievesNoLengthThatIsNotOfADatagram) {
  struct {
    std::size_t length;
    const char* outcome;
  } const rows[] = {
      {0, "ESHUTDOWN"},  // how a client says that it will say no more
      {1, "EBADMSG"},
      {p9::kDatagramHeader, "ok"},
      {p9::kDatagramCapacity, "ok"},
      {p9::kDatagramCapacity + 1, "EBADMSG"},
      {p9::kWindowSize, "EBADMSG"},
      {INT32_MAX, "EBADMSG"},
      {UINT32_MAX, "EBADMSG"},
  };
  for (const auto& row : rows) {
    client().pass(static_cast<uint32_t>(row.length));
    auto length = window().wait();
    EXPECT_EQ(outcome(length), row.outcome) << row.length;
    EXPECT_EQ(length.value_or(row.length), row.length);
  }
}

TEST_F(WindowTest, H1_BelievesNoTurnThatIsNobodys) {
  for (uint32_t state : kOfNobody) {
    client().header().state = state;
    EXPECT_EQ(outcome(window().wait()), "EBADMSG") << state;
    EXPECT_EQ(outcome(window().hand_over(2)), "EBADMSG") << state;
  }
}

TEST_F(WindowTest, PassesOnlyATurnThatItHas) {
  EXPECT_EQ(outcome(window().hand_over(2)), "EBADMSG");
  say("request");
  EXPECT_EQ(outcome(window().hand_over(5)), "ok");
  EXPECT_EQ(client().header().state, p9::kClientActive);
  EXPECT_EQ(client().header().length, 5U);
}

TEST_F(WindowTest, EndsWhenTheClientShutsItDown) {
  client().header().state = p9::kShutDown;
  EXPECT_EQ(outcome(window().wait()), "ESHUTDOWN");
  EXPECT_EQ(outcome(window().hand_over(2)), "ESHUTDOWN");
}

TEST_F(WindowTest, H1_ARequestStaysAsItWasTaken) {
  say("a request");
  auto length = window().wait();
  ASSERT_TRUE(length.has_value());
  p9::Datagram taken = window().take(*length, room());
  say("something");
  EXPECT_EQ(text_of(taken.bytes), "a request");
  EXPECT_TRUE(taken.payload.empty());
}

TEST_F(WindowTest, OnlyTheDataOfAWriteStaysWhereItIs) {
  auto write =
      RawChannel::datagram_of(p9::Twrite{p9::Fid{1}, 2, std::as_bytes(std::span("the data", 8))});
  std::ranges::copy(write, client().datagram().begin());
  p9::Datagram taken = window().take(write.size(), room());
  EXPECT_EQ(taken.bytes.size(), p9::kWriteFixed);
  EXPECT_EQ(text_of(taken.payload), "the data");
  EXPECT_EQ(taken.payload.data(), window().reply_room().data() + p9::kWriteFixed);
  for (std::size_t cut = p9::kDatagramHeader; cut <= p9::kWriteFixed; ++cut) {
    taken = window().take(cut, room());
    EXPECT_EQ(taken.bytes.size(), cut);
    EXPECT_TRUE(taken.payload.empty());
  }
}

TEST_F(WindowTest, TakesTheLargestDatagramWhole) {
  std::ranges::fill(client().datagram(), std::byte{'x'});
  p9::Datagram taken = window().take(p9::kDatagramCapacity, room());
  EXPECT_EQ(text_of(taken.bytes), std::string(p9::kDatagramCapacity, 'x'));
}

TEST_F(WindowTest, ClosingWakesAClientThatSleeps) {
  client().pass(2);
  std::thread sleeper([&] { EXPECT_EQ(client().wait(), p9::kShutDown); });
  window().close();
  sleeper.join();
}

// Whether the server sleeps, serves, or has just woken up: and all the time the client passes the
// turn to and fro.
TEST_F(WindowTest, H3_NoTurnOutlivesTheStopWhateverTheClientDoes) {
  std::atomic<bool> done = false;
  std::thread hostile([&] {
    for (uint32_t turn = 0; !done; turn ^= 1) client().header().state = turn;
  });
  client().header().length = 5;
  for (int round = 0; round < 100; ++round) {
    Window fresh(memory());
    std::atomic<bool> stopped = false;
    std::atomic<bool> left = false;
    std::thread server([&] {
      for (auto length = fresh.wait(); outcome(length) != "ESHUTDOWN"; length = fresh.wait()) {
        EXPECT_FALSE(stopped);
        (void)fresh.hand_over(5);
      }
      left = true;
    });
    fresh.stop();
    stopped = true;
    // The client may have sent it back to sleep.
    while (!left)
      base::futex_wake(client().header().state, base::kWakeAll, base::FutexScope::kShared);
    server.join();
  }
  done = true;
  hostile.join();
}

TEST_F(WindowTest, StoppingWaitsForTheTurnUnderWay) {
  say("request");
  ASSERT_EQ(outcome(window().wait()), "ok");
  std::atomic<bool> over = false;
  std::thread stopping([&] {
    window().stop();
    EXPECT_TRUE(over);
  });
  EXPECT_EQ(client().wait(), p9::kShutDown);
  over = true;
  EXPECT_EQ(outcome(window().hand_over(5)), "ESHUTDOWN");
  stopping.join();
}

// The client moves the server's sleepers to a word of its own, where nobody wakes them.
TEST_F(WindowTest, H3_StoppingDoesNotWaitForASleeperThatTheClientHides) {
  std::atomic<uint32_t> elsewhere = 0;
  std::atomic<bool> left = false;
  std::thread server([&] {
    EXPECT_EQ(outcome(window().wait()), "ESHUTDOWN");
    left = true;
  });
  std::atomic<uint32_t>& state = client().header().state;
  while (::syscall(SYS_futex, &state, FUTEX_CMP_REQUEUE, 0, 1, &elsewhere, 0) != 1)
    std::this_thread::yield();
  window().stop();
  EXPECT_FALSE(left);
  base::futex_wake(elsewhere, 1, base::FutexScope::kShared);
  server.join();
}

TEST_F(WindowTest, H3_OthersThatSleepThereDoNotTakeTheWakeUp) {
  std::atomic<bool> done = false;
  std::vector<std::thread> planted;
  for (int i = 0; i < 8; ++i)
    planted.emplace_back([&] {
      while (!done)
        (void)base::futex_wait(client().header().state, p9::kClientActive,
                               base::FutexScope::kShared);
    });
  std::thread server([&] { EXPECT_EQ(outcome(window().wait()), "ESHUTDOWN"); });
  window().stop();
  server.join();
  done = true;
  client().header().state = p9::kShutDown;
  base::futex_wake(client().header().state, base::kWakeAll, base::FutexScope::kShared);
  for (std::thread& thread : planted) thread.join();
}

TEST_F(WindowTest, NobodyHasATurnInAWindowThatWasStopped) {
  window().stop();
  client().header().state = p9::kClientActive;
  EXPECT_EQ(outcome(window().wait()), "ESHUTDOWN");
  say("request");
  EXPECT_EQ(outcome(window().wait()), "ESHUTDOWN");
}

}  // namespace
}  // namespace gofer
