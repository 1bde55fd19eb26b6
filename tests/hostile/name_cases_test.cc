// Hostile cases N: names, attaching, and the root of the attach point.
#include <sys/stat.h>

#include <algorithm>
#include <string>
#include <tuple>
#include <vector>

#include "tests/hostile/frames.h"

namespace suite {
namespace {

using support::RawFrame;

class NameCases : public Frames {
 protected:
  NameCases() {
    support::make_file(exported() / "file", "0123456789");
    support::make_directory(exported() / "a" / "b" / "c");
  }
};

TEST_F(NameCases, N2_SixtyFourTimesUpwardsLeadsNowhere) {
  serve();
  speak(p9::kNewestGoogle);
  for (const char* start : {"", "a/b/c"}) {
    UniqueFid from = walk(start);
    for (uint8_t type : {p9::Twalk::kLine.type, p9::Twalkgetattr::kLine.type}) {
      for (uint16_t count : {uint16_t{1}, uint16_t{16}, uint16_t{64}}) {
        RawFrame frame(type, kTag);
        frame.fid(from).fid(p9::Fid{555}).number(count);
        for (uint16_t i = 0; i < count; ++i) frame.text("..");
        EXPECT_EQ(answer(frame.take()), "EINVAL") << start << " " << count;
      }
    }
    RawFrame frame(p9::Tmultigetattr::kLine.type, kTag);
    frame.fid(from).number(uint16_t{64});
    for (int i = 0; i < 64; ++i) frame.text("..");
    EXPECT_EQ(answer(frame.take()), "EINVAL") << start;
    // One at a time, from where the last one led.
    for (int i = 0; i < 64; ++i) {
      RawFrame step(p9::Twalk::kLine.type, kTag);
      EXPECT_EQ(answer(step.fid(from).fid(from).number(uint16_t{1}).text("..").take()), "EINVAL");
    }
    EXPECT_EQ(client().getattr(from)->qid, client().stat(start)->qid);
  }
  EXPECT_EQ(outcome(client().getattr(p9::Fid{555})), "EBADF");
}

TEST_F(NameCases, N3_EveryWayToTheRootChangesTheRootAlone) {
  auto parent = [&] {
    struct stat info{};
    EXPECT_EQ(::stat(exported().parent_path().c_str(), &info), 0);
    return std::tuple(info.st_mode, info.st_uid, info.st_gid, info.st_nlink, info.st_mtim.tv_sec,
                      info.st_mtim.tv_nsec, info.st_ctim.tv_sec, info.st_ctim.tv_nsec);
  };
  serve();
  auto before = parent();
  UniqueFid clone = client().clone(Client::root()).value();
  p9::Fid again = client().new_fid();
  ASSERT_EQ(outcome(client().attach(again, "")), "ok");
  UniqueFid open = UniqueFid(client(), client().new_fid());
  ASSERT_EQ(outcome(client().call(p9::Twalk{again, open, {}})), "ok");
  ASSERT_EQ(outcome(client().open(open, p9::kOpenRdonly)), "ok");
  uint32_t mode = 0700;
  for (p9::Fid root : {Client::root(), p9::Fid(clone), again, p9::Fid(open)}) {
    p9::Tsetattr all{.fid = root,
                     .valid = p9::kSetattrMode | p9::kSetattrUid | p9::kSetattrGid |
                              p9::kSetattrMtime | p9::kSetattrMtimeSet | p9::kSetattrAtime,
                     .mode = ++mode,
                     .uid = 4711,
                     .gid = 4712,
                     .mtime_sec = mode};
    EXPECT_EQ(outcome(client().call(all)), "ok");
    struct stat info{};
    ASSERT_EQ(::stat(exported().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, mode);
    EXPECT_EQ(info.st_uid, 4711U);
    EXPECT_EQ(info.st_mtim.tv_sec, mode);
    // It has no name that could be changed, and no size.
    EXPECT_NE(outcome(client().call(p9::Trename{root, Client::root(), name("new")})), "ok");
    EXPECT_NE(outcome(client().call(p9::Tlink{Client::root(), root, name("new")})), "ok");
    EXPECT_NE(outcome(client().call(p9::Tsetattr{.fid = root, .valid = p9::kSetattrSize})), "ok");
  }
  EXPECT_NE(outcome(client().call(p9::Tremove{again})), "ok");
  EXPECT_EQ(parent(), before);
  EXPECT_TRUE(std::filesystem::exists(exported() / "file"));
}

TEST_F(NameCases, N4_AbsoluteNewNamesMakeNothingAnywhere) {
  serve();
  speak(p9::kNewestGoogle);
  support::Inventory before = support::inventory(exported());
  UniqueFid file = walk("file");
  std::string evil = (outside() / "evil").native();
  auto frame = [](uint8_t type) { return RawFrame(type, kTag); };
  for (const std::string& bad : {evil, std::string("/evil"), std::string("/tmp/evil")}) {
    EXPECT_EQ(answer(frame(p9::Tsymlink::kLine.type)
                         .fid(Client::root())
                         .text(bad)
                         .text("target")
                         .number(p9::kNoGid)
                         .take()),
              "EINVAL");
    EXPECT_EQ(answer(frame(p9::Tucreate::kLine.type)
                         .fid(Client::root())
                         .text(bad)
                         .number(p9::kOpenRdwr)
                         .number(0644U)
                         .number(p9::kNoGid)
                         .number(p9::kNoUname)
                         .take()),
              "EINVAL");
    EXPECT_EQ(answer(frame(p9::Tlink::kLine.type).fid(Client::root()).fid(file).text(bad).take()),
              "EINVAL");
    EXPECT_EQ(answer(frame(p9::Trename::kLine.type).fid(file).fid(Client::root()).text(bad).take()),
              "EINVAL");
    EXPECT_FALSE(std::filesystem::exists(std::filesystem::symlink_status(bad)));
  }
  EXPECT_EQ(support::inventory(exported()), before);
}

// Nothing is kept in the tree but what clients and the host put there: no control file, no database
// of attributes, no second name for what is unlinked while it is open.
TEST_F(NameCases, N6_NoNameIsTheServersOwn) {
  serve();
  speak(p9::kNewestGoogle);
  for (const std::string own :
       {"ctl", ".ctl", ".gofer", ".metadata", ".virtfs_metadata", ".virtfs_metadata_root", ".diod",
        ".nfs000000000000000100000001", ".fuse_hidden0000000100000001", ".9p", "...", "proc",
        "lost+found"}) {
    EXPECT_EQ(outcome(client().stat(own)), "ENOENT") << own;
    ASSERT_EQ(outcome(client().write_file(own, "mine")), "ok") << own;
    EXPECT_EQ(support::read_file(exported() / own), "mine");
    UniqueFid open = this->open(own, p9::kOpenRdwr);
    EXPECT_EQ(outcome(client().call(p9::Tunlinkat{Client::root(), name(own), 0})), "ok");
    EXPECT_EQ(outcome(client().write(open, 0, "gone")), "ok");
    EXPECT_EQ(support::contents(exported()).size(), 5U) << own;
  }
  EXPECT_EQ(client().list("")->size(), 2U);
}

TEST_F(NameCases, N7_ThePlacesOfOtherTreesAreNone) {
  serve();
  for (const std::string& aname :
       {std::string("/served+"), std::string("/served++"), std::string("served"), std::string("/b"),
        exported().native(), outside().native(), std::string("/file"), std::string(65535, '/'),
        std::string("/\0/", 3)})
    EXPECT_EQ(outcome(client().attach(client().new_fid(), aname)), "ENOENT") << aname.substr(0, 40);
}

TEST_F(NameCases, N9_NoUserIdGivesMoreAccessThanAnother) {
  support::make_file(exported() / "closed", "text", 0000);
  serve();
  std::vector<std::string> answers;
  for (uint32_t user : {0U, 1000U, 0x7fffffffU, p9::kNoUname}) {
    p9::Fid root = client().new_fid();
    ASSERT_EQ(outcome(client().call(p9::Tattach{root, p9client::kNoFid, "root", "/", user})), "ok");
    auto fid = client().walk(root, "closed");
    std::string said = outcome(client().open(*fid, p9::kOpenRdwr));
    said +=
        " " +
        outcome(client().call(p9::Tsetattr{.fid = *fid, .valid = p9::kSetattrUid, .uid = 54321}));
    said += " " + outcome(client().call(p9::Tattach{root, p9client::kNoFid, "root", "/", user}));
    answers.push_back(said);
  }
  for (const std::string& each : answers) EXPECT_EQ(each, answers.front());
}

}  // namespace
}  // namespace suite
