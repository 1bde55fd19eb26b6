// Threads that wait for work.
#include "spec/base/parked_threads.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <set>
#include <thread>

namespace base {
namespace {

TEST(ParkedThreads, DoWhatTheyAreGivenEachInItsOwnThread) {
  ParkedThreads threads;
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(threads.add().has_value());
  std::set<std::thread::id> seen{std::this_thread::get_id()};
  for (std::size_t i = 0; i < threads.size(); ++i) {
    std::thread::id id;
    threads.run(i, [&] { id = std::this_thread::get_id(); });
    threads.wait(i);
    seen.insert(id);
  }
  EXPECT_EQ(seen.size(), 5U);
}

TEST(ParkedThreads, AreTheSameThreadsEveryTime) {
  ParkedThreads threads;
  ASSERT_TRUE(threads.add().has_value());
  std::set<std::thread::id> seen;
  int done = 0;
  for (int i = 0; i < 1000; ++i) {
    threads.run(0, [&] {
      seen.insert(std::this_thread::get_id());
      ++done;
    });
    threads.wait(0);
    ASSERT_EQ(done, i + 1);
  }
  EXPECT_EQ(seen.size(), 1U);
}

TEST(ParkedThreads, TakeNoSignals) {
  ParkedThreads threads;
  ASSERT_TRUE(threads.add().has_value());
  sigset_t blocked;
  threads.run(0, [&] { ::pthread_sigmask(SIG_BLOCK, nullptr, &blocked); });
  threads.wait(0);
  for (int signal : {SIGHUP, SIGINT, SIGTERM, SIGALRM, SIGCHLD, SIGUSR1, SIGRTMIN, SIGRTMAX})
    EXPECT_EQ(::sigismember(&blocked, signal), 1) << signal;
  ::pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
  EXPECT_EQ(::sigismember(&blocked, SIGTERM), 0) << "whoever made them takes them";
}

TEST(ParkedThreads, EndWithoutEverHavingWorked) {
  ParkedThreads threads;
  for (int i = 0; i < 16; ++i) ASSERT_TRUE(threads.add().has_value());
}

}  // namespace
}  // namespace base
