// Tsymlink, Treadlink, Tlink, Tunlinkat, Tremove.
#include <string>

#include "tests/suite/world.h"

namespace suite {
namespace {

class Link : public World {};
class Unlink : public World {
 protected:
  std::string unlink(std::string_view what, uint32_t flags = 0) {
    return outcome(client().call(p9::Tunlinkat{Client::root(), name(what), flags}));
  }
};

TEST_F(Link, N5_SymlinkTargetsAreStoredAsTheyAre) {
  serve();
  int i = 0;
  for (const std::string& target :
       {std::string("/etc/passwd"), std::string("../../outside/secret"), std::string("/"),
        std::string("/proc/self/root"), std::string(4095, 't'), std::string("a//b/./..")}) {
    std::string where = "link" + std::to_string(i++);
    ASSERT_EQ(outcome(client().call(p9::Tsymlink{Client::root(), name(where), target, p9::kNoGid})),
              "ok");
    UniqueFid fid = walk(where);
    EXPECT_EQ(client().readlink(fid), target);
    EXPECT_EQ(std::filesystem::read_symlink(exported() / where).native(), target);
  }
}

TEST_F(Link, N5_ImpossibleSymlinkTargetsAreRefused) {
  serve();
  auto make = [&](std::string_view target) {
    return outcome(client().call(p9::Tsymlink{Client::root(), name("link"), target, p9::kNoGid}));
  };
  EXPECT_EQ(make(""), "ENOENT");
  EXPECT_EQ(make(std::string(4096, 't')), "ENAMETOOLONG");
  EXPECT_EQ(make(std::string(60000, 't')), "ENAMETOOLONG");
  EXPECT_EQ(make(std::string_view("a\0b", 3)), "EINVAL");
  EXPECT_TRUE(client().list("")->empty());
}

TEST_F(Link, O4_ReadlinkOfAnythingElseIsRefused) {
  support::make_file(exported() / "file");
  serve();
  UniqueFid file = walk("file");
  EXPECT_EQ(outcome(client().readlink(file)), "EINVAL");
  EXPECT_EQ(outcome(client().readlink(Client::root())), "EINVAL");
}

TEST_F(Link, HardLinksNameTheSameFile) {
  support::make_file(exported() / "file", "text");
  support::make_directory(exported() / "directory");
  serve();
  UniqueFid file = walk("file");
  UniqueFid directory = walk("directory");
  ASSERT_EQ(outcome(client().call(p9::Tlink{directory, file, name("other")})), "ok");
  EXPECT_EQ(client().stat("directory/other")->qid.path, client().stat("file")->qid.path);
  EXPECT_EQ(client().getattr(file)->nlink, 2U);
  EXPECT_EQ(outcome(client().call(p9::Tlink{directory, file, name("other")})), "EEXIST");
}

TEST_F(Link, O5_OfDirectoriesIsRefusedAndOfLinksActsOnTheLink) {
  support::make_directory(exported() / "directory");
  support::make_symlink(exported() / "link", "/etc/passwd");
  serve();
  UniqueFid directory = walk("directory");
  EXPECT_EQ(outcome(client().call(p9::Tlink{Client::root(), directory, name("x")})), "EPERM");
  UniqueFid link = walk("link");
  ASSERT_EQ(outcome(client().call(p9::Tlink{Client::root(), link, name("again")})), "ok");
  EXPECT_EQ(std::filesystem::read_symlink(exported() / "again").native(), "/etc/passwd");
}

TEST_F(Unlink, RemovesFilesAndWithTheFlagDirectories) {
  support::make_file(exported() / "file");
  support::make_directory(exported() / "directory");
  support::make_file(exported() / "full" / "file");
  serve();
  EXPECT_EQ(unlink("directory"), "EISDIR");
  EXPECT_EQ(unlink("file", p9::kUnlinkDirectory), "ENOTDIR");
  EXPECT_EQ(unlink("full", p9::kUnlinkDirectory), "ENOTEMPTY");
  EXPECT_EQ(unlink("missing"), "ENOENT");
  EXPECT_EQ(unlink("file"), "ok");
  EXPECT_EQ(unlink("directory", p9::kUnlinkDirectory), "ok");
  EXPECT_EQ(client().list("")->size(), 1U);
}

TEST_F(Unlink, O8_RefusesEveryUnknownFlag) {
  support::make_file(exported() / "file");
  serve();
  for (uint32_t bit = 1; bit != 0; bit <<= 1)
    if (bit != p9::kUnlinkDirectory) {
      EXPECT_EQ(unlink("file", bit), "EINVAL") << bit;
    }
  EXPECT_EQ(outcome(client().stat("file")), "ok");
}

TEST_F(Unlink, OfALinkRemovesTheLink) {
  support::make_file(exported() / "file");
  support::make_symlink(exported() / "link", "file");
  serve();
  EXPECT_EQ(unlink("link"), "ok");
  EXPECT_TRUE(std::filesystem::exists(exported() / "file"));
}

TEST_F(Unlink, RemoveTakesEitherKindAndClunks) {
  support::make_file(exported() / "file");
  support::make_directory(exported() / "directory");
  serve();
  for (const char* where : {"file", "directory"}) {
    p9::Fid fid = walk(where).release();
    EXPECT_EQ(outcome(client().call(p9::Tremove{fid})), "ok") << where;
    EXPECT_EQ(outcome(client().getattr(fid)), "EBADF") << where;
  }
  EXPECT_TRUE(client().list("")->empty());
}

TEST_F(Unlink, O7_RemoveThatFailsClunksAllTheSame) {
  support::make_file(exported() / "full" / "file");
  serve();
  p9::Fid fid = walk("full").release();
  EXPECT_EQ(outcome(client().call(p9::Tremove{fid})), "ENOTEMPTY");
  EXPECT_EQ(outcome(client().getattr(fid)), "EBADF");
}

TEST_F(Unlink, RemoveOfTheRootIsRefused) {
  serve();
  p9::Fid fid = walk("").release();
  EXPECT_NE(outcome(client().call(p9::Tremove{fid})), "ok");
  EXPECT_EQ(outcome(client().getattr(fid)), "EBADF");
  expect_alive();
}

TEST_F(Unlink, RemoveNeverTakesWhatHasReplacedTheFile) {
  support::make_file(exported() / "file", "old");
  serve();
  p9::Fid fid = walk("file").release();
  std::filesystem::rename(exported() / "file", exported() / "moved");
  support::make_file(exported() / "file", "new");
  (void)client().call(p9::Tremove{fid});
  EXPECT_EQ(support::read_file(exported() / "file"), "new");
}

}  // namespace
}  // namespace suite
