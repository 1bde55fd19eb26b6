// Opening, creating, reading and writing.
#include <sys/stat.h>

#include <filesystem>

#include "tests/gofer/served.h"

namespace gofer {
namespace {

class Open : public Served {};
class Create : public Served {
 protected:
  // A fid cloned from the root on which `file` was created.
  Result<p9::Rlcreate> create(p9::Fid fid, std::string_view file, uint32_t flags = p9::kOpenRdwr,
                              uint32_t mode = 0644) {
    return call(p9::Tlcreate{fid, name(file), flags, mode, p9::kNoGid});
  }
  struct stat stat_of(const path& below) {
    struct stat stat{};
    EXPECT_EQ(::lstat(on_host(below).c_str(), &stat), 0) << below;
    return stat;
  }
};
class Data : public Served {};

TEST_F(Open, AdvertisesWhatFitsIntoAFrame) {
  support::make_file(on_host("f"));
  serve();
  auto reply = call(p9::Tlopen{walk({"f"}), p9::kOpenRdonly});
  ASSERT_EQ(outcome(reply), "ok");
  EXPECT_EQ(reply->iounit, kOwnMsize - 24);
}

TEST_F(Open, RefusesByTypeAndLeavesTheFidUnopened) {
  support::make_directory(on_host("d"));
  support::make_file(on_host("f"));
  support::make_symlink(on_host("l"), "f");
  support::make_fifo(on_host("fifo"));
  support::make_socket(on_host("socket"));
  support::make_device(on_host("null"), S_IFCHR | 0666, 1, 3);
  serve();
  struct Row {
    const char* file;
    uint32_t flags;
    const char* answer;
  };
  for (auto [file, flags, answer] :
       {Row{"d", p9::kOpenWronly, "EISDIR"}, Row{"d", p9::kOpenRdwr, "EISDIR"},
        Row{"d", p9::kOpenRdonly | p9::kOpenTrunc, "EISDIR"},
        Row{"f", p9::kOpenRdonly | p9::kOpenDirectory, "ENOTDIR"},
        Row{"l", p9::kOpenRdonly, "ELOOP"}, Row{"l", p9::kOpenRdwr, "ELOOP"},
        Row{"fifo", p9::kOpenRdonly, "EPERM"}, Row{"fifo", p9::kOpenRdwr, "EPERM"},
        Row{"socket", p9::kOpenRdonly, "EPERM"}, Row{"null", p9::kOpenRdonly, "EPERM"},
        Row{"null", p9::kOpenWronly, "EPERM"}, Row{"f", 3, "EINVAL"},
        Row{"f", uint32_t{1} << 31, "EINVAL"}}) {
    p9::Fid fid = walk({file});
    EXPECT_EQ(outcome(call(p9::Tlopen{fid, flags})), answer) << file << " " << flags;
    EXPECT_EQ(outcome(call(p9::Tfsync{fid, {0}})), "EBADF") << file;
  }
  EXPECT_EQ(session().open_files().used(), 0U);
}

TEST_F(Open, TwiceIsRefusedAndTheFirstStays) {
  support::make_file(on_host("f"), "text");
  serve();
  p9::Fid fid = open({"f"}, p9::kOpenRdonly);
  EXPECT_EQ(outcome(call(p9::Tlopen{fid, p9::kOpenRdonly})), "EBADF");
  EXPECT_EQ(read(fid), "text");
  EXPECT_EQ(session().open_files().used(), 1U);
}

TEST_F(Open, ThatFailedMayBeTriedAgain) {
  support::make_file(on_host("f"), "text");
  serve();
  p9::Fid fid = walk({"f"});
  EXPECT_EQ(outcome(call(p9::Tlopen{fid, p9::kOpenDirectory})), "ENOTDIR");
  EXPECT_EQ(outcome(call(p9::Tlopen{fid, p9::kOpenRdonly})), "ok");
}

TEST_F(Open, TruncatesWhenAskedTo) {
  support::make_file(on_host("f"), "text");
  serve();
  open({"f"}, p9::kOpenRdonly | p9::kOpenTrunc);
  EXPECT_EQ(support::read_file(on_host("f")), "");
}

TEST_F(Open, EndsAtTheBudgetAndRecovers) {
  support::make_file(on_host("f"));
  AttachPoint options = none();
  options.limits.open_files = 2;
  serve(options);
  p9::Fid one = open({"f"}, p9::kOpenRdonly);
  open({}, p9::kOpenRdonly);
  EXPECT_EQ(outcome(call(p9::Tlopen{walk({"f"}), p9::kOpenRdonly})), "EMFILE");
  EXPECT_EQ(outcome(call(p9::Tlcreate{walk({}), name("g"), p9::kOpenRdwr, 0644, p9::kNoGid})),
            "EMFILE");
  EXPECT_FALSE(std::filesystem::exists(on_host("g")));
  session().fids().erase(one);
  EXPECT_EQ(outcome(call(p9::Tlopen{walk({"f"}), p9::kOpenRdonly})), "ok");
}

TEST_F(Open, FollowsAFileThatWasUnlinked) {
  support::make_file(on_host("f"), "text");
  serve();
  p9::Fid fid = walk({"f"});
  ASSERT_EQ(outcome(call(p9::Tunlinkat{kRoot, name("f"), 0})), "ok");
  EXPECT_EQ(outcome(call(p9::Tlopen{fid, p9::kOpenRdwr})), "ok");
  EXPECT_EQ(write(fid, 4, "!"), "1");
  EXPECT_EQ(read(fid), "text!");
}

TEST_F(Create, TurnsTheFidIntoTheOpenFile) {
  serve();
  p9::Fid fid = walk({});
  auto reply = create(fid, "f");
  ASSERT_EQ(outcome(reply), "ok");
  EXPECT_EQ(reply->iounit, kOwnMsize - 24);
  EXPECT_EQ(getattr(fid)->qid, reply->qid);
  EXPECT_EQ(getattr(walk({"f"}))->qid, reply->qid);
  EXPECT_EQ(write(fid, 0, "new"), "3");
  EXPECT_EQ(support::read_file(on_host("f")), "new");
  EXPECT_EQ(outcome(create(fid, "g")), "EBADF");
  EXPECT_EQ(outcome(create(walk({"f"}), "g")), "ENOTDIR");
}

TEST_F(Create, TakesPermissionBitsAndNoTypes) {
  serve();
  for (uint32_t type : {0U, unsigned{S_IFREG}, unsigned{S_IFBLK}, unsigned{S_IFIFO}}) {
    std::string file = "f" + std::to_string(type);
    ASSERT_EQ(outcome(create(walk({}), file, p9::kOpenRdwr, type | 06751)), "ok");
    EXPECT_EQ(stat_of(file).st_mode, mode_t{S_IFREG | 06751}) << type;
  }
}

TEST_F(Create, BelongsToTheUserOfTheAttachAndKeepsItsSetIdBits) {
  serve(none(), 1234);
  ASSERT_EQ(outcome(call(p9::Tlcreate{walk({}), name("f"), p9::kOpenRdwr, 06755, 5678})), "ok");
  EXPECT_EQ(stat_of("f").st_uid, 1234U);
  EXPECT_EQ(stat_of("f").st_gid, 5678U);
  EXPECT_EQ(stat_of("f").st_mode, mode_t{S_IFREG | 06755});
}

TEST_F(Create, KeepsTheServersIdsWhereNobodyIsNamedOrItMayNotChown) {
  serve();
  ASSERT_EQ(outcome(create(walk({}), "f")), "ok");
  EXPECT_EQ(stat_of("f").st_uid, ::geteuid());
  AttachPoint options = none();
  options.may_chown = false;
  serve(options, 1234);
  ASSERT_EQ(outcome(call(p9::Tlcreate{walk({}), name("g"), p9::kOpenRdwr, 0644, 5678})), "ok");
  EXPECT_EQ(stat_of("g").st_uid, ::geteuid());
  EXPECT_EQ(stat_of("g").st_gid, ::getegid());
}

TEST_F(Create, OpensARegularFileThatIsThereUnlessExclusive) {
  support::make_file(on_host("f"), "text", 0600);
  serve();
  p9::Fid fid = walk({});
  EXPECT_EQ(outcome(create(fid, "f", p9::kOpenRdwr | p9::kOpenExcl)), "EEXIST");
  EXPECT_EQ(outcome(getattr(fid)), "ok");
  ASSERT_EQ(outcome(create(fid, "f", p9::kOpenRdwr)), "ok");
  EXPECT_EQ(read(fid), "text");
  EXPECT_EQ(stat_of("f").st_mode & 07777, mode_t{0600});
  ASSERT_EQ(outcome(create(walk({}), "f", p9::kOpenRdwr | p9::kOpenTrunc)), "ok");
  EXPECT_EQ(support::read_file(on_host("f")), "");
}

TEST_F(Create, OpensNothingElseThatIsThere) {
  support::make_directory(on_host("d"));
  support::make_symlink(on_host("l"), "elsewhere");
  support::make_fifo(on_host("fifo"));
  support::make_device(on_host("null"), S_IFCHR | 0666, 1, 3);
  serve();
  p9::Fid fid = walk({});
  EXPECT_EQ(outcome(create(fid, "d")), "EISDIR");
  EXPECT_EQ(outcome(create(fid, "l")), "ELOOP");
  EXPECT_EQ(outcome(create(fid, "fifo")), "EPERM");
  EXPECT_EQ(outcome(create(fid, "null")), "EPERM");
  EXPECT_EQ(outcome(create(fid, "f", p9::kOpenDirectory)), "EINVAL");
  EXPECT_EQ(outcome(create(fid, "f", 3)), "EINVAL");
  EXPECT_FALSE(std::filesystem::exists(on_host("elsewhere")));
  EXPECT_FALSE(std::filesystem::exists(on_host("f")));
  EXPECT_EQ(getattr(fid)->qid.type, p9::kQidDirectory);
  EXPECT_EQ(session().open_files().used(), 0U);
}

TEST_F(Create, ThatCannotBeHeldLeavesNoFile) {
  AttachPoint options = none();
  options.limits.nodes = 1;
  serve(options);
  EXPECT_EQ(outcome(create(walk({}), "f")), "ENOMEM");
  EXPECT_FALSE(std::filesystem::exists(on_host("f")));
}

TEST_F(Create, ThroughAnOpenDirectoryMakesNothing) {
  support::make_directory(on_host("d"));
  serve();
  p9::Fid fid = open({"d"}, p9::kOpenRdonly);
  EXPECT_EQ(outcome(create(fid, "f")), "EBADF");
  EXPECT_FALSE(std::filesystem::exists(on_host("d") / "f"));
  EXPECT_EQ(session().open_files().used(), 1U);
}

TEST_F(Create, GivesAFileThatWorksAfterItWasUnlinked) {
  serve();
  p9::Fid fid = walk({});
  ASSERT_EQ(outcome(create(fid, "f")), "ok");
  p9::Fid clone = walk({}, fid);
  ASSERT_EQ(outcome(call(p9::Tunlinkat{kRoot, name("f"), 0})), "ok");
  EXPECT_EQ(write(fid, 0, "text"), "4");
  EXPECT_EQ(getattr(fid)->nlink, 0U);
  EXPECT_EQ(getattr(clone)->size, 4U);
  EXPECT_EQ(outcome(call(p9::Tsetattr{.fid = clone, .valid = p9::kSetattrSize, .size = 2})), "ok");
  EXPECT_EQ(read(fid), "te");
}

TEST_F(Data, NeedsAFidThatIsOpenForIt) {
  support::make_file(on_host("f"), "text");
  serve();
  p9::Fid walked = walk({"f"});
  p9::Fid for_reading = open({"f"}, p9::kOpenRdonly);
  p9::Fid for_writing = open({"f"}, p9::kOpenWronly);
  p9::Fid directory = open({}, p9::kOpenRdonly);
  EXPECT_EQ(read(walked), "EBADF");
  EXPECT_EQ(write(walked, 0, "x"), "EBADF");
  EXPECT_EQ(read(for_writing), "EBADF");
  EXPECT_EQ(write(for_reading, 0, "x"), "EBADF");
  EXPECT_EQ(read(directory), "EISDIR");
  EXPECT_EQ(write(directory, 0, "x"), "EBADF");
  EXPECT_EQ(read(p9::Fid{9}), "EBADF");
  EXPECT_EQ(outcome(call(p9::Tfsync{walked, {0}})), "EBADF");
}

TEST_F(Data, IsReadWhereTheReplyWillLie) {
  support::make_file(on_host("f"), "0123456789");
  serve();
  p9::Fid fid = open({"f"}, p9::kOpenRdonly);
  auto reply = call(p9::Tread{fid, 3, 4});
  ASSERT_EQ(outcome(reply), "ok");
  EXPECT_EQ(reply->data.data(), session().payload(1).data());
  EXPECT_EQ(read(fid, 3, 4), "3456");
  EXPECT_EQ(read(fid, 8, 100), "89");
  EXPECT_EQ(read(fid, 10, 100), "");
  EXPECT_EQ(read(fid, 0, 0), "");
}

TEST_F(Data, IsClampedToTheFrame) {
  support::make_file(on_host("f"), std::string(100'000, 'x'));
  serve();
  EXPECT_EQ(read(open({"f"}, p9::kOpenRdonly), 0, UINT32_MAX).size(), kOwnMsize - 11);
}

TEST_F(Data, W6_OffsetsEndWhereFilesEnd) {
  support::make_file(on_host("f"), "text");
  serve();
  p9::Fid fid = open({"f"}, p9::kOpenRdwr);
  for (uint64_t offset : {uint64_t{1} << 63, UINT64_MAX}) {
    EXPECT_EQ(read(fid, offset), "EINVAL");
    EXPECT_EQ(write(fid, offset, "x"), "EINVAL");
  }
  EXPECT_EQ(read(fid, INT64_MAX), "");
  EXPECT_EQ(read(fid, INT64_MAX - 1), "");
  EXPECT_EQ(support::read_file(on_host("f")), "text");
}

TEST_F(Data, IsAppendedWhereTheFileWasOpenedSo) {
  support::make_file(on_host("f"), "text");
  serve();
  EXPECT_EQ(write(open({"f"}, p9::kOpenWronly | p9::kOpenAppend), 0, "!"), "1");
  EXPECT_EQ(support::read_file(on_host("f")), "text!");
}

TEST_F(Data, IsSyncedInBothKindsAndNotOnAReadOnlyTree) {
  support::make_file(on_host("f"), "text");
  serve();
  for (uint32_t datasync : {0U, 1U}) {
    EXPECT_EQ(outcome(call(p9::Tfsync{open({"f"}, p9::kOpenRdwr), {datasync}})), "ok");
    EXPECT_EQ(outcome(call(p9::Tfsync{open({}, p9::kOpenRdonly), {datasync}})), "ok");
  }
  AttachPoint options = none();
  options.read_only = true;
  serve(options);
  EXPECT_EQ(outcome(call(p9::Tfsync{open({"f"}, p9::kOpenRdonly), {0}})), "ok");
}

}  // namespace
}  // namespace gofer
