// Tgetattr, Tsetattr, Tstatfs.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include <span>
#include <string>

#include "tests/suite/world.h"

namespace suite {
namespace {

struct stat host_stat(const path& file) {
  struct stat info{};
  EXPECT_EQ(::lstat(file.c_str(), &info), 0) << file;
  return info;
}

class Getattr : public World {};
class Setattr : public World {
 protected:
  void SetUp() override {
    support::make_file(exported() / "file", "0123456789", 0600);
    support::make_directory(exported() / "directory");
    support::make_symlink(exported() / "link", "file");
    serve();
  }
  std::string set(std::string_view path, const p9::Tsetattr& what) {
    UniqueFid fid = walk(path);
    p9::Tsetattr request = what;
    request.fid = fid;
    return outcome(client().call(request));
  }
  struct stat on_host(std::string_view path) const { return host_stat(exported() / path); }
};

TEST_F(Getattr, SaysWhatTheHostSays) {
  support::make_file(exported() / "file", "0123456789", 0640);
  support::make_directory(exported() / "directory", 01777);
  support::make_symlink(exported() / "link", "some/where");
  support::make_fifo(exported() / "fifo", 0622);
  serve();
  for (const char* where : {"", "file", "directory", "link", "fifo"}) {
    struct stat host = host_stat(exported() / where);
    auto attributes = client().stat(where);
    ASSERT_EQ(outcome(attributes), "ok") << where;
    EXPECT_EQ(attributes->valid & p9::kGetattrBasic, p9::kGetattrBasic) << where;
    EXPECT_EQ(attributes->mode, host.st_mode) << where;
    EXPECT_EQ(attributes->uid, host.st_uid) << where;
    EXPECT_EQ(attributes->gid, host.st_gid) << where;
    EXPECT_EQ(attributes->nlink, host.st_nlink) << where;
    EXPECT_EQ(attributes->size, static_cast<uint64_t>(host.st_size)) << where;
    EXPECT_EQ(attributes->blocks, static_cast<uint64_t>(host.st_blocks)) << where;
    EXPECT_EQ(attributes->mtime_sec, static_cast<uint64_t>(host.st_mtim.tv_sec)) << where;
    EXPECT_EQ(attributes->mtime_nsec, static_cast<uint64_t>(host.st_mtim.tv_nsec)) << where;
    EXPECT_EQ(attributes->ctime_nsec, static_cast<uint64_t>(host.st_ctim.tv_nsec)) << where;
  }
}

// Whatever was done to a file since it was walked to.
TEST_F(Getattr, SaysWhenAFileWasBorn) {
  support::make_file(exported() / "file", "0123456789");
  serve();
  auto expect_birth = [&](p9::Fid fid, const path& file) {
    struct statx host{};
    ASSERT_EQ(::statx(AT_FDCWD, file.c_str(), 0, STATX_BTIME, &host), 0);
    auto attributes = client().getattr(fid, p9::kGetattrBasic | p9::kGetattrBtime);
    ASSERT_EQ(outcome(attributes), "ok");
    bool known = (host.stx_mask & STATX_BTIME) != 0;
    EXPECT_EQ((attributes->valid & p9::kGetattrBtime) != 0, known);
    if (!known) return;
    EXPECT_EQ(attributes->btime_sec, static_cast<uint64_t>(host.stx_btime.tv_sec));
    EXPECT_EQ(attributes->btime_nsec, host.stx_btime.tv_nsec);
  };
  UniqueFid walked = walk("file");
  expect_birth(walked, exported() / "file");
  UniqueFid opened = open("file", p9::kOpenRdwr);
  ASSERT_EQ(outcome(client().call(p9::Twrite{opened, 0, std::as_bytes(std::span("text"))})), "ok");
  expect_birth(opened, exported() / "file");
  expect_birth(walked, exported() / "file");
  auto created = client().create(Client::root(), "created", p9::kOpenRdwr, 0600);
  ASSERT_EQ(outcome(created), "ok");
  expect_birth(*created, exported() / "created");
  expect_birth(Client::root(), exported());
}

TEST_F(Getattr, OfADeviceGivesItsNumber) {
  support::make_device(exported() / "null", S_IFCHR | 0666, 1, 3);
  serve();
  auto attributes = client().stat("null");
  ASSERT_EQ(outcome(attributes), "ok");
  EXPECT_EQ(attributes->rdev, host_stat(exported() / "null").st_rdev);
}

TEST_F(Getattr, FollowsTheFileThroughItsOpenFid) {
  support::make_file(exported() / "file", "1");
  serve();
  UniqueFid fid = open("file", p9::kOpenRdwr);
  ASSERT_EQ(outcome(client().write(fid, 0, "12345")), "ok");
  EXPECT_EQ(client().getattr(fid)->size, 5U);
}

TEST_F(Getattr, O8_IgnoresMaskBitsItDoesNotKnow) {
  serve();
  for (uint64_t mask : {uint64_t{0}, p9::kGetattrBasic, uint64_t{0x3fff}, UINT64_MAX}) {
    EXPECT_EQ(outcome(client().getattr(Client::root(), mask)), "ok") << mask;
  }
}

TEST_F(Getattr, StatfsDescribesTheFileSystem) {
  serve();
  struct statfs host{};
  ASSERT_EQ(::statfs(exported().c_str(), &host), 0);
  auto space = client().call(p9::Tstatfs{Client::root()});
  ASSERT_EQ(outcome(space), "ok");
  EXPECT_EQ(space->bsize, static_cast<uint32_t>(host.f_bsize));
  EXPECT_EQ(space->blocks, host.f_blocks);
  EXPECT_EQ(space->files, host.f_files);
  EXPECT_EQ(space->namelen, static_cast<uint32_t>(host.f_namelen));
}

TEST_F(Setattr, ChangesTheModeAndNothingElse) {
  EXPECT_EQ(set("file", {.valid = p9::kSetattrMode, .mode = S_IFREG | 0751, .uid = 5, .size = 1}),
            "ok");
  EXPECT_EQ(on_host("file").st_mode, S_IFREG | 0751U);
  EXPECT_EQ(on_host("file").st_size, 10);
  EXPECT_EQ(on_host("file").st_uid, 0U);
}

TEST_F(Setattr, KeepsSetuidAndStickyBits) {
  EXPECT_EQ(set("file", {.valid = p9::kSetattrMode, .mode = 06755}), "ok");
  EXPECT_EQ(on_host("file").st_mode & 07777, 06755U);
  EXPECT_EQ(set("directory", {.valid = p9::kSetattrMode, .mode = 01777}), "ok");
  EXPECT_EQ(on_host("directory").st_mode & 07777, 01777U);
}

TEST_F(Setattr, ChangesOneOwnerOrBoth) {
  EXPECT_EQ(set("file", {.valid = p9::kSetattrUid, .uid = 1234}), "ok");
  EXPECT_EQ(set("file", {.valid = p9::kSetattrGid, .gid = 4321}), "ok");
  EXPECT_EQ(on_host("file").st_uid, 1234U);
  EXPECT_EQ(on_host("file").st_gid, 4321U);
}

TEST_F(Setattr, P1_MinusOneIsNobodysId) {
  EXPECT_EQ(set("file", {.valid = p9::kSetattrUid, .uid = UINT32_MAX}), "EINVAL");
  EXPECT_EQ(set("file", {.valid = p9::kSetattrGid, .gid = UINT32_MAX}), "EINVAL");
  EXPECT_EQ(on_host("file").st_uid, 0U);
}

TEST_F(Setattr, CutsAndStretchesFiles) {
  EXPECT_EQ(set("file", {.valid = p9::kSetattrSize, .size = 4}), "ok");
  EXPECT_EQ(support::read_file(exported() / "file"), "0123");
  EXPECT_EQ(set("file", {.valid = p9::kSetattrSize, .size = 6}), "ok");
  EXPECT_EQ(support::read_file(exported() / "file"), std::string("0123\0\0", 6));
}

TEST_F(Setattr, R8_RefusesSizesThatNoFileCanHave) {
  for (uint64_t size : {uint64_t{1} << 63, UINT64_MAX, static_cast<uint64_t>(INT64_MAX)}) {
    std::string said = set("file", {.valid = p9::kSetattrSize, .size = size});
    EXPECT_TRUE(said == "EINVAL" || said == "EFBIG") << size << ": " << said;
  }
  EXPECT_EQ(on_host("file").st_size, 10);
}

TEST_F(Setattr, SizeOfSomethingElseThanAFileIsRefused) {
  EXPECT_NE(set("directory", {.valid = p9::kSetattrSize, .size = 0}), "ok");
  EXPECT_NE(set("link", {.valid = p9::kSetattrSize, .size = 0}), "ok");
  EXPECT_EQ(on_host("file").st_size, 10);
}

TEST_F(Setattr, SetsTimesToAValue) {
  EXPECT_EQ(set("file", {.valid = p9::kSetattrAtime | p9::kSetattrAtimeSet | p9::kSetattrMtime |
                                  p9::kSetattrMtimeSet | p9::kSetattrCtime,
                         .atime_sec = 1'000'000'000,
                         .atime_nsec = 123'456'789,
                         .mtime_sec = 1'100'000'000,
                         .mtime_nsec = 987'654'321}),
            "ok");
  EXPECT_EQ(on_host("file").st_atim.tv_sec, 1'000'000'000);
  EXPECT_EQ(on_host("file").st_atim.tv_nsec, 123'456'789);
  EXPECT_EQ(on_host("file").st_mtim.tv_sec, 1'100'000'000);
  EXPECT_EQ(on_host("file").st_mtim.tv_nsec, 987'654'321);
}

TEST_F(Setattr, SetsOneTimeToNowAndLeavesTheOther) {
  ASSERT_EQ(set("file", {.valid = p9::kSetattrAtime | p9::kSetattrAtimeSet | p9::kSetattrMtime |
                                  p9::kSetattrMtimeSet,
                         .atime_sec = 7,
                         .mtime_sec = 7}),
            "ok");
  EXPECT_EQ(set("file", {.valid = p9::kSetattrMtime}), "ok");
  EXPECT_EQ(on_host("file").st_atim.tv_sec, 7);
  EXPECT_GT(on_host("file").st_mtim.tv_sec, 1'000'000'000);
}

TEST_F(Setattr, RefusesNanosecondsBeyondASecond) {
  EXPECT_EQ(set("file", {.valid = p9::kSetattrMtime | p9::kSetattrMtimeSet,
                         .mtime_sec = 5,
                         .mtime_nsec = 0x3fffffff}),  // UTIME_NOW, had it come from a host
            "EINVAL");
  EXPECT_NE(on_host("file").st_mtim.tv_sec, 5);
}

TEST_F(Setattr, S2_OnALinkActsOnTheLinkOrIsRefused) {
  struct stat before = on_host("file");
  EXPECT_EQ(set("link", {.valid = p9::kSetattrUid | p9::kSetattrGid, .uid = 77, .gid = 78}), "ok");
  EXPECT_EQ(on_host("link").st_uid, 77U);
  EXPECT_EQ(set("link", {.valid = p9::kSetattrMtime | p9::kSetattrMtimeSet, .mtime_sec = 9}), "ok");
  EXPECT_EQ(on_host("link").st_mtim.tv_sec, 9);
  EXPECT_EQ(set("link", {.valid = p9::kSetattrMode, .mode = 0777}), "EOPNOTSUPP");
  EXPECT_EQ(on_host("file").st_mode, before.st_mode);
  EXPECT_EQ(on_host("file").st_uid, before.st_uid);
  EXPECT_EQ(on_host("file").st_mtim.tv_sec, before.st_mtim.tv_sec);
}

TEST_F(Setattr, CtimeAloneIsAcceptedAndEmptyMasksToo) {
  EXPECT_EQ(set("file", {.valid = p9::kSetattrCtime}), "ok");
  EXPECT_EQ(set("file", {.valid = 0, .mode = 0}), "ok");
  EXPECT_EQ(on_host("file").st_mode, S_IFREG | 0600U);
}

TEST_F(Setattr, O8_EveryUnknownBitIsIgnoredOrRefused) {
  for (uint32_t bit = 0x200; bit != 0; bit <<= 1) {
    std::string said = set("file", {.valid = bit, .mode = 0, .size = 0});
    EXPECT_TRUE(said == "ok" || said == "EINVAL") << bit << ": " << said;
  }
  EXPECT_EQ(support::read_file(exported() / "file"), "0123456789");
  EXPECT_EQ(on_host("file").st_mode, S_IFREG | 0600U);
}

TEST_F(Setattr, WorksOnAFileNobodyMayRead) {
  support::make_file(exported() / "closed", "text", 0000);
  EXPECT_EQ(set("closed", {.valid = p9::kSetattrMode, .mode = 0200}), "ok");
  EXPECT_EQ(on_host("closed").st_mode, S_IFREG | 0200U);
  EXPECT_EQ(set("closed", {.valid = p9::kSetattrSize, .size = 2}), "ok");
  EXPECT_EQ(on_host("closed").st_size, 2);
}

TEST_F(Setattr, N3_ReachesTheRootItselfAndNotItsParent) {
  struct stat parent = host_stat(exported().parent_path());
  EXPECT_EQ(set("", {.valid = p9::kSetattrMode, .mode = 0711}), "ok");
  EXPECT_EQ(on_host("").st_mode & 07777, 0711U);
  EXPECT_EQ(host_stat(exported().parent_path()).st_mode, parent.st_mode);
}

}  // namespace
}  // namespace suite
