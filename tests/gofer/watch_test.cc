// Watching a word for some microseconds, while that is worth it.
#include "gofer/watch.h"

#include <gtest/gtest.h>

#include <thread>

namespace gofer {
namespace {

TEST(Eagerness, BeginsWithEveryTime) {
  Eagerness eagerness;
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(eagerness.take()) << i;
}

// How many times it says no before it says yes.
unsigned pauses(Eagerness& eagerness) {
  unsigned count = 0;
  while (!eagerness.take()) ++count;
  return count;
}

TEST(Eagerness, HalvesWithEachMissDownToEvery256thTime) {
  Eagerness eagerness;
  for (unsigned rarity : {2U, 4U, 8U, 16U, 32U, 64U, 128U, 256U, 256U}) {
    eagerness.note(false);
    EXPECT_EQ(pauses(eagerness), rarity - 1);
  }
}

TEST(Eagerness, IsWholeAgainWhenItWasWorthIt) {
  Eagerness eagerness;
  for (int i = 0; i < 6; ++i) eagerness.note(false);
  eagerness.note(true);
  EXPECT_EQ(pauses(eagerness), 0U);
}

TEST(Watch, LooksAwayWhenTheWordChanges) {
  Watch watch;
  watch.allow();
  Eagerness eagerness;
  std::atomic<uint32_t> word = 1;
  watch.look(word, 0, eagerness);
  EXPECT_EQ(pauses(eagerness), 0U) << "it had changed already";
}

TEST(Watch, GivesUpWhenNothingComesAndRemembersThat) {
  Watch watch;
  watch.allow();
  Eagerness eagerness;
  const std::atomic<uint32_t> word = 0;
  watch.look(word, 0, eagerness);
  EXPECT_EQ(pauses(eagerness), 1U);
}

TEST(Watch, IsNotDoneWhereItIsNotAllowed) {
  Watch watch;
  Eagerness eagerness;
  const std::atomic<uint32_t> word = 0;
  watch.look(word, 0, eagerness);
  EXPECT_EQ(pauses(eagerness), 0U) << "a miss was noted";
}

// One watches at a time; who finds it taken goes to sleep, and has missed nothing.
TEST(Watch, IsOneAtATime) {
  Watch watch;
  watch.allow();
  std::atomic<uint32_t> word = 0;
  std::atomic<bool> over = false;
  std::thread other([&] {
    Eagerness eagerness;
    while (!over) {
      eagerness.note(true);
      watch.look(word, 0, eagerness);
    }
  });
  bool found_taken = false;
  while (!found_taken) {
    Eagerness eagerness;
    watch.look(word, 0, eagerness);
    found_taken = eagerness.take();  // no miss was noted, though the word stays as it is
  }
  over = true;
  other.join();
}

}  // namespace
}  // namespace gofer
