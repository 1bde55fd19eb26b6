// Hostile cases C3 and D4: more fids than descriptors, and names that are used again.
#include <sys/stat.h>

#include <random>
#include <string>
#include <vector>

#include "tests/suite/meanwhile.h"
#include "tests/suite/world.h"

namespace suite {
namespace {

class FidCases : public World {};

// More than a worker keeps descriptors for (gofer/attach_point.h): each use of one closes
// another's.
TEST_F(FidCases, C3_AFidWithoutADescriptorIsTheSameFileOrStale) {
  constexpr int kFiles = 2500;
  for (int i = 0; i < kFiles; ++i)
    support::make_file(exported() / "many" / std::to_string(i), std::to_string(i));
  serve();
  std::vector<UniqueFid> fids;
  std::vector<uint64_t> qids;
  for (int i = 0; i < kFiles; ++i) {
    fids.push_back(walk("many/" + std::to_string(i)));
    qids.push_back(client().getattr(fids.back())->qid.path);
  }
  // Every fifth name stands for another file now.
  for (int i = 0; i < kFiles; i += 5) {
    path file = exported() / "many" / std::to_string(i);
    support::make_file(exported() / "next", "another");
    std::filesystem::rename(exported() / "next", file);
  }
  std::minstd_rand random(7);
  int stale = 0;
  for (int round = 0; round < rounds_or(2 * kFiles); ++round) {
    auto i = random() % kFiles;
    auto attributes = client().getattr(fids[i]);
    if (attributes) {
      EXPECT_EQ(attributes->qid.path, qids[i]) << i;
      EXPECT_EQ(attributes->size, std::to_string(i).size()) << i;
      continue;
    }
    EXPECT_EQ(outcome(attributes), "ESTALE") << i;
    EXPECT_EQ(i % 5, 0U);
    ++stale;
  }
  EXPECT_GT(stale, 0);
}

TEST_F(FidCases, D4_NoSocketIsMadeWhereNoneMayBe) {
  serve();
  speak(p9::kNewestGoogle);
  for (uint32_t mode : {uint32_t{S_IFSOCK} | 0666, uint32_t{S_IFSOCK}}) {
    EXPECT_EQ(outcome(client().call(p9::Tmknod{Client::root(), name("s"), mode, 0, 0, p9::kNoGid})),
              "EPERM");
    EXPECT_EQ(outcome(client().call(
                  p9::Tumknod{Client::root(), name("s"), mode, 0, 0, p9::kNoGid, p9::kNoUname})),
              "EPERM");
  }
  EXPECT_FALSE(std::filesystem::exists(exported() / "s"));
}

TEST_F(FidCases, D4_SocketFilesMadeAgainAndAgainLeaveNothing) {
  serve({.make_socket = true, .uds = true});
  speak(p9::kNewestGoogle);
  std::size_t before = served().descriptors();
  for (int round = 0; round < rounds_or(500); ++round) {
    p9::Tmknod make{Client::root(), name("s"), S_IFSOCK | 0666, 0, 0, p9::kNoGid};
    ASSERT_EQ(outcome(client().call(make)), "ok");
    EXPECT_EQ(outcome(client().call(make)), "EEXIST");
    // Nobody listens there: the server makes the name alone.
    UniqueFid fid = walk("s");
    EXPECT_EQ(outcome(client().call(p9::Tlconnect{fid, p9::kSocketStream})), "ECONNREFUSED");
    ASSERT_EQ(outcome(client().call(p9::Tunlinkat{Client::root(), name("s"), 0})), "ok");
  }
  expect_alive();
  EXPECT_LE(served().descriptors(), before);
}

}  // namespace
}  // namespace suite
