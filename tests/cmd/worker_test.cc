// What a worker is given besides its jail.
#include "cmd/worker.h"

#include <gtest/gtest.h>

namespace cmd {
namespace {

TEST(OwnerOfNewFiles, IsTheHostsIdOfTheContainersRoot) {
  spec::IdMap ids{.uids = {{.container = 1000, .host = 5, .size = 1},
                           {.container = 0, .host = 100'000, .size = 1000}},
                  .gids = {{.container = 0, .host = 200'000, .size = 1}}};
  auto owner = owner_of_new_files(ids);
  ASSERT_TRUE(owner.has_value());
  EXPECT_EQ(owner->uid, 100'000U);
  EXPECT_EQ(owner->gid, 200'000U);
}

TEST(OwnerOfNewFiles, IsTheHostsRootWhereTheContainersIsNotMapped) {
  spec::IdMap ids{.uids = {{.container = 100'000, .host = 0, .size = 1000}},
                  .gids = {{.container = 5, .host = 7, .size = 1},
                           {.container = 200'000, .host = 0, .size = 1}}};
  auto owner = owner_of_new_files(ids);
  ASSERT_TRUE(owner.has_value());
  EXPECT_EQ(owner->uid, 0U);
  EXPECT_EQ(owner->gid, 0U);
}

TEST(OwnerOfNewFiles, IsAMappedOneWhereNeitherRootIsMapped) {
  spec::IdMap ids{.uids = {{.container = 1000, .host = 1001, .size = 1}},
                  .gids = {{.container = 0, .host = 7, .size = 1}}};
  auto owner = owner_of_new_files(ids);
  ASSERT_TRUE(owner.has_value());
  EXPECT_EQ(owner->uid, 1001U);
  EXPECT_EQ(owner->gid, 7U);
}

TEST(OwnerOfNewFiles, IsTheServerWhereNothingIsMapped) {
  EXPECT_FALSE(owner_of_new_files({}).has_value());
}

}  // namespace
}  // namespace cmd
