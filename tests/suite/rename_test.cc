// Trename and Trenameat, and what becomes of fids when names move or go away.
#include <sys/stat.h>

#include <string>

#include "tests/suite/world.h"

namespace suite {
namespace {

class Rename : public World {
 protected:
  void SetUp() override {
    support::make_file(exported() / "from" / "file", "moved");
    support::make_file(exported() / "from" / "deep" / "below" / "leaf", "leaf");
    support::make_directory(exported() / "to");
    serve();
  }
  std::string renameat(std::string_view old_directory, std::string_view old_name,
                       std::string_view new_directory, std::string_view new_name) {
    UniqueFid from = walk(old_directory);
    UniqueFid to = walk(new_directory);
    return outcome(client().call(p9::Trenameat{from, name(old_name), to, name(new_name)}));
  }
  std::string unlinkat(std::string_view directory, std::string_view what, uint32_t flags = 0) {
    UniqueFid fid = walk(directory);
    return outcome(client().call(p9::Tunlinkat{fid, name(what), flags}));
  }
};
class Unlinked : public Rename {};

TEST_F(Rename, MovesBetweenDirectories) {
  EXPECT_EQ(renameat("from", "file", "to", "other"), "ok");
  EXPECT_EQ(support::read_file(exported() / "to" / "other"), "moved");
  EXPECT_EQ(outcome(client().stat("from/file")), "ENOENT");
}

TEST_F(Rename, ReplacesWhatIsThere) {
  support::make_file(exported() / "to" / "other", "old");
  EXPECT_EQ(renameat("from", "file", "to", "other"), "ok");
  EXPECT_EQ(support::read_file(exported() / "to" / "other"), "moved");
}

TEST_F(Rename, OntoItselfDoesNothing) {
  EXPECT_EQ(renameat("from", "file", "from", "file"), "ok");
  EXPECT_EQ(support::read_file(exported() / "from" / "file"), "moved");
}

TEST_F(Rename, RefusesWhatLinuxRefuses) {
  support::make_file(exported() / "to" / "full" / "x");
  EXPECT_EQ(renameat("from", "missing", "to", "x"), "ENOENT");
  EXPECT_EQ(renameat("from", "deep", "to", "full"), "ENOTEMPTY");
  EXPECT_EQ(renameat("from", "file", "to", "full"), "EISDIR");
  EXPECT_EQ(renameat("from", "deep", "from", "file"), "ENOTDIR");
  EXPECT_EQ(renameat("from", "deep", "from/deep/below", "inside"), "EINVAL");
  EXPECT_EQ(outcome(client().stat("from/deep/below/leaf")), "ok");
}

TEST_F(Rename, ByFidMovesTheFileAndTheFidWithIt) {
  UniqueFid file = walk("from/file");
  UniqueFid to = walk("to");
  ASSERT_EQ(outcome(client().call(p9::Trename{file, to, name("other")})), "ok");
  EXPECT_EQ(support::read_file(exported() / "to" / "other"), "moved");
  ASSERT_EQ(outcome(client().call(p9::Trename{file, Client::root(), name("third")})), "ok");
  EXPECT_EQ(support::read_file(exported() / "third"), "moved");
  EXPECT_EQ(outcome(client().open(file, p9::kOpenRdonly)), "ok");
}

TEST_F(Rename, OfTheRootIsRefused) {
  UniqueFid root = walk("");
  UniqueFid to = walk("to");
  EXPECT_NE(outcome(client().call(p9::Trename{root, to, name("x")})), "ok");
  expect_alive();
}

TEST_F(Rename, C2_FidsBelowAMovedDirectoryFollowIt) {
  UniqueFid deep = walk("from/deep");
  UniqueFid below = walk("from/deep/below");
  UniqueFid leaf = walk("from/deep/below/leaf");
  ASSERT_EQ(renameat("from", "deep", "to", "moved"), "ok");
  ASSERT_EQ(outcome(client().create(below, "made", p9::kOpenWronly, 0644)), "ok");
  EXPECT_TRUE(std::filesystem::exists(exported() / "to/moved/below/made"));
  EXPECT_EQ(outcome(client().walk(deep, "below/leaf")), "ok");
  ASSERT_EQ(outcome(client().call(p9::Trename{leaf, Client::root(), name("leaf")})), "ok");
  EXPECT_EQ(support::read_file(exported() / "leaf"), "leaf");
  EXPECT_EQ(outcome(client().call(p9::Tremove{below.release()})), "ENOTEMPTY");
}

TEST_F(Rename, ADirectoryThatTheHostMovesStaysUsable) {
  UniqueFid deep = walk("from/deep");
  std::filesystem::rename(exported() / "from" / "deep", exported() / "to" / "elsewhere");
  EXPECT_EQ(outcome(client().walk(deep, "below/leaf")), "ok");
  ASSERT_EQ(outcome(client().create(deep, "made", p9::kOpenWronly, 0644)), "ok");
  EXPECT_TRUE(std::filesystem::exists(exported() / "to/elsewhere/made"));
}

TEST_F(Unlinked, O9_OpenFilesGoOnWorking) {
  UniqueFid file = open("from/file", p9::kOpenRdwr);
  ASSERT_EQ(unlinkat("from", "file"), "ok");
  EXPECT_EQ(client().getattr(file)->nlink, 0U);
  EXPECT_EQ(outcome(client().write(file, 0, "still")), "ok");
  EXPECT_EQ(outcome(client().call(p9::Tfsync{file, {0}})), "ok");
  EXPECT_EQ(outcome(client().call(p9::Tsetattr{.fid = file, .valid = p9::kSetattrSize, .size = 2})),
            "ok");
  EXPECT_EQ(
      outcome(client().call(p9::Tsetattr{.fid = file, .valid = p9::kSetattrMode, .mode = 0600})),
      "ok");
  auto bytes = client().read(file, 0, 100);
  ASSERT_EQ(outcome(bytes), "ok");
  EXPECT_EQ(bytes->size(), 2U);
  EXPECT_EQ(client().getattr(file)->mode, S_IFREG | 0600U);
}

TEST_F(Unlinked, O9_WalkedFidsGoOnWorking) {
  UniqueFid file = walk("from/file");
  ASSERT_EQ(unlinkat("from", "file"), "ok");
  EXPECT_EQ(client().getattr(file)->nlink, 0U);
  EXPECT_EQ(outcome(client().call(p9::Tsetattr{.fid = file, .valid = p9::kSetattrSize, .size = 3})),
            "ok");
  EXPECT_EQ(client().getattr(file)->size, 3U);
  UniqueFid again = *client().clone(file);
  EXPECT_EQ(outcome(client().open(again, p9::kOpenRdwr)), "ok");
  EXPECT_EQ(outcome(client().write(again, 0, "x")), "ok");
}

// Its fid has had no descriptor but that of the open file.
TEST_F(Unlinked, O9_ClonesOfAFileThatWasJustMadeGoOnWorking) {
  UniqueFid directory = walk("from");
  auto made = client().create(directory, "made", p9::kOpenRdwr, 0644);
  ASSERT_EQ(outcome(made), "ok");
  const UniqueFid& file = *made;
  ASSERT_EQ(outcome(client().write(file, 0, "still")), "ok");
  ASSERT_EQ(unlinkat("from", "made"), "ok");
  UniqueFid again = *client().clone(file);
  EXPECT_EQ(client().getattr(again)->qid, client().getattr(file)->qid);
  EXPECT_EQ(client().getattr(again)->nlink, 0U);
  EXPECT_EQ(outcome(client().open(again, p9::kOpenRdonly)), "ok");
  EXPECT_EQ(client().read(again, 0, 100)->size(), 5U);
}

TEST_F(Unlinked, O9_FilesThatTheHostReplacedGoOnWorking) {
  UniqueFid file = open("from/file", p9::kOpenRdwr);
  UniqueFid walked = walk("from/file");
  support::make_file(exported() / "new", "new file");
  std::filesystem::rename(exported() / "new", exported() / "from" / "file");
  EXPECT_EQ(client().getattr(file)->nlink, 0U);
  EXPECT_EQ(client().getattr(walked)->qid, client().getattr(file)->qid);
  EXPECT_EQ(outcome(client().write(file, 0, "old one")), "ok");
  EXPECT_EQ(
      outcome(client().call(p9::Tsetattr{.fid = walked, .valid = p9::kSetattrSize, .size = 1})),
      "ok");
  EXPECT_EQ(support::read_file(exported() / "from" / "file"), "new file");
}

TEST_F(Unlinked, ReplacedByARenameGoOnWorking) {
  support::make_file(exported() / "to" / "other", "victim");
  UniqueFid victim = open("to/other", p9::kOpenRdwr);
  ASSERT_EQ(renameat("from", "file", "to", "other"), "ok");
  auto bytes = client().read(victim, 0, 100);
  ASSERT_EQ(outcome(bytes), "ok");
  EXPECT_EQ(bytes->size(), 6U);
  EXPECT_EQ(outcome(client().write(victim, 0, "gone")), "ok");
  EXPECT_EQ(support::read_file(exported() / "to" / "other"), "moved");
}

TEST_F(Unlinked, DirectoriesListNothingAndTakeNothing) {
  UniqueFid open_one = open("to", p9::kOpenRdonly | p9::kOpenDirectory);
  UniqueFid walked = walk("to");
  ASSERT_EQ(unlinkat("", "to", p9::kUnlinkDirectory), "ok");
  auto entries = client().list(open_one);
  if (entries) {
    EXPECT_TRUE(entries->empty());
  }
  EXPECT_EQ(outcome(client().getattr(walked)), "ok");
  EXPECT_EQ(outcome(client().walk(walked, "x")), "ENOENT");
  EXPECT_EQ(outcome(client().create(walked, "x", p9::kOpenWronly, 0644)), "ENOENT");
  EXPECT_EQ(outcome(client().call(p9::Tmkdir{walked, name("x"), 0755, p9::kNoGid})), "ENOENT");
}

TEST_F(Unlinked, S4_ALinkOfTheSameNameIsNotFollowed) {
  UniqueFid directory = walk("to");
  std::filesystem::remove(exported() / "to");
  support::make_symlink(exported() / "to", outside().native());
  EXPECT_EQ(outcome(client().walk(directory, "secret")), "ENOENT");
  EXPECT_EQ(outcome(client().create(directory, "x", p9::kOpenWronly, 0644)), "ENOENT");
  EXPECT_EQ(outcome(client().call(p9::Tmkdir{directory, name("x"), 0755, p9::kNoGid})), "ENOENT");
  auto opened = client().open(directory, p9::kOpenRdonly);
  if (opened) {
    auto listed = client().list(directory);
    EXPECT_TRUE(!listed || listed->empty());
  }
  (void)client().call(p9::Tsetattr{.fid = directory, .valid = p9::kSetattrMode, .mode = 0700});
}

}  // namespace
}  // namespace suite
