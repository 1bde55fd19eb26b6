// What a worker is given besides its jail.
#include "cmd/worker.h"

#include <gtest/gtest.h>

namespace cmd {
namespace {

// RLIMIT_NOFILE counts the fixed descriptors, 0 to 5, and those that live for one request.
constexpr uint64_t kFixed = 6;
constexpr uint64_t kOfOneRequest = 4;

TEST(Limits, OfDescriptorsFitTogetherBelowTheLimit) {
  for (uint64_t fd_limit : {64U, 65U, 100U, 256U, 1024U, 4096U, 65'536U, 1U << 20}) {
    gofer::Limits limits = limits_of(fd_limit);
    uint64_t all = limits.open_files + limits.node_fds + limits.lock_owners;
    EXPECT_LE(all + kFixed + kOfOneRequest, fd_limit);
    EXPECT_GE(all + 20, fd_limit) << "hardly a descriptor is left unused";
    EXPECT_EQ(limits.open_files, limits.node_fds);
    EXPECT_LE(limits.lock_owners, limits.open_files) << "a lock is taken through an open file";
  }
}

TEST(Limits, OfTheSmallestWorkerStillServeSomething) {
  gofer::Limits limits = limits_of(64);
  EXPECT_GE(limits.open_files, 20U);
  EXPECT_GE(limits.node_fds, 4U);
  EXPECT_GE(limits.lock_owners, 6U);
}

TEST(Limits, OfDescriptorsLeaveRoomForThoseOfChannels) {
  for (unsigned channels : {1U, 4U}) {
    for (uint64_t fd_limit : {64U, 4096U}) {
      gofer::Limits limits = limits_of(fd_limit, channels);
      uint64_t all = limits.open_files + limits.node_fds + limits.lock_owners;
      EXPECT_LE(all + kFixed + 1 + 2 * channels + kOfOneRequest, fd_limit);
      EXPECT_GE(limits.node_fds, 4U);
    }
  }
}

TEST(Limits, OfMemoryDoNotDependOnDescriptors) {
  gofer::Limits defaults;
  for (uint64_t fd_limit : {64U, 1U << 20}) {
    gofer::Limits limits = limits_of(fd_limit);
    EXPECT_EQ(limits.fids, defaults.fids);
    EXPECT_EQ(limits.nodes, defaults.nodes);
    EXPECT_EQ(limits.lock_ranges, defaults.lock_ranges);
    EXPECT_EQ(limits.xattr_bytes, defaults.xattr_bytes);
    EXPECT_EQ(limits.msize, defaults.msize);
  }
}

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
