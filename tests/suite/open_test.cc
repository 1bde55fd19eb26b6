// Tlopen, Tlcreate, Tread, Twrite, Tfsync.
#include <sys/stat.h>

#include <cstring>
#include <string>

#include "tests/suite/world.h"

namespace suite {
namespace {

std::string text(p9::Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class Open : public World {
 protected:
  void SetUp() override {
    support::make_file(exported() / "file", "0123456789");
    support::make_directory(exported() / "directory");
    support::make_symlink(exported() / "link", "file");
    serve();
  }
  std::string try_open(std::string_view path, uint32_t flags) {
    UniqueFid fid = walk(path);
    return outcome(client().open(fid, flags));
  }
  std::string on_host(std::string_view path) const { return support::read_file(exported() / path); }
};
class Create : public Open {};
class Io : public Open {};

TEST_F(Open, AnswersTheFilesQid) {
  UniqueFid fid = walk("file");
  EXPECT_EQ(client().open(fid, p9::kOpenRdonly), client().stat("file")->qid);
}

TEST_F(Open, OfALinkNeverFollowsIt) {
  for (uint32_t flags :
       {p9::kOpenRdonly, p9::kOpenWronly, p9::kOpenRdwr, p9::kOpenRdonly | p9::kOpenTrunc}) {
    EXPECT_EQ(try_open("link", flags), "ELOOP") << flags;
  }
  EXPECT_EQ(on_host("file"), "0123456789");
}

TEST_F(Open, OfADirectoryIsForReadingOnly) {
  EXPECT_EQ(try_open("directory", p9::kOpenRdonly), "ok");
  EXPECT_EQ(try_open("directory", p9::kOpenRdonly | p9::kOpenDirectory), "ok");
  for (uint32_t flags : {p9::kOpenWronly, p9::kOpenRdwr, p9::kOpenRdonly | p9::kOpenTrunc}) {
    EXPECT_EQ(try_open("directory", flags), "EISDIR") << flags;
  }
}

TEST_F(Open, OfAFileAsADirectoryIsRefused) {
  EXPECT_EQ(try_open("file", p9::kOpenRdonly | p9::kOpenDirectory), "ENOTDIR");
}

TEST_F(Open, RO3_AccessModeThreeIsNone) {
  EXPECT_EQ(try_open("file", 3), "EINVAL");
}

TEST_F(Open, OfAnOpenFidIsRefusedAndLeavesItOpen) {
  UniqueFid fid = open("file", p9::kOpenRdonly);
  EXPECT_EQ(outcome(client().open(fid, p9::kOpenRdwr)), "EBADF");
  EXPECT_EQ(text(*client().read(fid, 0, 3)), "012");
}

TEST_F(Open, ThatFailsLeavesTheFidToBeOpenedAgain) {
  UniqueFid fid = walk("file");
  EXPECT_EQ(outcome(client().open(fid, 3)), "EINVAL");
  EXPECT_EQ(outcome(client().open(fid, p9::kOpenRdonly)), "ok");
}

TEST_F(Open, TruncatesWhenAskedTo) {
  EXPECT_EQ(try_open("file", p9::kOpenWronly | p9::kOpenTrunc), "ok");
  EXPECT_EQ(on_host("file"), "");
}

TEST_F(Open, IgnoresFlagsThatMeanNothingToAServer) {
  constexpr uint32_t kHarmless =
      p9::kOpenNoctty | p9::kOpenNonblock | p9::kOpenLargefile | p9::kOpenCloexec | p9::kOpenFasync;
  EXPECT_EQ(try_open("file", p9::kOpenRdwr | kHarmless), "ok");
}

TEST_F(Open, O8_EveryUnknownFlagIsIgnoredOrRefused) {
  for (uint32_t bit = 0x200000; bit != 0; bit <<= 1) {
    std::string said = try_open("file", p9::kOpenRdonly | bit);
    EXPECT_TRUE(said == "ok" || said == "EINVAL") << bit << ": " << said;
  }
  EXPECT_EQ(on_host("file"), "0123456789");
}

TEST_F(Create, MakesAFileAndOpensIt) {
  UniqueFid fid = walk("directory");
  auto reply = client().call(p9::Tlcreate{fid, name("new"), p9::kOpenRdwr | p9::kOpenLargefile,
                                          S_IFREG | 0640, p9::kNoGid});
  ASSERT_EQ(outcome(reply), "ok");
  EXPECT_EQ(reply->qid, client().stat("directory/new")->qid);
  EXPECT_EQ(outcome(client().write(fid, 0, "written")), "ok");
  EXPECT_EQ(text(*client().read(fid, 0, 100)), "written");
  EXPECT_EQ(on_host("directory/new"), "written");
  EXPECT_EQ(client().stat("directory/new")->mode, S_IFREG | 0640U);
}

TEST_F(Create, KeepsModeBitsWhateverTheUmask) {
  auto made = client().create(Client::root(), "open", p9::kOpenWronly, 0666);
  ASSERT_EQ(outcome(made), "ok");
  EXPECT_EQ(client().stat("open")->mode, S_IFREG | 0666U);
}

TEST_F(Create, D1_TypeBitsInTheModeMakeNothingButAFile) {
  constexpr mode_t kTypes[] = {S_IFBLK, S_IFCHR, S_IFIFO, S_IFDIR, S_IFLNK, S_IFSOCK};
  for (mode_t type : kTypes) {
    std::string where = "type" + std::to_string(type);
    auto made = client().create(Client::root(), where, p9::kOpenWronly, type | 0600);
    if (made) {
      EXPECT_TRUE(S_ISREG(client().stat(where)->mode)) << type;
    }
  }
}

TEST_F(Create, ExclusivelyRefusesWhatIsThere) {
  EXPECT_EQ(outcome(client().create(Client::root(), "file", p9::kOpenWronly | p9::kOpenExcl, 0644)),
            "EEXIST");
  EXPECT_EQ(outcome(client().create(Client::root(), "link", p9::kOpenWronly | p9::kOpenExcl, 0644)),
            "EEXIST");
  EXPECT_EQ(
      outcome(client().create(Client::root(), "directory", p9::kOpenWronly | p9::kOpenExcl, 0644)),
      "EEXIST");
  EXPECT_EQ(on_host("file"), "0123456789");
}

TEST_F(Create, NeverFollowsALink) {
  support::make_symlink(exported() / "dangling", "made");
  for (const char* link : {"link", "dangling"}) {
    EXPECT_NE(
        outcome(client().create(Client::root(), link, p9::kOpenWronly | p9::kOpenTrunc, 0644)),
        "ok");
  }
  EXPECT_EQ(on_host("file"), "0123456789");
  EXPECT_FALSE(std::filesystem::exists(exported() / "made"));
}

TEST_F(Create, InSomethingElseThanADirectoryIsRefused) {
  UniqueFid file = walk("file");
  EXPECT_EQ(outcome(client().create(file, "x", p9::kOpenWronly, 0644)), "ENOTDIR");
  UniqueFid link = walk("link");
  EXPECT_EQ(outcome(client().create(link, "x", p9::kOpenWronly, 0644)), "ENOTDIR");
}

TEST_F(Create, WithAccessModeThreeLeavesNothingBehind) {
  EXPECT_EQ(outcome(client().create(Client::root(), "half", 3, 0644)), "EINVAL");
  EXPECT_FALSE(std::filesystem::exists(exported() / "half"));
}

TEST_F(Create, InADirectoryThatIsGoneIsRefused) {
  UniqueFid directory = walk("directory");
  std::filesystem::remove(exported() / "directory");
  EXPECT_EQ(outcome(client().create(directory, "x", p9::kOpenWronly, 0644)), "ENOENT");
}

TEST_F(Io, ReadsFromAnyOffset) {
  UniqueFid fid = open("file", p9::kOpenRdonly);
  EXPECT_EQ(text(*client().read(fid, 0, 4)), "0123");
  EXPECT_EQ(text(*client().read(fid, 8, 100)), "89");
  EXPECT_EQ(text(*client().read(fid, 10, 100)), "");
  EXPECT_EQ(text(*client().read(fid, 1 << 20, 100)), "");
  EXPECT_EQ(text(*client().read(fid, 0, 0)), "");
}

TEST_F(Io, WritesWhereItIsTold) {
  UniqueFid fid = open("file", p9::kOpenWronly);
  EXPECT_EQ(outcome(client().write(fid, 2, "ab")), "ok");
  EXPECT_EQ(outcome(client().write(fid, 12, "cd")), "ok");
  EXPECT_EQ(on_host("file"), std::string("01ab456789\0\0cd", 14));
}

TEST_F(Io, OfNoBytesWritesNothing) {
  UniqueFid fid = open("file", p9::kOpenRdwr);
  auto reply = client().call(p9::Twrite{fid, 5, {}});
  ASSERT_EQ(outcome(reply), "ok");
  EXPECT_EQ(reply->count, 0U);
  EXPECT_EQ(on_host("file"), "0123456789");
}

TEST_F(Io, NeedsTheRightAccessMode) {
  UniqueFid reading = open("file", p9::kOpenRdonly);
  EXPECT_EQ(outcome(client().write(reading, 0, "x")), "EBADF");
  UniqueFid writing = open("file", p9::kOpenWronly);
  EXPECT_EQ(outcome(client().read(writing, 0, 1)), "EBADF");
}

TEST_F(Io, O2_OnAnUnopenedFidIsRefused) {
  UniqueFid fid = walk("file");
  EXPECT_EQ(outcome(client().read(fid, 0, 1)), "EBADF");
  EXPECT_EQ(outcome(client().write(fid, 0, "x")), "EBADF");
  EXPECT_EQ(outcome(client().call(p9::Tfsync{fid, {0}})), "EBADF");
  UniqueFid directory = walk("directory");
  EXPECT_EQ(outcome(client().call(p9::Treaddir{directory, 0, 1000})), "EBADF");
}

TEST_F(Io, OfADirectorysBytesIsRefused) {
  UniqueFid fid = open("directory", p9::kOpenRdonly);
  EXPECT_EQ(outcome(client().read(fid, 0, 100)), "EISDIR");
}

TEST_F(Io, AppendsWhereAskedTo) {
  UniqueFid fid = open("file", p9::kOpenWronly | p9::kOpenAppend);
  EXPECT_EQ(outcome(client().write(fid, 0, "tail")), "ok");
  EXPECT_EQ(on_host("file"), "0123456789tail");
}

TEST_F(Io, CarriesEveryByteOfALargeFile) {
  std::string large(3'000'001, '\0');
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * 7 + (i >> 8));
  ASSERT_EQ(outcome(client().write_file("large", large)), "ok");
  EXPECT_TRUE(on_host("large") == large);
  auto back = client().read_file("large");
  ASSERT_EQ(outcome(back), "ok");
  EXPECT_TRUE(*back == large);
}

TEST_F(Io, W6_NeverReadsMoreThanFitsAFrame) {
  support::make_file(exported() / "large", std::string(300'000, 'x'));
  ASSERT_EQ(outcome(client().version(8192)), "ok");
  ASSERT_EQ(outcome(client().attach(Client::root())), "ok");
  UniqueFid fid = open("large", p9::kOpenRdonly);
  for (uint32_t count :
       {0U, 1U, 8192U - 24, 8192U - 11, 8192U, 0x7fffffffU, 0xffffffe8U, 0xfffffff0U, UINT32_MAX}) {
    auto reply = client().call(p9::Tread{fid, 0, count});
    ASSERT_EQ(outcome(reply), "ok") << count;
    EXPECT_LE(reply->data.size(), std::min(count, 8192U - 11)) << count;
    EXPECT_EQ(reply->data.empty(), count == 0) << count;
  }
}

TEST_F(Io, W6_OffsetsThatNoFileHasAreRefused) {
  UniqueFid fid = open("file", p9::kOpenRdwr);
  for (uint64_t offset : {uint64_t{1} << 63, UINT64_MAX}) {
    EXPECT_EQ(outcome(client().read(fid, offset, 10)), "EINVAL") << offset;
    EXPECT_EQ(outcome(client().write(fid, offset, "x")), "EINVAL") << offset;
  }
  EXPECT_EQ(text(*client().read(fid, uint64_t{1} << 31, 10)), "");
  EXPECT_EQ(text(*client().read(fid, INT64_MAX, 10)), "");
  EXPECT_EQ(on_host("file"), "0123456789");
}

TEST_F(Io, R8_BeyondTheLargestFileIsRefused) {
  UniqueFid fid = open("file", p9::kOpenRdwr);
  std::string said = outcome(client().write(fid, INT64_MAX - 1, "xy"));
  EXPECT_TRUE(said == "EFBIG" || said == "EINVAL") << said;
  EXPECT_EQ(on_host("file"), "0123456789");
}

TEST_F(Io, FsyncsFilesAndDirectories) {
  UniqueFid file = open("file", p9::kOpenRdwr);
  UniqueFid directory = open("directory", p9::kOpenRdonly);
  for (uint32_t datasync : {0U, 1U}) {
    EXPECT_EQ(outcome(client().call(p9::Tfsync{file, {datasync}})), "ok");
    EXPECT_EQ(outcome(client().call(p9::Tfsync{directory, {datasync}})), "ok");
  }
}

}  // namespace
}  // namespace suite
