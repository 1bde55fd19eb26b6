// Hostile cases C and R6: many requests in flight at once. What they come to is what they come to
// one by one, in the order in which they were sent.
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/suite/batch.h"
#include "tests/suite/meanwhile.h"
#include "tests/suite/world.h"

namespace suite {
namespace {

constexpr p9::Fid kTarget{5000};
constexpr p9::Fid kCopy{5001};
constexpr p9::Fid kNames{5002};

#ifdef GOFER_INSTRUMENTED
constexpr int kRounds = 20;
#else
constexpr int kRounds = 100;
#endif

// What kind of reply it is: its type, or the errno. The rest differs with the inode numbers.
std::string kind_of(const p9client::Frame& reply) {
  auto error = as<p9::Rlerror>(reply);
  return std::to_string(reply.type()) + (error ? " " + std::to_string(error->ecode) : "");
}

class InFlight : public World {
 protected:
  InFlight() {
    support::make_directory(exported());
    make_tree();
  }

  void make_tree() {
    for (const auto& entry : std::filesystem::directory_iterator(exported()))
      std::filesystem::remove_all(entry.path());
    support::make_file(exported() / "file", "0123456789");
    support::make_file(exported() / "directory" / "inside", "text");
    support::set_xattr(exported() / "file", "user.a", "value");
  }

  // Adds the requests that `add` makes to batches of `at_once` each and sends them; what was
  // answered.
  template <class Add>
  std::vector<std::string> answers(std::size_t requests, std::size_t at_once, Add add) {
    std::vector<std::string> all;
    Batch batch;
    std::size_t waiting = 0;
    for (std::size_t i = 0; i < requests; ++i) {
      add(batch, i);
      if (++waiting < at_once && i + 1 < requests) continue;
      batch.run(client(), [&](const p9client::Frame& reply) { all.push_back(kind_of(reply)); });
      waiting = 0;
    }
    return all;
  }

  // Both ways, on trees that are alike.
  template <class Add>
  void expect_serial_order(std::size_t requests, Add add, const std::string& what) {
    auto run = [&](std::size_t at_once) {
      for (p9::Fid fid : {kTarget, kCopy, kNames}) (void)client().call(p9::Tclunk{fid});
      make_tree();
      return answers(requests, at_once, add);
    };
    EXPECT_EQ(run(requests), run(1)) << what;
  }

