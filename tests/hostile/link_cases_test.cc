// Hostile cases S: links, and what must not be reached through them.
#include <fcntl.h>
#include <sys/stat.h>

#include <string>
#include <vector>

#include "tests/suite/world.h"

namespace suite {
namespace {

class LinkCases : public World {
 protected:
  LinkCases() {
    support::make_file(exported() / "file", "0123456789");
    support::make_symlink(exported() / "near", "file");
    support::make_symlink(exported() / "far", (outside() / "secret").native());
    support::make_symlink(exported() / "fifo", (outside() / "fifo").native());
    support::make_symlink(exported() / "way", outside().native());
  }
  void serve() {
    World::serve({.uds = true, .fifo = true});
    speak(p9::kNewestGoogle);
  }
};

TEST_F(LinkCases, S2_AreNeverOpenedWhateverTheFlags) {
  serve();
  for (const char* link : {"near", "far", "fifo", "way"}) {
    UniqueFid fid = walk(link);
    for (uint32_t access : {p9::kOpenRdonly, p9::kOpenWronly, p9::kOpenRdwr}) {
      EXPECT_EQ(outcome(client().open(fid, access)), "ELOOP") << link;
      for (uint32_t bit = 4; bit <= p9::kOpenSync; bit <<= 1) {
        std::string said = outcome(client().open(fid, access | bit));
        EXPECT_TRUE(said == "ELOOP" || said == "EINVAL") << link << " " << bit << ": " << said;
      }
    }
    EXPECT_NE(outcome(client().call(p9::Tlconnect{fid, p9::kSocketAny})), "ok") << link;
    EXPECT_NE(outcome(client().call(p9::Tallocate{fid, 0, 0, 100})), "ok") << link;
    // Creating without EXCL opens what is there, but no link.
    EXPECT_EQ(
        outcome(client().create(Client::root(), link, p9::kOpenWronly | p9::kOpenTrunc, 0644)),
        "ELOOP");
  }
  EXPECT_EQ(support::read_file(exported() / "file"), "0123456789");
}

TEST_F(LinkCases, S2_ThemselvesAreChangedLinkedMovedAndRemoved) {
  serve();
  for (const char* link : {"near", "far", "fifo", "way"}) {
    p9::Fid fid = walk(link).release();
    std::string target = std::filesystem::read_symlink(exported() / link).native();
    EXPECT_EQ(outcome(client().call(p9::Tsetattr{.fid = fid, .valid = p9::kSetattrSize})),
              "EINVAL");
    EXPECT_EQ(
        outcome(client().call(p9::Tsetattr{.fid = fid, .valid = p9::kSetattrMode, .mode = 0777})),
        "EOPNOTSUPP");
    EXPECT_EQ(outcome(client().call(p9::Tsetattr{
                  .fid = fid, .valid = p9::kSetattrUid | p9::kSetattrMtime, .uid = 77})),
              "ok");
    EXPECT_EQ(outcome(client().get_xattr(fid, "user.secret")), "ENODATA");
    EXPECT_EQ(outcome(client().call(p9::Tlink{Client::root(), fid, name("second")})), "ok");
    EXPECT_EQ(outcome(client().call(p9::Trename{fid, Client::root(), name("moved")})), "ok");
    EXPECT_EQ(std::filesystem::read_symlink(exported() / "moved").native(), target);
    EXPECT_EQ(client().readlink(fid), target);
    EXPECT_EQ(outcome(client().call(p9::Tremove{fid})), "ok");
    EXPECT_EQ(outcome(client().call(p9::Tunlinkat{Client::root(), name("second"), 0})), "ok");
  }
  EXPECT_EQ(client().list("")->size(), 1U);
}

// The client itself puts the link in the place of a directory whose fid it holds.
TEST_F(LinkCases, S4_AFidOfARemovedDirectoryNeverBecomesTheLinkInItsPlace) {
  support::make_directory(exported() / "d");
  serve();
  UniqueFid held = walk("d");
  UniqueFid opened = open("d", p9::kOpenRdonly);
  ASSERT_EQ(outcome(client().call(p9::Tunlinkat{Client::root(), name("d"), p9::kUnlinkDirectory})),
            "ok");
  ASSERT_EQ(outcome(client().call(
                p9::Tsymlink{Client::root(), name("d"), outside().native(), p9::kNoGid})),
            "ok");
  for (const UniqueFid* old : {&held, &opened}) {
    p9::Fid fid = *old;
    EXPECT_EQ(outcome(client().walk(fid, "secret")), "ENOENT");
    EXPECT_EQ(outcome(client().create(fid, "x", p9::kOpenWronly, 0644)), "ENOENT");
    EXPECT_EQ(outcome(client().call(p9::Tmkdir{fid, name("x"), 0755, p9::kNoGid})), "ENOENT");
    EXPECT_EQ(outcome(client().call(p9::Tumkdir{fid, name("x"), 0755, 0, 0})), "ENOENT");
    EXPECT_EQ(outcome(client().call(p9::Tsymlink{fid, name("x"), "y", p9::kNoGid})), "ENOENT");
    EXPECT_EQ(outcome(client().call(p9::Tunlinkat{fid, name("secret"), 0})), "ENOENT");
    // The directory lives on without a name; what is set is set on it alone.
    (void)client().call(p9::Tsetattr{.fid = fid, .valid = p9::kSetattrMode, .mode = 0777});
    (void)client().set_xattr(fid, "user.made", "x");
    EXPECT_EQ(client().getattr(fid)->qid.type, p9::kQidDirectory);
  }
  auto entries = client().list(opened);
  EXPECT_TRUE(!entries || entries->empty());
  EXPECT_TRUE(std::filesystem::is_symlink(exported() / "d"));
}

}  // namespace
}  // namespace suite
