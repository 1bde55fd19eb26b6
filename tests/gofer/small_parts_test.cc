// QidMap, open flags, fid table, names and budget: the parts that know no other part.
#include <fcntl.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>

#include "gofer/fid_table.h"
#include "gofer/node_name.h"
#include "gofer/open_flags.h"
#include "gofer/qid_map.h"
#include "tests/support/outcome.h"

namespace gofer {
namespace {

using support::outcome;

constexpr uint64_t kHigh = uint64_t{1} << 48;

TEST(QidMap, ShowsTheInodeNumbersOfTheFirstDevice) {
  QidMap map;
  EXPECT_EQ(map.path(77, 12345), 12345U);
  EXPECT_EQ(map.path(77, kHigh - 1), kHigh - 1);
}

TEST(QidMap, GivesOneFileAlwaysTheSameNumber) {
  QidMap map;
  uint64_t first = *map.path(2, 9);
  EXPECT_EQ(map.path(3, 9), map.path(3, 9));
  EXPECT_EQ(map.path(2, 9), first);
}

TEST(QidMap, I1_KeepsMoreThanAFewHundredDevicesApart) {
  QidMap map;
  std::set<uint64_t> seen;
  for (uint64_t device = 0; device < 1000; ++device) {
    for (uint64_t inode : {uint64_t{2}, uint64_t{3}, kHigh + 2, (kHigh << 8) + 2})
      EXPECT_TRUE(seen.insert(*map.path(device, inode)).second) << device << " " << inode;
  }
}

TEST(QidMap, I2_KeepsInodeNumbersThatDifferInTheHighestBitsApart) {
  QidMap map;
  std::set<uint64_t> seen;
  for (unsigned bit = 0; bit < 64; ++bit)
    EXPECT_TRUE(seen.insert(*map.path(1, uint64_t{1} << bit)).second) << bit;
}

TEST(QidMap, ListsSingleFilesWhenTheIndicesAreTaken) {
  QidMap map(2, 3);
  std::set<uint64_t> seen{*map.path(0, 7), *map.path(1, 7)};
  for (uint64_t device = 2; device < 5; ++device)
    EXPECT_TRUE(seen.insert(*map.path(device, 7)).second);
  EXPECT_EQ(map.path(4, 7), map.path(4, 7));
  EXPECT_EQ(seen.size(), 5U);
}

TEST(QidMap, RefusesTheFirstFileThatWouldCollide) {
  QidMap map(1, 1);
  EXPECT_EQ(outcome(map.path(0, 1)), "ok");
  EXPECT_EQ(outcome(map.path(1, 1)), "ok");
  EXPECT_EQ(outcome(map.path(2, 1)), "EOVERFLOW");
  EXPECT_EQ(outcome(map.path(0, 99)), "ok");
}

TEST(OpenFlags, AreTranslatedByTable) {
  struct Row {
    uint32_t wire;
    int host;
  };
  for (auto [wire, flags] :
       {Row{p9::kOpenRdonly, O_RDONLY}, Row{p9::kOpenWronly, O_WRONLY}, Row{p9::kOpenRdwr, O_RDWR},
        Row{p9::kOpenRdonly | p9::kOpenTrunc, O_RDONLY | O_TRUNC},
        Row{p9::kOpenWronly | p9::kOpenAppend, O_WRONLY | O_APPEND},
        Row{p9::kOpenRdwr | p9::kOpenDsync, O_RDWR | O_DSYNC},
        Row{p9::kOpenRdwr | p9::kOpenSync | p9::kOpenDsync, O_RDWR | O_SYNC},
        Row{p9::kOpenRdonly | p9::kOpenAppend | p9::kOpenSync, O_RDONLY}}) {
    auto mode = parse_open_flags(wire);
    ASSERT_EQ(outcome(mode), "ok") << wire;
    EXPECT_EQ(mode->flags, flags) << wire;
  }
}

TEST(OpenFlags, ThatMeanNothingHereAreIgnored) {
  for (uint32_t wire :
       {p9::kOpenCreate, p9::kOpenNoctty, p9::kOpenNonblock, p9::kOpenFasync, p9::kOpenDirect,
        p9::kOpenLargefile, p9::kOpenNofollow, p9::kOpenNoatime, p9::kOpenCloexec}) {
    auto mode = parse_open_flags(p9::kOpenRdwr | wire);
    ASSERT_EQ(outcome(mode), "ok") << wire;
    EXPECT_EQ(mode->flags, O_RDWR) << wire;
  }
}

TEST(OpenFlags, O8_ThatNobodyDefinedAreRefused) {
  for (unsigned bit = 21; bit < 32; ++bit)
    EXPECT_EQ(outcome(parse_open_flags(uint32_t{1} << bit)), "EINVAL") << bit;
}

TEST(OpenFlags, RO3_AccessModeThreeIsRefused) {
  EXPECT_EQ(outcome(parse_open_flags(3)), "EINVAL");
  EXPECT_EQ(outcome(parse_open_flags(3 | p9::kOpenTrunc)), "EINVAL");
}

TEST(FidTable, KnowsOnlyWhatWasInserted) {
  FidTable fids(10);
  EXPECT_EQ(outcome(fids.find(p9::Fid{4})), "EBADF");
  EXPECT_EQ(outcome(fids.insert(p9::Fid{4}, {.uid = 7})), "ok");
  EXPECT_EQ((*fids.find(p9::Fid{4}))->uid, 7U);
  fids.erase(p9::Fid{4});
  EXPECT_EQ(outcome(fids.find(p9::Fid{4})), "EBADF");
}

TEST(FidTable, RefusesAFidInUseAndNofid) {
  FidTable fids(10);
  ASSERT_EQ(outcome(fids.insert(p9::Fid{0}, {})), "ok");
  EXPECT_EQ(outcome(fids.insert(p9::Fid{0}, {})), "EBADF");
  EXPECT_EQ(outcome(fids.insert(p9::Fid{p9::kNoFid}, {})), "EBADF");
  EXPECT_EQ(fids.size(), 1U);
}

TEST(FidTable, R3_EndsAtItsLimitAndRecovers) {
  FidTable fids(2);
  ASSERT_EQ(outcome(fids.insert(p9::Fid{1}, {})), "ok");
  ASSERT_EQ(outcome(fids.insert(p9::Fid{2}, {})), "ok");
  EXPECT_EQ(outcome(fids.insert(p9::Fid{3}, {})), "EMFILE");
  fids.erase(p9::Fid{1});
  EXPECT_EQ(outcome(fids.insert(p9::Fid{3}, {})), "ok");
}

// Against a map: fids in a row, and far from each other; growing, shrinking.
TEST(FidTable, HoldsWhateverFidsAClientThinksOf) {
  for (uint32_t step : {1U, 0x10000U, 0x9e3779b9U}) {
    FidTable fids(2000);
    std::map<uint32_t, uint32_t> model;
    std::mt19937 random(step);
    auto any = [&] { return static_cast<uint32_t>(random() % 1500) * step; };
    for (uint32_t round = 0; round < 40'000; ++round) {
      bool grows = round / 5000 % 2 == 0;
      uint32_t fid = any();
      if (random() % 4 < (grows ? 3U : 1U)) {
        bool added = model.emplace(fid, round).second;
        EXPECT_EQ(outcome(fids.insert(p9::Fid{fid}, {.uid = round})), added ? "ok" : "EBADF");
      } else {
        fids.erase(p9::Fid{fid});
        model.erase(fid);
      }
      ASSERT_EQ(fids.size(), model.size());
      fid = any();
      auto known = model.find(fid);
      auto found = fids.find(p9::Fid{fid});
      ASSERT_EQ(found.has_value(), known != model.end()) << fid;
      if (found) {
        ASSERT_EQ((*found)->uid, known->second);
      }
    }
    for (auto [fid, uid] : model) ASSERT_EQ((*fids.find(p9::Fid{fid}))->uid, uid);
    fids.clear();
    EXPECT_EQ(fids.size(), 0U);
    for (auto [fid, uid] : model) ASSERT_EQ(outcome(fids.find(p9::Fid{fid})), "EBADF");
  }
}

TEST(NodeName, HoldsShortAndLongNamesAlike) {
  NodeName name("");
  for (std::size_t size : {0U, 1U, 14U, 15U, 255U, 765U, 65535U, 14U, 3U, 16U}) {
    std::string text(size, 'n');
    name.set(text);
    EXPECT_EQ(name.view(), text);
  }
}

TEST(Budget, GetsEveryShareBackOnce) {
  Budget budget(2);
  {
    auto one = budget.take(1, EMFILE);
    auto two = budget.take(1, EMFILE);
    EXPECT_EQ(outcome(budget.take(1, EMFILE)), "EMFILE");
    Budget::Share moved = *std::move(one);
    EXPECT_EQ(budget.used(), 2U);
    *two = std::move(moved);
  }
  EXPECT_EQ(budget.used(), 0U);
}

}  // namespace
}  // namespace gofer