  void walk_to_file(Batch& batch) const {
    batch.add(p9::Twalk{Client::root(), kTarget, {name("file")}});
  }
};

TEST_F(InFlight, C1_SixtyFourRequestsOnOneFidAreAnsweredInSomeOrder) {
  constexpr std::size_t kRequests = 64;
  serve();
  for (int round = 0; round < rounds_or(kRounds); ++round) {
    auto add = [&](Batch& batch, std::size_t i) {
      if (i == 0) return walk_to_file(batch);
      // The same requests both times: the round and the place decide.
      std::minstd_rand random(static_cast<unsigned>(round * 1000) + static_cast<unsigned>(i));
      random.discard(3);
      switch (random() % 8) {
        case 0:
          return batch.add(p9::Twalk{kTarget, kTarget, {}});
        case 1:
          return batch.add(p9::Tclunk{kTarget});
        case 2:
          return batch.add(p9::Tgetattr{kTarget, p9::kGetattrBasic});
        case 3:
          return batch.add(p9::Trename{kTarget, Client::root(), name("other")});
        case 4:
          return batch.add(p9::Tremove{kTarget});
        case 5:
          return batch.add(p9::Tlopen{kTarget, p9::kOpenRdwr});
        case 6:
          return batch.add(p9::Twrite{kTarget, 0, {}});
        default:
          return walk_to_file(batch);
      }
    };
    expect_serial_order(kRequests, add, "round " + std::to_string(round));
    if (HasFailure()) return;
  }
}

TEST_F(InFlight, C4_AFidThatBecomesAFileIsOneOrTheOther) {
  serve();
  for (int order = 0; order < 24; ++order) {
    auto add = [&](Batch& batch, std::size_t i) {
      if (i == 0) return batch.add(p9::Twalk{Client::root(), kTarget, {name("directory")}});
      int which[] = {0, 1, 2, 3};
      int code = order;  // a permutation by its number
      for (int at = 0; at < 3; ++at) {
        std::swap(which[at], which[at + code % (4 - at)]);
        code /= 4 - at;
      }
      switch (which[i - 1]) {
        case 0:
          return batch.add(p9::Tlcreate{kTarget, name("made"), p9::kOpenRdwr, 0644, p9::kNoGid});
        case 1:
          return batch.add(p9::Twalk{kTarget, kCopy, {name("inside")}});
        case 2:
          return batch.add(p9::Txattrwalk{kTarget, kNames, ""});
        default:
          return batch.add(p9::Trename{kTarget, Client::root(), name("moved")});
      }
    };
    expect_serial_order(5, add, "order " + std::to_string(order));
    // It is the directory that was moved, or the file that was made in it; never both, never
    // neither.
    bool moved = std::filesystem::is_directory(exported() / "moved");
    EXPECT_NE(std::filesystem::exists(exported() / "directory"), moved) << order;
  }
}

// The host takes the name away and gives it to other files while a client walks to, opens, links
// and reads it.
TEST_F(InFlight, C5_WhatLosesItsNameIsTheOldFileOrTheNewOne) {
  serve();
  path next = exported() / "next";
  Meanwhile host([&] {
    support::make_file(next, "abcdefghij");
    std::filesystem::rename(next, exported() / "file");
    std::filesystem::remove(exported() / "file");
    support::make_file(next, "0123456789");
    std::filesystem::rename(next, exported() / "file");
  });
  auto expected = [](const std::string& said) {
    return said == "ok" || said == "ENOENT" || said == "ESTALE" || said == "EEXIST";
  };
  int read = 0;
  for (int round = 0; round < rounds_or(kRounds * 10); ++round) {
    auto fid = client().walk("file");
    ASSERT_TRUE(expected(outcome(fid))) << outcome(fid);
    if (!fid) continue;
    std::string linked = outcome(client().call(p9::Tlink{Client::root(), *fid, name("second")}));
    EXPECT_TRUE(expected(linked)) << linked;
    (void)client().call(p9::Tunlinkat{Client::root(), name("second"), 0});
    std::string opened = outcome(client().open(*fid, p9::kOpenRdonly));
    ASSERT_TRUE(expected(opened)) << opened;
    if (opened != "ok") continue;
    auto text = client().read(*fid, 0, 100);
    ASSERT_EQ(outcome(text), "ok");
    std::string_view seen(reinterpret_cast<const char*>(text->data()), text->size());
    EXPECT_TRUE(seen == "0123456789" || seen == "abcdefghij") << seen;
    ++read;
  }
  host.stop();
  EXPECT_GT(read, 0);
}

TEST_F(InFlight, R6_EveryTagWithTheLargestReadIsAnswered) {
  constexpr uint32_t kTags = 65'535;
  constexpr uint32_t kMsize = 4096;
  support::make_file(exported() / "large", std::string(kMsize, 'x'));
  serve();
  ASSERT_EQ(outcome(client().version(kMsize)), "ok");
  ASSERT_EQ(outcome(client().attach(Client::root())), "ok");
  p9::Fid file = open("large", p9::kOpenRdonly).release();
  const uint32_t count = kMsize - 11;
  std::thread sender([&] {
    std::vector<std::byte> frames;
    for (uint32_t tag = 0; tag < kTags; ++tag) {
      auto frame =
          support::RawFrame::of(p9::Tag{static_cast<uint16_t>(tag)}, p9::Tread{file, 0, count});
      frames.insert(frames.end(), frame.begin(), frame.end());
    }
    EXPECT_EQ(outcome(client().connection().send_raw(frames)), "ok");
  });
  std::vector<int> answers(kTags, 0);
  for (uint32_t i = 0; i < kTags; ++i) {
    auto reply = client().connection().receive();
    if (!reply) break;
    auto read = as<p9::Rread>(*reply);
    if (read && read->data.size() == count) ++answers[reply->tag().value];
  }
  sender.join();
  EXPECT_EQ(answers, std::vector<int>(kTags, 1));
}

}  // namespace
}  // namespace suite
