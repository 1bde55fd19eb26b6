// Txattrwalk, Txattrcreate, and Tread, Twrite and Tclunk on what they make.
#include <sys/xattr.h>

#include <cerrno>
#include <string>
#include <vector>

#include "tests/suite/xattr_world.h"

namespace suite {
namespace {

class XattrRead : public XattrWorld {};
class XattrWrite : public XattrWorld {};

TEST_F(XattrRead, AnswersWhatTheHostStored) {
  set_on_host("file", "user.one", "1");
  set_on_host("file", "user.empty", "");
  set_on_host("directory", "user.of directory", std::string("\0\xff\n", 3));
  serve();
  EXPECT_EQ(get("file", "user.one"), "1");
  EXPECT_EQ(get("file", "user.empty"), "");
  EXPECT_EQ(get("directory", "user.of directory"), std::string("\0\xff\n", 3));
  EXPECT_EQ(get("file", "user.missing"), "ENODATA");
  EXPECT_EQ(get("", "user.missing"), "ENODATA");
}

TEST_F(XattrRead, ListsEveryNameWithItsNul) {
  set_on_host("file", "user.one", "1");
  set_on_host("file", "user.two", "2");
  serve();
  EXPECT_EQ(names_of("file"), (std::vector<std::string>{"user.one", "user.two"}));
  EXPECT_EQ(names_of("directory"), std::vector<std::string>{});
  EXPECT_EQ(names_of(""), std::vector<std::string>{});
}

TEST_F(XattrRead, AValueIsThatOfTheMomentOfTheWalk) {
  set_on_host("file", "user.a", "before");
  serve();
  p9::Fid value = snapshot("file", "user.a");
  p9::Fid list = snapshot("file", "");
  set_on_host("file", "user.a", "something longer than before");
  set_on_host("file", "user.b", "");
  EXPECT_EQ(read(value, 0, 100), "before");
  EXPECT_EQ(read(list, 0, 100), std::string("user.a\0", 7));
  std::filesystem::remove(exported() / "file");
  EXPECT_EQ(read(value, 2, 3), "for");
}

TEST_F(XattrRead, InPiecesIsTheSame) {
  std::string value = pattern(1000);
  set_on_host("file", "user.a", value);
  serve();
  p9::Fid fid = snapshot("file", "user.a");
  for (uint32_t piece : {1U, 7U, 333U, 1000U, 5000U}) {
    std::string all;
    for (std::string some; !(some = read(fid, all.size(), piece)).empty();) all += some;
    EXPECT_EQ(all, value) << piece;
  }
}

TEST_F(XattrRead, W6_AnyCountAtAnyOffsetStaysWithinTheValue) {
  std::string value = pattern(300);
  set_on_host("file", "user.a", value);
  serve();
  p9::Fid fid = snapshot("file", "user.a");
  uint32_t msize = client().msize();
  for (uint32_t count : {0U, 1U, msize - 24, msize - 23, msize - 11, msize, 0x7fffffffU,
                         0xffffffe8U, 0xfffffff0U, UINT32_MAX}) {
    for (uint64_t offset :
         {uint64_t{0}, uint64_t{299}, uint64_t{300}, uint64_t{301}, uint64_t{1} << 31,
          (uint64_t{1} << 63) - 1, uint64_t{1} << 63, UINT64_MAX - 1, UINT64_MAX}) {
      std::string expected = offset < 300 ? value.substr(offset, count) : "";
      EXPECT_EQ(read(fid, offset, count), expected) << count << " at " << offset;
    }
  }
}

TEST_F(XattrRead, GoesThroughOpenAndUnlinkedFiles) {
  set_on_host("file", "user.a", "value");
  serve();
  UniqueFid walked = walk("file");
  UniqueFid opened = open("file", p9::kOpenWronly);
  UniqueFid directory = open("directory", p9::kOpenRdonly);
  std::filesystem::remove(exported() / "file");
  EXPECT_EQ(outcome(client().get_xattr(directory, "")), "ok");
  EXPECT_EQ(client().get_xattr(walked, "user.a"), "value");
  EXPECT_EQ(client().get_xattr(opened, "user.a"), "value");
  EXPECT_EQ(client().get_xattr(opened, ""), std::string("user.a\0", 7));
}

TEST_F(XattrRead, IntoAFidThatIsTakenIsRefused) {
  set_on_host("file", "user.a", "value");
  serve();
  UniqueFid file = walk("file");
  for (p9::Fid taken : {Client::root(), p9::Fid(file), p9client::kNoFid}) {
    EXPECT_EQ(outcome(client().call(p9::Txattrwalk{file, taken, "user.a"})), "EBADF");
  }
  EXPECT_EQ(client().getattr(file)->size, 10U);
}

TEST_F(XattrRead, ThatFailsLeavesTheNewFidFree) {
  serve();
  UniqueFid file = walk("file");
  p9::Fid fid = client().new_fid();
  for (const char* missing : {"user.missing", "trusted.a", "security.a"})
    EXPECT_NE(outcome(client().call(p9::Txattrwalk{file, fid, missing})), "ok");
  EXPECT_EQ(outcome(client().call(p9::Tclunk{fid})), "EBADF");
}

TEST_F(XattrRead, X5_OutlivesTheFidItWasWalkedFrom) {
  set_on_host("file", "user.a", "value");
  serve();
  p9::Fid file = walk("file").release();
  p9::Fid first = client().new_fid();
  p9::Fid second = client().new_fid();
  ASSERT_EQ(outcome(client().call(p9::Txattrwalk{file, first, "user.a"})), "ok");
  ASSERT_EQ(outcome(client().call(p9::Txattrwalk{file, second, "user.a"})), "ok");
  ASSERT_EQ(outcome(client().call(p9::Tclunk{first})), "ok");
  ASSERT_EQ(outcome(client().call(p9::Tremove{file})), "ok");
  EXPECT_EQ(read(second, 0, 100), "value");
  EXPECT_EQ(outcome(client().call(p9::Tclunk{second})), "ok");
  EXPECT_EQ(outcome(client().call(p9::Tread{second, 0, 1})), "EBADF");
}

TEST_F(XattrWrite, IsSeenByTheHost) {
  serve();
  EXPECT_EQ(set("file", "user.a", "value"), "ok");
  EXPECT_EQ(set("directory", "user.d", "of a directory"), "ok");
  EXPECT_EQ(set("", "user.r", "of the root"), "ok");
  EXPECT_EQ(on_host("file", "user.a"), "value");
  EXPECT_EQ(on_host("directory", "user.d"), "of a directory");
  EXPECT_EQ(on_host("", "user.r"), "of the root");
}

TEST_F(XattrWrite, X1_ReadsBackAsWrittenAtEverySize) {
  serve();
  for (std::size_t size : {0U, 1U, 2U, 7U, 8U, 9U, 63U, 64U, 65U, 255U, 256U, 257U, 1000U, 3000U}) {
    std::string value = pattern(size);
    ASSERT_EQ(set("file", "user.a", value), "ok") << size;
    EXPECT_EQ(get("file", "user.a"), value) << size;
    EXPECT_EQ(on_host("file", "user.a"), value) << size;
  }
}

TEST_F(XattrWrite, InPiecesIsSetAsAWholeByTheClunk) {
  serve();
  p9::Fid fid = draft("file", "user.a", 10);
  EXPECT_EQ(write(fid, 0, "012"), "3");
  EXPECT_EQ(write(fid, 3, "3"), "1");
  EXPECT_EQ(write(fid, 4, ""), "0");
  EXPECT_EQ(write(fid, 4, "456789"), "6");
  EXPECT_EQ(on_host("file", "user.a"), "(none)");
  EXPECT_EQ(clunk(fid), "ok");
  EXPECT_EQ(on_host("file", "user.a"), "0123456789");
  EXPECT_EQ(clunk(fid), "EBADF");
}

TEST_F(XattrWrite, X1_WithFewerBytesThanAnnouncedSetsNothing) {
  set_on_host("file", "user.old", "old");
  serve();
  for (const char* attribute : {"user.a", "user.old"}) {
    for (std::size_t written : {0U, 1U, 15U}) {
      p9::Fid fid = draft("file", attribute, 16);
      EXPECT_EQ(write(fid, 0, pattern(written)), std::to_string(written));
      EXPECT_EQ(clunk(fid), "EINVAL") << written;
      EXPECT_EQ(clunk(fid), "EBADF") << written;
    }
  }
  EXPECT_EQ(on_host("file", "user.a"), "(none)");
  EXPECT_EQ(on_host("file", "user.old"), "old");
}

TEST_F(XattrWrite, X1_MoreBytesThanAnnouncedAreRefusedAndTheRestStays) {
  serve();
  p9::Fid fid = draft("file", "user.a", 4);
  EXPECT_EQ(write(fid, 0, "01234"), "EINVAL");
  EXPECT_EQ(write(fid, 0, "0123"), "4");
  EXPECT_EQ(write(fid, 4, "4"), "EINVAL");
  EXPECT_EQ(clunk(fid), "ok");
  EXPECT_EQ(on_host("file", "user.a"), "0123");
}

TEST_F(XattrWrite, X1_AValueOnItsWayCannotBeRead) {
  serve();
  p9::Fid fid = draft("file", "user.a", 3000);
  EXPECT_EQ(read(fid, 0, 3000), "EBADF");
  EXPECT_EQ(write(fid, 0, "written"), "7");
  EXPECT_EQ(read(fid, 0, 3000), "EBADF");
  EXPECT_EQ(clunk(fid), "EINVAL");
}

TEST_F(XattrWrite, X2_SizesBeyond64KiBAreRefusedAndLeaveTheFidAsItWas) {
  serve();
  UniqueFid file = walk("file");
  for (uint64_t size : {uint64_t{65537}, uint64_t{1} << 31, uint64_t{1} << 32, uint64_t{1} << 62,
                        uint64_t{1} << 63, UINT64_MAX}) {
    EXPECT_EQ(outcome(client().call(p9::Txattrcreate{file, "user.a", size, 0})), "E2BIG") << size;
  }
  EXPECT_EQ(client().getattr(file)->size, 10U);
  EXPECT_EQ(outcome(client().open(file, p9::kOpenRdonly)), "ok");
}

TEST_F(XattrWrite, X2_GapsOverlapsAndOffsetsBeyondTheSizeAreRefused) {
  serve();
  p9::Fid fid = draft("file", "user.a", 8);
  for (uint64_t offset : {uint64_t{1}, uint64_t{7}, uint64_t{8}, uint64_t{9}, uint64_t{1} << 63,
                          UINT64_MAX - 2, UINT64_MAX})
    EXPECT_EQ(write(fid, offset, "xyz"), "EINVAL") << offset;
  EXPECT_EQ(write(fid, 0, "abcd"), "4");
  for (uint64_t offset : {uint64_t{0}, uint64_t{2}, uint64_t{3}, uint64_t{5}, UINT64_MAX})
    EXPECT_EQ(write(fid, offset, "xyz"), "EINVAL") << offset;
  EXPECT_EQ(write(fid, 4, "efgh"), "4");
  EXPECT_EQ(clunk(fid), "ok");
  EXPECT_EQ(on_host("file", "user.a"), "abcdefgh");
}

TEST_F(XattrWrite, X4_NeedsAFidThatIsNothingElseYet) {
  set_on_host("file", "user.a", "value");
  serve();
  UniqueFid opened = open("file", p9::kOpenRdwr);
  UniqueFid directory = open("directory", p9::kOpenRdonly);
  p9::Fid read_only = snapshot("file", "user.a");
  p9::Fid fid = draft("file", "user.b", 3);
  for (p9::Fid busy : {p9::Fid(opened), p9::Fid(directory), read_only, fid}) {
    EXPECT_EQ(outcome(client().call(p9::Txattrcreate{busy, "user.c", 1, 0})), "EBADF");
  }
  for (p9::Fid attribute : {read_only, fid}) {
    EXPECT_EQ(outcome(client().call(p9::Txattrwalk{attribute, client().new_fid(), ""})), "EBADF");
    EXPECT_EQ(outcome(client().call(p9::Twalk{attribute, client().new_fid(), {}})), "EBADF");
    EXPECT_EQ(outcome(client().call(p9::Twalk{attribute, attribute, {}})), "EBADF");
  }
  EXPECT_EQ(write(read_only, 0, "new"), "EBADF");
  EXPECT_EQ(write(fid, 0, "new"), "3");
  EXPECT_EQ(clunk(fid), "ok");
  EXPECT_EQ(on_host("file", "user.b"), "new");
  EXPECT_EQ(on_host("file", "user.a"), "value");
}

TEST_F(XattrWrite, X4_ARefusedRequestLeavesTheDraftBefore) {
  serve();
  UniqueFid file = walk("file");
  EXPECT_EQ(outcome(client().call(p9::Txattrcreate{file, "user.a", 1, 4})), "EINVAL");
  EXPECT_EQ(outcome(client().call(p9::Txattrcreate{file, "user.a", 1, 0xffffffff})), "EINVAL");
  EXPECT_EQ(outcome(client().call(p9::Txattrcreate{file, "trusted.a", 1, 0})), "EOPNOTSUPP");
  EXPECT_EQ(outcome(client().call(p9::Txattrcreate{file, "user.a", 1, 0})), "ok");
}

TEST_F(XattrWrite, WhetherItMayExistIsAskedAtTheClunk) {
  set_on_host("file", "user.old", "old");
  serve();
  p9::Fid fid = draft("file", "user.late", 1, p9::kXattrCreate);
  EXPECT_EQ(write(fid, 0, "x"), "1");
  set_on_host("file", "user.late", "was first");
  EXPECT_EQ(clunk(fid), "EEXIST");
  EXPECT_EQ(on_host("file", "user.late"), "was first");

  EXPECT_EQ(set("file", "user.old", "new", p9::kXattrCreate), "EEXIST");
  EXPECT_EQ(set("file", "user.new", "new", p9::kXattrReplace), "ENODATA");
  EXPECT_EQ(on_host("file", "user.old"), "old");
  EXPECT_EQ(on_host("file", "user.new"), "(none)");
  EXPECT_EQ(set("file", "user.new", "new", p9::kXattrCreate), "ok");
  EXPECT_EQ(set("file", "user.old", "new", p9::kXattrReplace), "ok");
  EXPECT_EQ(on_host("file", "user.old"), "new");
  EXPECT_EQ(on_host("file", "user.new"), "new");
}

TEST_F(XattrWrite, OfNothingWithReplaceRemoves) {
  set_on_host("file", "user.a", "value");
  serve();
  EXPECT_EQ(set("file", "user.a", "", p9::kXattrReplace), "ok");
  EXPECT_EQ(on_host("file", "user.a"), "(none)");
  EXPECT_EQ(set("file", "user.a", "", p9::kXattrReplace), "ENODATA");
}

TEST_F(XattrWrite, OfNothingOtherwiseSetsAnEmptyValue) {
  set_on_host("file", "user.a", "value");
  serve();
  EXPECT_EQ(set("file", "user.a", ""), "ok");
  EXPECT_EQ(set("file", "user.b", "", p9::kXattrCreate), "ok");
  EXPECT_EQ(set("file", "user.b", "", p9::kXattrCreate), "EEXIST");
  EXPECT_EQ(on_host("file", "user.a"), "");
  EXPECT_EQ(on_host("file", "user.b"), "");
}

TEST_F(XattrWrite, ThatIsNotClunkedSetsNothing) {
  serve();
  for (const char* attribute : {"user.removed", "user.version", "user.gone"}) {
    p9::Fid fid = draft("file", attribute, 5);
    ASSERT_EQ(write(fid, 0, "value"), "5");
    if (attribute == std::string_view("user.removed")) {
      EXPECT_EQ(outcome(client().call(p9::Tremove{fid})), "EBADF");
      EXPECT_EQ(clunk(fid), "EBADF");
    } else if (attribute == std::string_view("user.version")) {
      ASSERT_EQ(outcome(client().version()), "ok");
      ASSERT_EQ(outcome(client().attach(Client::root())), "ok");
      EXPECT_EQ(clunk(fid), "EBADF");
    }
  }
  p9::Fid removal = draft("file", "user.kept", 0, p9::kXattrReplace);
  set_on_host("file", "user.kept", "kept");
  (void)removal;
  EXPECT_EQ(hang_up(), "hangup");
  for (const char* attribute : {"user.removed", "user.version", "user.gone"})
    EXPECT_EQ(on_host("file", attribute), "(none)") << attribute;
  EXPECT_EQ(on_host("file", "user.kept"), "kept");
  EXPECT_EQ(support::read_file(exported() / "file"), "0123456789");
}

TEST_F(XattrWrite, RemovingTheFidOfAnAttributeRemovesNoFile) {
  set_on_host("file", "user.a", "value");
  serve();
  EXPECT_EQ(outcome(client().call(p9::Tremove{snapshot("file", "user.a")})), "EBADF");
  EXPECT_EQ(outcome(client().call(p9::Tremove{draft("directory", "user.a", 0)})), "EBADF");
  EXPECT_EQ(support::read_file(exported() / "file"), "0123456789");
  EXPECT_TRUE(std::filesystem::is_directory(exported() / "directory"));
}

TEST_F(XattrWrite, X5_GoesToItsFileWhateverBecomesOfTheName) {
  serve();
  base::UniqueFd unlinked = support::open_path(exported() / "file");
  p9::Fid fid = draft("file", "user.a", 5);
  ASSERT_EQ(write(fid, 0, "value"), "5");
  ASSERT_EQ(outcome(client().call(p9::Tunlinkat{Client::root(), name("file"), 0})), "ok");
  support::make_symlink(exported() / "file", (outside() / "secret").native());
  EXPECT_EQ(clunk(fid), "ok");
  path own = "/proc/self/fd/" + std::to_string(unlinked.raw());
  char value[16];
  EXPECT_EQ(::getxattr(own.c_str(), "user.a", value, sizeof value), 5);

  fid = draft("directory", "user.a", 5);
  ASSERT_EQ(write(fid, 0, "value"), "5");
  std::filesystem::rename(exported() / "directory", exported() / "renamed");
  EXPECT_EQ(clunk(fid), "ok");
  EXPECT_EQ(on_host("renamed", "user.a"), "value");
}

TEST_F(XattrWrite, X6_BelongsToTheFidWhoeverAttachesMeanwhile) {
  serve();
  p9::Fid one = client().new_fid();
  p9::Fid two = client().new_fid();
  ASSERT_EQ(outcome(client().call(p9::Tattach{one, p9client::kNoFid, "", "/", 1})), "ok");
  ASSERT_EQ(outcome(client().call(p9::Twalk{one, one, {name("file")}})), "ok");
  ASSERT_EQ(outcome(client().call(p9::Txattrcreate{one, "user.a", 3, 0})), "ok");
  ASSERT_EQ(outcome(client().call(p9::Tattach{two, p9client::kNoFid, "", "/", 2})), "ok");
  ASSERT_EQ(write(one, 0, "one"), "3");
  ASSERT_EQ(outcome(client().call(p9::Tclunk{two})), "ok");
  EXPECT_EQ(clunk(one), "ok");
  EXPECT_EQ(on_host("file", "user.a"), "one");
}

TEST_F(XattrWrite, LeavesNoDescriptorBehind) {
  serve();
  UniqueFid file = walk("file");
  ASSERT_EQ(set("file", "user.a", "value"), "ok");
  std::size_t before = served().descriptors();
  for (int i = 0; i < 500; ++i) {
    ASSERT_EQ(set("file", "user.a", std::to_string(i)), "ok");
    ASSERT_EQ(get("file", "user.a"), std::to_string(i));
    ASSERT_EQ(clunk(draft("file", "user.a", 1)), "EINVAL");
  }
  EXPECT_EQ(served().descriptors(), before);
}

}  // namespace
}  // namespace suite
