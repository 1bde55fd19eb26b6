// Hostile cases T: flushing, and that nothing waits in the kernel that a flush would have to end.
#include <string>
#include <vector>

#include "tests/suite/batch.h"
#include "tests/suite/lock_world.h"

namespace suite {
namespace {

class FlushCases : public LockWorld {};

TEST_F(FlushCases, T1_AHundredInOneSendThatFlushThemselvesAreAllAnswered) {
  serve();
  Batch batch;
  for (uint16_t tag = 1; tag <= 100; ++tag) batch.add(p9::Tflush{p9::Tag{tag}});
  int answered = 0;
  batch.run(client(), [&](const p9client::Frame& reply) {
    EXPECT_EQ(reply.type(), p9::Rflush::kLine.type);
    ++answered;
  });
  EXPECT_EQ(answered, 100);
  expect_alive();
}

TEST_F(FlushCases, T2_OfTagsThatAreAnsweredUnusedOrNoneIsAnswered) {
  serve();
  Batch batch;
  batch.add(p9::Tgetattr{Client::root(), p9::kGetattrBasic});  // has the tag 1
  for (uint16_t old : {uint16_t{1}, uint16_t{77}, p9::kNoTag, uint16_t{0}, uint16_t{1}})
    batch.add(p9::Tflush{p9::Tag{old}});
  std::vector<uint8_t> types;
  batch.run(client(), [&](const p9client::Frame& reply) { types.push_back(reply.type()); });
  EXPECT_EQ(types, (std::vector<uint8_t>{25, 109, 109, 109, 109, 109}));
  expect_alive();
}

// A lock that somebody has is refused, and a FIFO is opened without its other end: so there is
// nothing to cancel. What was asked for is answered, then the Tflush, and nothing comes later.
TEST_F(FlushCases, T4_WhatMightWaitIsAnsweredBeforeItsTflush) {
  support::make_fifo(exported() / "reading", 0666);
  support::make_fifo(exported() / "writing", 0666);
  HostProcess holder(file(), F_WRLCK, 0, 0);
  serve({.fifo = true});
  speak(p9::kNewestGoogle);
  UniqueFid locked = open("file", p9::kOpenRdwr);
  UniqueFid reading = walk("reading");
  UniqueFid writing = walk("writing");
  Batch batch;
  batch.add(p9::Tlock{locked, p9::kLockWrite, p9::kLockBlock, 0, 0, 1, "guest"});
  batch.add(p9::Tflush{p9::Tag{1}});
  batch.add(p9::Tlopen{reading, p9::kOpenRdonly});
  batch.add(p9::Tflush{p9::Tag{3}});
  batch.add(p9::Tlopen{writing, p9::kOpenWronly});
  batch.add(p9::Tflush{p9::Tag{5}});
  std::vector<uint8_t> types;
  std::vector<std::string> answers;
  batch.run(client(), [&](const p9client::Frame& reply) {
    types.push_back(reply.type());
    if (auto lock = as<p9::Rlock>(reply)) {
      EXPECT_EQ(lock->status, p9::kLockBlocked);
    }
    if (reply.type() == p9::Rlerror::kLine.type)
      answers.push_back(outcome(p9client::read_reply<p9::Rlerror>(reply)));
  });
  EXPECT_EQ(types, (std::vector<uint8_t>{53, 109, 13, 109, 7, 109}));
  EXPECT_EQ(answers, std::vector<std::string>{"ENXIO"});  // nobody reads
  // Each fid can be used.
  EXPECT_EQ(read_lock(locked, 0, 0), "blocked");
  EXPECT_EQ(outcome(client().read(locked, 0, 4)), "ok");
  EXPECT_EQ(outcome(client().getattr(reading)), "ok");
  EXPECT_EQ(outcome(client().open(writing, p9::kOpenRdwr)), "ok");
  client().take_descriptor().reset();
}

}  // namespace
}  // namespace suite
