// What a worker may hold: how its descriptors are shared out, and what the options say.
#include "cmd/budgets.h"

#include <gtest/gtest.h>

namespace cmd {
namespace {

// RLIMIT_NOFILE counts the fixed descriptors, 0 to 5, and those that live for one request.
constexpr uint64_t kFixed = 6;
constexpr uint64_t kOfOneRequest = 4;

uint64_t descriptors(const gofer::Limits& limits) {
  return limits.open_files + limits.node_fds + limits.lock_owners;
}

TEST(Budgets, OfDescriptorsFitTogetherBelowTheLimit) {
  for (uint64_t fd_limit : {64U, 65U, 100U, 256U, 1024U, 4096U, 65'536U, 1U << 20}) {
    gofer::Limits limits = limits_of({.fd_limit = fd_limit});
    EXPECT_LE(descriptors(limits) + kFixed + kOfOneRequest, fd_limit);
    EXPECT_GE(descriptors(limits) + 20, fd_limit) << "hardly a descriptor is left unused";
    EXPECT_LE(limits.node_fds - limits.open_files, 1U);
    EXPECT_LE(limits.lock_owners, limits.open_files) << "a lock is taken through an open file";
  }
}

TEST(Budgets, OfTheSmallestWorkerStillServeSomething) {
  gofer::Limits limits = limits_of({.fd_limit = kFewestDescriptors});
  EXPECT_GE(limits.open_files, 20U);
  EXPECT_GE(limits.node_fds, 4U);
  EXPECT_GE(limits.lock_owners, 6U);
}

TEST(Budgets, OfDescriptorsLeaveRoomForThoseOfChannels) {
  for (unsigned channels : {1U, 4U}) {
    for (uint64_t fd_limit : {64U, 4096U}) {
      gofer::Limits limits = limits_of({.fd_limit = fd_limit}, channels);
      EXPECT_LE(descriptors(limits) + kFixed + 1 + 2 * channels + kOfOneRequest, fd_limit);
      EXPECT_GE(limits.node_fds, 4U);
    }
  }
}

TEST(Budgets, LeaveToNodesWhatOpenFilesDoNotGet) {
  for (unsigned channels : {0U, 4U}) {
    for (uint64_t fd_limit : {64U, 4096U, 1U << 20}) {
      const uint64_t all = descriptors(limits_of({.fd_limit = fd_limit}, channels));
      for (uint64_t open_files : {uint64_t{1}, most_open_files(fd_limit)}) {
        gofer::Limits limits =
            limits_of({.fd_limit = fd_limit, .open_files = open_files}, channels);
        EXPECT_EQ(limits.open_files, open_files);
        EXPECT_EQ(descriptors(limits), all);
        EXPECT_GE(limits.node_fds, 4U);
      }
    }
  }
}

TEST(Budgets, OfMemoryAreThoseOfTheServerUnlessTheyAreSaid) {
  gofer::Limits defaults;
  for (uint64_t fd_limit : {64U, 1U << 20}) {
    gofer::Limits limits = limits_of({.fd_limit = fd_limit});
    EXPECT_EQ(limits.fids, defaults.fids);
    EXPECT_EQ(limits.nodes, defaults.nodes);
    EXPECT_EQ(limits.lock_ranges, defaults.lock_ranges);
    EXPECT_EQ(limits.xattr_bytes, defaults.xattr_bytes);
    EXPECT_EQ(limits.msize, defaults.msize);
  }
  gofer::Limits limits =
      limits_of({.fids = 101, .nodes = 102, .xattr_bytes = 103'000, .locks = 104});
  EXPECT_EQ(limits.fids, 101U);
  EXPECT_EQ(limits.nodes, 102U);
  EXPECT_EQ(limits.xattr_bytes, 103'000U);
  EXPECT_EQ(limits.lock_ranges, 104U);
}

}  // namespace
}  // namespace cmd
