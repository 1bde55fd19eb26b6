// The Google extensions: walking with attributes, attributes along a path, owners, and the rest.
#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <string>
#include <vector>

#include "tests/suite/samples.h"
#include "tests/suite/world.h"

namespace suite {
namespace {

using Names = std::vector<std::string_view>;

class Google : public World {
 protected:
  void SetUp() override {
    support::make_file(exported() / "file", "0123456789", 0640);
    support::make_file(exported() / "directory" / "inner" / "leaf", "leaf");
    support::make_symlink(exported() / "link", "directory");
    serve();
    speak(p9::kNewestGoogle);
  }
  p9::WalkList<p9::Name> names(const Names& texts) const {
    p9::WalkList<p9::Name> list;
    for (std::string_view text : texts) list.push(name(text));
    return list;
  }
  struct stat on_host(const path& below) const {
    struct stat info{};
    EXPECT_EQ(::lstat((exported() / below).c_str(), &info), 0) << below;
    return info;
  }
};
class Walkgetattr : public Google {
 protected:
  base::Result<p9::Rwalkgetattr> go(p9::Fid from, p9::Fid to, const Names& texts) {
    return client().call(p9::Twalkgetattr{from, to, names(texts)});
  }
};
class Multigetattr : public Google {
 protected:
  // The elements of the answer, or an errno.
  std::string ask(p9::Fid fid, const Names& texts, std::vector<p9::FullStat>* stats = nullptr) {
    Path path(texts);
    auto reply = client().call(p9::Tmultigetattr{fid, path.names()});
    if (!reply) return outcome(reply);
    p9::Reader in(reply->stats.encoded);
    for (uint16_t i = 0; i < reply->stats.count; ++i) {
      auto stat = p9::Codec<p9::FullStat>::read(in);
      if (stats != nullptr) stats->push_back(stat);
    }
    EXPECT_EQ(outcome(in.finish()), "ok");
    return std::to_string(reply->stats.count);
  }
};
class Owners : public Google {};
class Setattrclunk : public Google {};

std::array<uint64_t, 16> numbers(const p9::Attr& a) {
  return {a.mode,      a.uid,        a.gid,       a.nlink,      a.rdev,      a.size,
          a.blksize,   a.blocks,     a.atime_sec, a.atime_nsec, a.mtime_sec, a.mtime_nsec,
          a.ctime_sec, a.ctime_nsec, a.btime_sec, a.btime_nsec};
}
std::array<uint64_t, 16> numbers(const p9::Rgetattr& a) {
  return {a.mode,      a.uid,        a.gid,       a.nlink,      a.rdev,      a.size,
          a.blksize,   a.blocks,     a.atime_sec, a.atime_nsec, a.mtime_sec, a.mtime_nsec,
          a.ctime_sec, a.ctime_nsec, a.btime_sec, a.btime_nsec};
}

TEST_F(Walkgetattr, IsTwalkAndTgetattrInOne) {
  for (const Names& way : {Names{}, Names{"file"}, Names{"link"}, Names{"directory"},
                           Names{"directory", "inner", "leaf"}}) {
    p9::Fid fid = client().new_fid();
    auto reply = go(Client::root(), fid, way);
    ASSERT_EQ(outcome(reply), "ok");
    p9::Rwalkgetattr got = *reply;
    auto walked = client().call(p9::Twalk{Client::root(), client().new_fid(), names(way)});
    ASSERT_EQ(outcome(walked), "ok");
    ASSERT_EQ(got.wqids.size(), way.size());
    for (uint16_t i = 0; i < got.wqids.size(); ++i)
      EXPECT_EQ(got.wqids.view()[i], walked->wqids.view()[i]);
    auto asked = client().getattr(fid);
    ASSERT_EQ(outcome(asked), "ok");
    EXPECT_EQ(got.valid, asked->valid);
    EXPECT_EQ(numbers(got.attr), numbers(*asked));
  }
}

TEST_F(Walkgetattr, WithoutNamesInPlaceLeavesAnOpenFidOpen) {
  UniqueFid file = open("file", p9::kOpenRdwr);
  std::filesystem::remove(exported() / "file");
  ASSERT_EQ(outcome(client().write(file, 0, "longer than it was")), "ok");
  auto reply = go(file, file, {});
  ASSERT_EQ(outcome(reply), "ok");
  EXPECT_EQ(reply->attr.nlink, 0U);
  EXPECT_EQ(reply->attr.size, 18U);
  EXPECT_EQ(outcome(client().read(file, 0, 4)), "ok");
}

TEST_F(Walkgetattr, OfAnOpenFidMakesOneThatIsNotOpen) {
  UniqueFid file = open("file", p9::kOpenRdonly);
  UniqueFid clone(client(), client().new_fid());
  ASSERT_EQ(outcome(go(file, clone, {})), "ok");
  EXPECT_EQ(outcome(client().read(clone, 0, 4)), "EBADF");
  EXPECT_EQ(outcome(client().open(clone, p9::kOpenRdonly)), "ok");
}

TEST_F(Walkgetattr, InPlaceMovesTheFid) {
  UniqueFid fid = walk("directory");
  ASSERT_EQ(outcome(go(fid, fid, {"inner", "leaf"})), "ok");
  EXPECT_EQ(client().getattr(fid)->qid, client().stat("directory/inner/leaf")->qid);
}

TEST_F(Walkgetattr, ThatFailsChangesNoFid) {
  struct Row {
    Names way;
    const char* answer;
  };
  UniqueFid directory = walk("directory");
  p9::Qid before = client().getattr(directory)->qid;
  p9::Fid free{555};
  for (const Row& row : {Row{{"missing"}, "ENOENT"},
                         {{"inner", "missing"}, "ENOENT"},
                         {{"inner", "leaf", "below"}, "ENOTDIR"}}) {
    EXPECT_EQ(outcome(go(directory, free, row.way)), row.answer);
    EXPECT_EQ(outcome(client().getattr(free)), "EBADF");
    EXPECT_EQ(outcome(go(directory, directory, row.way)), row.answer);
    EXPECT_EQ(client().getattr(directory)->qid, before);
  }
  EXPECT_EQ(outcome(go(Client::root(), free, {"link", "inner"})), "ELOOP");
  EXPECT_EQ(outcome(go(directory, Client::root(), {})), "EBADF");
  EXPECT_EQ(outcome(client().getattr(free)), "EBADF");
}

TEST_F(Multigetattr, EndsWhereThePathDoes) {
  struct Row {
    std::string_view from;
    Names way;
    const char* answer;
  };
  for (const Row& row : {Row{"", {}, "0"},
                         {"", {""}, "1"},
                         {"", {"", "directory", "inner", "leaf"}, "4"},
                         {"", {"directory", "inner"}, "2"},
                         {"", {"missing"}, "0"},
                         {"", {"", "missing", "x"}, "1"},
                         {"", {"directory", "missing", "leaf"}, "1"},
                         {"", {"file", "below"}, "1"},
                         {"", {"link", "inner"}, "1"},
                         {"file", {""}, "1"},
                         {"file", {"below"}, "ENOTDIR"},
                         {"file", {"", "below"}, "ENOTDIR"},
                         {"link", {"", "inner"}, "ENOTDIR"},
                         {"directory", {"inner", "leaf", "below"}, "2"}}) {
    UniqueFid from = walk(row.from);
    EXPECT_EQ(ask(from, row.way), row.answer) << row.from << " " << testing::PrintToString(row.way);
  }
}

TEST_F(Multigetattr, SaysOfEachWhatTgetattrSays) {
  std::vector<p9::FullStat> stats;
  ASSERT_EQ(ask(Client::root(), {"", "directory", "inner", "leaf"}, &stats), "4");
  std::size_t i = 0;
  for (const char* where : {"", "directory", "directory/inner", "directory/inner/leaf"}) {
    auto asked = client().stat(where);
    ASSERT_EQ(outcome(asked), "ok");
    EXPECT_EQ(stats[i].valid, asked->valid) << where;
    EXPECT_EQ(stats[i].qid, asked->qid) << where;
    EXPECT_EQ(numbers(stats[i].attr), numbers(*asked)) << where;
    ++i;
  }
  stats.clear();
  ASSERT_EQ(ask(Client::root(), {"link"}, &stats), "1");
  EXPECT_EQ(stats[0].attr.mode & S_IFMT, mode_t{S_IFLNK});
}

TEST_F(Multigetattr, NamesOnlyTheFirstOfWhichMayBeEmpty) {
  EXPECT_EQ(ask(Client::root(), {"", ""}), "EINVAL");
  EXPECT_EQ(ask(Client::root(), {"directory", ""}), "EINVAL");
  EXPECT_EQ(ask(Client::root(), {"directory", ".."}), "EINVAL");
  EXPECT_EQ(ask(Client::root(), {".."}), "EINVAL");
}

TEST_F(Multigetattr, OfAFileThatIsOpenAndHasNoNameLeft) {
  UniqueFid file = open("file", p9::kOpenRdonly);
  std::filesystem::remove(exported() / "file");
  std::vector<p9::FullStat> stats;
  ASSERT_EQ(ask(file, {""}, &stats), "1");
  EXPECT_EQ(stats[0].attr.nlink, 0U);
  EXPECT_EQ(stats[0].attr.size, 10U);
}

TEST_F(Multigetattr, W7_GoesDeeperThanAWalkButNeverBeyondMsize) {
  path deep = exported();
  Names way{""};
  for (int i = 0; i < 40; ++i) {
    deep /= "d";
    way.emplace_back("d");
  }
  support::make_directory(deep);
  EXPECT_EQ(ask(Client::root(), way), "41");
  ASSERT_EQ(outcome(client().version(4096, p9::kNewestGoogle)), "ok");
  ASSERT_EQ(outcome(client().attach(Client::root())), "ok");
  constexpr std::size_t kFitting = (4096 - 7 - 2) / 153;
  way.resize(kFitting);
  EXPECT_EQ(ask(Client::root(), way), std::to_string(kFitting));
  way.emplace_back("d");
  EXPECT_EQ(ask(Client::root(), way), "EMSGSIZE");
  expect_alive();
}

TEST_F(Owners, AreThoseThatTheRequestNames) {
  constexpr uint32_t kUser = 1234;
  constexpr uint32_t kGroup = 5678;
  p9::Fid root = Client::root();
  UniqueFid created(client(), client().new_fid());
  ASSERT_EQ(outcome(client().call(p9::Twalk{root, created, {}})), "ok");
  auto create = p9::Tucreate{created, name("created"), p9::kOpenRdwr, 0640, kGroup, kUser};
  ASSERT_EQ(outcome(client().call(create)), "ok");
  ASSERT_EQ(outcome(client().call(p9::Tumkdir{root, name("made"), 0750, kGroup, kUser})), "ok");
  auto node = p9::Tumknod{root, name("node"), S_IFREG | 0600, 0, 0, kGroup, kUser};
  ASSERT_EQ(outcome(client().call(node)), "ok");
  ASSERT_EQ(outcome(client().call(p9::Tusymlink{root, name("to"), "file", kGroup, kUser})), "ok");
  for (const char* made : {"created", "made", "node", "to"}) {
    EXPECT_EQ(on_host(made).st_uid, kUser) << made;
    EXPECT_EQ(on_host(made).st_gid, kGroup) << made;
  }
  EXPECT_EQ(on_host("created").st_mode, mode_t{S_IFREG | 0640});
  EXPECT_EQ(on_host("made").st_mode, mode_t{S_IFDIR | 0750});
  EXPECT_EQ(outcome(client().write(created, 0, "through the new fid")), "ok");
  EXPECT_EQ(support::read_file(exported() / "created"), "through the new fid");
}

TEST_F(Owners, ThatARequestLeavesOutAreThoseOfTheAttach) {
  p9::Fid attached = client().new_fid();
  ASSERT_EQ(outcome(client().call(p9::Tattach{attached, p9client::kNoFid, "", "/", 4321})), "ok");
  p9::Fid anybody = Client::root();
  auto mkdir = [&](p9::Fid where, std::string_view made) {
    return outcome(client().call(p9::Tumkdir{where, name(made), 0755, p9::kNoGid, p9::kNoUname}));
  };
  EXPECT_EQ(mkdir(attached, "theirs"), "ok");
  EXPECT_EQ(mkdir(anybody, "ours"), "ok");
  EXPECT_EQ(on_host("theirs").st_uid, 4321U);
  EXPECT_EQ(on_host("ours").st_uid, 0U);
  EXPECT_EQ(on_host("theirs").st_gid, on_host("ours").st_gid);
}

TEST_F(Owners, ChangeNothingOfWhatMayBeMade) {
  for (mode_t type : {mode_t{S_IFCHR}, mode_t{S_IFBLK}, mode_t{S_IFIFO}, mode_t{S_IFSOCK}}) {
    auto node = p9::Tumknod{Client::root(), name("node"), type | 0600, 1, 3, 0, 0};
    EXPECT_EQ(outcome(client().call(node)), "EPERM") << type;
  }
  EXPECT_EQ(outcome(client().call(p9::Tumkdir{Client::root(), name("file"), 0755, 0, 0})),
            "EEXIST");
  UniqueFid directory = walk("");
  auto existing = p9::Tucreate{directory, name("file"), p9::kOpenRdwr | p9::kOpenExcl, 0644, 0, 0};
  EXPECT_EQ(outcome(client().call(existing)), "EEXIST");
}

TEST_F(Setattrclunk, SetsAndReleases) {
  UniqueFid file = open("file", p9::kOpenRdwr);
  auto request = p9::Tsetattrclunk{
      .fid = file,
      .valid = p9::kSetattrMode | p9::kSetattrSize | p9::kSetattrMtime | p9::kSetattrMtimeSet,
      .mode = 0600,
      .size = 3,
      .mtime_sec = 1'000'000'000,
      .mtime_nsec = 5};
  ASSERT_EQ(outcome(client().call(request)), "ok");
  EXPECT_EQ(outcome(client().getattr(file.release())), "EBADF");
  EXPECT_EQ(on_host("file").st_mode & 07777, 0600U);
  EXPECT_EQ(on_host("file").st_size, 3);
  EXPECT_EQ(on_host("file").st_mtim.tv_sec, 1'000'000'000);
  EXPECT_EQ(on_host("file").st_mtim.tv_nsec, 5);
}

TEST_F(Setattrclunk, ReleasesEvenWhenItFails) {
  std::size_t before = served().descriptors();
  UniqueFid link = walk("link");
  auto request = p9::Tsetattrclunk{.fid = link, .valid = p9::kSetattrMode, .mode = 0600};
  EXPECT_EQ(outcome(client().call(request)), "EOPNOTSUPP");
  EXPECT_EQ(outcome(client().getattr(link)), "EBADF");
  EXPECT_EQ(outcome(client().call(request)), "EBADF");
  link.release();
  EXPECT_LE(served().descriptors(), before + 1);  // what is kept of the place
}

}  // namespace
}  // namespace suite
