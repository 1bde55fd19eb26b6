// Hostile case S7: what the host mounts below a tree that is being served. Only a worker's jail
// keeps it out: its mounts were cloned before, and hear of no later ones.
#include <sys/mount.h>

#include <string>

#include "tests/hostile/host_mounts.h"

namespace suite {
namespace {

class LaterMount : public HostMounts {
 protected:
  LaterMount() { support::make_file(exported() / "m" / "below", "below"); }
  // Through a fid from before, and by a new walk.
  void expect_as_before(p9::Fid held) {
    EXPECT_EQ(outcome(client().walk(held, "below")), "ok");
    EXPECT_EQ(client().read_file("m/below"), "below");
    for (const char* hidden : {"mounted", "secret"}) {
      EXPECT_EQ(outcome(client().walk(held, hidden)), "ENOENT") << hidden;
      EXPECT_EQ(outcome(client().stat(std::string("m/") + hidden)), "ENOENT") << hidden;
    }
    EXPECT_EQ(client().list("m")->size(), 1U);
    ASSERT_EQ(outcome(client().write_file("m/made", "made")), "ok");
    EXPECT_FALSE(std::filesystem::exists(exported() / "m" / "made"));  // it is below the mount
    EXPECT_EQ(outcome(client().call(p9::Tunlinkat{held, name("made"), 0})), "ok");
  }
};

TEST_F(LaterMount, S7_AFileSystemIsNotSeen) {
  serve();
  UniqueFid held = walk("m");
  mount_filesystem("tmpfs", "m");
  support::make_file(exported() / "m" / "mounted", "mounted");
  expect_as_before(held);
  // The worker holds nothing of it: it is not busy.
  EXPECT_EQ(::umount2((exported() / "m").c_str(), UMOUNT_NOFOLLOW), 0);
  EXPECT_EQ(client().read_file("m/below"), "below");
}

TEST_F(LaterMount, S7_TheOutsideMountedIntoTheTreeIsNotSeen) {
  serve();
  UniqueFid held = walk("m");
  mount_directory(outside(), "m");
  ASSERT_TRUE(std::filesystem::exists(exported() / "m" / "secret"));
  expect_as_before(held);
}

// The name is busy for the host, not for the client, who sees no mount there.
TEST_F(LaterMount, S7_AMountPointThatTheClientMovesOrRemovesHangsNobody) {
  serve();
  support::make_directory(exported() / "empty");
  mount_filesystem("tmpfs", "empty");
  std::string said =
      outcome(client().call(p9::Tunlinkat{Client::root(), name("empty"), p9::kUnlinkDirectory}));
  EXPECT_TRUE(said == "ok" || said == "EBUSY") << said;
  expect_alive();
  UniqueFid m = walk("m");
  mount_filesystem("tmpfs", "m");
  EXPECT_EQ(outcome(client().call(p9::Trename{m, Client::root(), name("moved")})), "ok");
  EXPECT_EQ(client().read_file("moved/below"), "below");
}

}  // namespace
}  // namespace suite
