// Getattr, setattr, statfs and readlink.
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <filesystem>

#include "tests/gofer/served.h"

namespace gofer {
namespace {

class Attributes : public Served {
 protected:
  struct stat stat_of(const path& below) {
    struct stat stat{};
    EXPECT_EQ(::lstat(on_host(below).c_str(), &stat), 0) << below;
    return stat;
  }
  std::string set(p9::Fid fid, p9::Tsetattr request) {
    request.fid = fid;
    return outcome(call(request));
  }
};

TEST_F(Attributes, AreThoseOfTheHost) {
  support::make_file(on_host("f"), "0123456789", 0640);
  support::make_device(on_host("device"), S_IFCHR | 0600, 5, 300);
  support::make_fifo(on_host("fifo"));
  support::make_symlink(on_host("l"), "target");
  serve();
  for (const char* file : {"f", "device", "fifo", "l", "."}) {
    struct stat host = stat_of(file);
    p9::Rgetattr got = *getattr(path(file) == "." ? kRoot : walk({file}));
    EXPECT_EQ(got.valid & p9::kGetattrBasic, p9::kGetattrBasic);
    EXPECT_EQ(got.qid.path, host.st_ino);
    EXPECT_EQ(got.mode, host.st_mode);
    EXPECT_EQ(got.uid, host.st_uid);
    EXPECT_EQ(got.gid, host.st_gid);
    EXPECT_EQ(got.nlink, host.st_nlink);
    EXPECT_EQ(got.rdev, host.st_rdev);
    EXPECT_EQ(got.size, static_cast<uint64_t>(host.st_size));
    EXPECT_EQ(got.blksize, static_cast<uint64_t>(host.st_blksize));
    EXPECT_EQ(got.blocks, static_cast<uint64_t>(host.st_blocks));
    EXPECT_EQ(got.mtime_sec, static_cast<uint64_t>(host.st_mtim.tv_sec));
    EXPECT_EQ(got.mtime_nsec, static_cast<uint64_t>(host.st_mtim.tv_nsec));
    EXPECT_EQ(got.ctime_nsec, static_cast<uint64_t>(host.st_ctim.tv_nsec));
  }
}

TEST_F(Attributes, AreCheckedBeforeAnyIsSet) {
  support::make_file(on_host("f"), "text", 0600);
  support::make_directory(on_host("d"));
  support::make_symlink(on_host("l"), "f");
  support::make_fifo(on_host("fifo"));
  serve();
  struct Row {
    const char* file;
    p9::Tsetattr request;
    const char* answer;
  };
  constexpr uint32_t kMode = p9::kSetattrMode;
  for (const auto& [file, request, answer] : {
           Row{"f", {.valid = kMode | 0x200, .mode = 0777}, "EINVAL"},
           Row{"f", {.valid = kMode | p9::kSetattrUid, .mode = 0777, .uid = UINT32_MAX}, "EINVAL"},
           Row{"f", {.valid = kMode | p9::kSetattrGid, .mode = 0777, .gid = UINT32_MAX}, "EINVAL"},
           Row{"f", {.valid = kMode | p9::kSetattrSize, .mode = 0777, .size = UINT64_MAX}, "EFBIG"},
           Row{"f",
               {.valid = kMode | p9::kSetattrAtime | p9::kSetattrAtimeSet,
                .mode = 0777,
                .atime_nsec = 1'000'000'000},
               "EINVAL"},
           Row{"f",
               {.valid = kMode | p9::kSetattrMtime | p9::kSetattrMtimeSet,
                .mode = 0777,
                .mtime_nsec = UTIME_OMIT},
               "EINVAL"},
           Row{"d", {.valid = kMode | p9::kSetattrSize, .mode = 0777}, "EISDIR"},
           Row{"fifo", {.valid = kMode | p9::kSetattrSize, .mode = 0777}, "EINVAL"},
           Row{"l", {.valid = kMode, .mode = 0777}, "EOPNOTSUPP"},
           Row{"l", {.valid = p9::kSetattrSize}, "EINVAL"},
       }) {
    mode_t before = stat_of(file).st_mode;
    EXPECT_EQ(set(walk({file}), request), answer) << p9::to_string(request);
    EXPECT_EQ(stat_of(file).st_mode, before) << file;
  }
  EXPECT_EQ(support::read_file(on_host("f")), "text");
}

TEST_F(Attributes, AreSetTogetherSoThatNoneUndoesAnother) {
  support::make_file(on_host("f"), "text", 0600);
  serve();
  p9::Tsetattr request{.valid = p9::kSetattrMode | p9::kSetattrUid | p9::kSetattrGid |
                                p9::kSetattrSize | p9::kSetattrAtime | p9::kSetattrMtime |
                                p9::kSetattrAtimeSet | p9::kSetattrMtimeSet | p9::kSetattrCtime,
                       .mode = S_IFREG | 06755,
                       .uid = 11,
                       .gid = 12,
                       .size = 2,
                       .atime_sec = 1000,
                       .atime_nsec = 1,
                       .mtime_sec = 2000,
                       .mtime_nsec = 999'999'999};
  ASSERT_EQ(set(walk({"f"}), request), "ok");
  struct stat now = stat_of("f");
  EXPECT_EQ(now.st_mode, mode_t{S_IFREG | 06755});
  EXPECT_EQ(now.st_uid, 11U);
  EXPECT_EQ(now.st_gid, 12U);
  EXPECT_EQ(now.st_size, 2);
  EXPECT_EQ(now.st_atim.tv_sec, 1000);
  EXPECT_EQ(now.st_atim.tv_nsec, 1);
  EXPECT_EQ(now.st_mtim.tv_sec, 2000);
  EXPECT_EQ(now.st_mtim.tv_nsec, 999'999'999);
}

TEST_F(Attributes, NotAskedForStay) {
  support::make_file(on_host("f"), "text", 0640);
  serve();
  p9::Fid fid = walk({"f"});
  p9::Tsetattr old{
      .valid = p9::kSetattrAtime | p9::kSetattrAtimeSet | p9::kSetattrMtime | p9::kSetattrMtimeSet,
      .atime_sec = 5,
      .mtime_sec = 6};
  ASSERT_EQ(set(fid, old), "ok");
  ASSERT_EQ(set(fid, {.valid = p9::kSetattrGid, .mode = 0, .uid = 9, .gid = 12}), "ok");
  EXPECT_EQ(stat_of("f").st_uid, ::geteuid());
  EXPECT_EQ(stat_of("f").st_gid, 12U);
  EXPECT_EQ(stat_of("f").st_mtim.tv_sec, 6);
  ASSERT_EQ(set(fid, {.valid = p9::kSetattrMtime}), "ok");
  EXPECT_GT(stat_of("f").st_mtim.tv_sec, 1'000'000);
  EXPECT_EQ(stat_of("f").st_atim.tv_sec, 5);
  ASSERT_EQ(set(fid, {.valid = 0}), "ok");
  ASSERT_EQ(set(fid, {.valid = p9::kSetattrCtime}), "ok");
  EXPECT_EQ(stat_of("f").st_mode & 07777, mode_t{0640});
}

TEST_F(Attributes, OfASymlinkAreItsOwn) {
  support::make_file(on_host("f"), "text");
  support::make_symlink(on_host("l"), "f");
  serve();
  struct stat target = stat_of("f");
  ASSERT_EQ(set(walk({"l"}), {.valid = p9::kSetattrUid | p9::kSetattrMtime | p9::kSetattrMtimeSet,
                              .uid = 77,
                              .mtime_sec = 3}),
            "ok");
  EXPECT_EQ(stat_of("l").st_uid, 77U);
  EXPECT_EQ(stat_of("l").st_mtim.tv_sec, 3);
  EXPECT_EQ(stat_of("f").st_uid, target.st_uid);
  EXPECT_EQ(stat_of("f").st_mtim.tv_sec, target.st_mtim.tv_sec);
}

TEST_F(Attributes, OfAFifoOrADeviceAreSetWithoutOpeningIt) {
  support::make_fifo(on_host("fifo"));
  support::make_device(on_host("null"), S_IFCHR | 0600, 1, 3);
  serve();
  for (const char* file : {"fifo", "null"}) {
    ASSERT_EQ(set(walk({file}), {.valid = p9::kSetattrMode | p9::kSetattrMtime, .mode = 0621}),
              "ok");
    EXPECT_EQ(stat_of(file).st_mode & 07777, mode_t{0621});
  }
}

TEST_F(Attributes, O9_OfAnUnlinkedFileAreReadAndSetThroughEveryFid) {
  support::make_file(on_host("f"), "0123456789");
  serve();
  p9::Fid walked = walk({"f"});
  p9::Fid for_reading = open({"f"}, p9::kOpenRdonly);
  p9::Fid for_writing = open({"f"}, p9::kOpenRdwr);
  ASSERT_EQ(outcome(call(p9::Tunlinkat{kRoot, name("f"), 0})), "ok");
  uint64_t size = 9;
  for (p9::Fid fid : {walked, for_reading, for_writing}) {
    ASSERT_EQ(set(fid, {.valid = p9::kSetattrSize | p9::kSetattrMode, .mode = 0600, .size = size}),
              "ok");
    EXPECT_EQ(getattr(fid)->size, size);
    --size;
  }
}

TEST_F(Attributes, OfTheFileSystemAreThoseOfTheHost) {
  serve();
  auto reply = call(p9::Tstatfs{kRoot});
  ASSERT_EQ(outcome(reply), "ok");
  struct statvfs host{};
  ASSERT_EQ(::statvfs(top().c_str(), &host), 0);
  EXPECT_EQ(reply->bsize, host.f_bsize);
  EXPECT_EQ(reply->blocks, host.f_blocks);
  EXPECT_EQ(reply->namelen, host.f_namemax);
  EXPECT_EQ(reply->fsid, host.f_fsid);
  EXPECT_NE(reply->type, 0U);
}

TEST_F(Attributes, ReadlinkGivesTargetsOfAnyLengthAndOnlyOfLinks) {
  std::string longest(4095, 't');
  support::make_symlink(on_host("short"), "x");
  support::make_symlink(on_host("long"), longest);
  support::make_file(on_host("f"));
  serve();
  EXPECT_EQ(call(p9::Treadlink{walk({"short"})})->target, "x");
  EXPECT_EQ(call(p9::Treadlink{walk({"long"})})->target, longest);
  EXPECT_EQ(outcome(call(p9::Treadlink{walk({"f"})})), "EINVAL");
  EXPECT_EQ(outcome(call(p9::Treadlink{kRoot})), "EINVAL");
}

}  // namespace
}  // namespace gofer
