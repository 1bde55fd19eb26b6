// Listing, making, linking, renaming and unlinking.
#include <dirent.h>
#include <sys/fsuid.h>
#include <sys/stat.h>

#include <cstring>
#include <filesystem>
#include <map>
#include <set>

#include "tests/gofer/served.h"

namespace gofer {
namespace {

struct Entry {
  p9::Qid qid;
  uint64_t offset = 0;
  uint8_t type = 0;
  std::string name;
};

std::vector<Entry> entries_of(p9::Bytes data) {
  std::vector<Entry> entries;
  p9::Reader in(data);
  while (!in.at_end()) {
    Entry entry;
    entry.qid = p9::Codec<p9::Qid>::read(in);
    entry.offset = in.number<uint64_t>();
    entry.type = in.number<uint8_t>();
    entry.name = p9::Codec<std::string_view>::read(in);
    entries.push_back(entry);
  }
  EXPECT_EQ(outcome(in.finish()), "ok");
  return entries;
}

class Readdir : public Served {
 protected:
  // All that is listed from `offset` on, `count` bytes at a time.
  std::vector<Entry> list(p9::Fid fid, uint32_t count, uint64_t offset = 0) {
    std::vector<Entry> all;
    for (;;) {
      auto reply = call(p9::Treaddir{fid, offset, count});
      EXPECT_EQ(outcome(reply), "ok");
      if (!reply || reply->data.empty()) return all;
      EXPECT_LE(reply->data.size(), count);
      std::vector<Entry> some = entries_of(reply->data);
      all.insert(all.end(), some.begin(), some.end());
      offset = all.back().offset;
    }
  }
  static std::set<std::string> names_of(const std::vector<Entry>& entries) {
    std::set<std::string> names;
    for (const Entry& entry : entries) EXPECT_TRUE(names.insert(entry.name).second) << entry.name;
    return names;
  }
};

class Make : public Served {
 protected:
  struct stat stat_of(const path& below) {
    struct stat stat{};
    EXPECT_EQ(::lstat(on_host(below).c_str(), &stat), 0) << below;
    return stat;
  }
  std::string mknod(std::string_view file, uint32_t mode) {
    return outcome(call(p9::Tmknod{kRoot, name(file), mode, 1, 3, p9::kNoGid}));
  }
};

class Rename : public Served {};

// While it lives, this thread acts on files as the user 65534, for whom the tree is writable.
class NobodysFiles {
 public:
  NobodysFiles() { ::setfsuid(65534); }
  NobodysFiles(const NobodysFiles&) = delete;
  NobodysFiles& operator=(const NobodysFiles&) = delete;
  ~NobodysFiles() { ::setfsuid(0); }
};

TEST_F(Readdir, GivesEveryEntryOnceWhateverTheCount) {
  std::set<std::string> expected{".", ".."};
  for (std::size_t length : {1UL, 4UL, 5UL, 12UL, 20UL, 100UL, 255UL}) {
    for (char c = 'a'; c <= 'h'; ++c) {
      expected.emplace(length, c);
      support::make_file(on_host("d/" + std::string(length, c)));
    }
  }
  serve();
  p9::Fid fid = open({"d"}, p9::kOpenRdonly);
  for (uint32_t count : {279U, 280U, 281U, 333U, 1000U, 4096U, kOwnMsize, UINT32_MAX})
    EXPECT_EQ(names_of(list(fid, count)), expected) << count;
}

TEST_F(Readdir, SaysWhatWalkAndGetattrSay) {
  support::make_directory(on_host("d/sub"));
  support::make_file(on_host("d/file"));
  support::make_symlink(on_host("d/link"), "file");
  support::make_fifo(on_host("d/fifo"));
  support::make_socket(on_host("d/socket"));
  serve();
  std::map<std::string, uint8_t> types{{"sub", DT_DIR},   {"file", DT_REG},    {"link", DT_LNK},
                                       {"fifo", DT_FIFO}, {"socket", DT_SOCK}, {".", DT_DIR},
                                       {"..", DT_DIR}};
  for (const Entry& entry : list(open({"d"}, p9::kOpenRdonly), 4096)) {
    EXPECT_EQ(entry.type, types.at(entry.name)) << entry.name;
    p9::Qid expected = entry.name == "."    ? getattr(walk({"d"}))->qid
                       : entry.name == ".." ? getattr(kRoot)->qid
                                            : getattr(walk({"d", entry.name}))->qid;
    expected.version = 0;  // no entry is asked for it
    EXPECT_EQ(entry.qid, expected) << entry.name;
  }
}

TEST_F(Readdir, ShowsTheRootAboveTheRoot) {
  serve();
  p9::Qid root = getattr(kRoot)->qid;
  std::vector<Entry> entries = list(open({}, p9::kOpenRdonly), 4096);
  ASSERT_EQ(entries.size(), 2U);
  for (const Entry& entry : entries) EXPECT_EQ(entry.qid, root) << entry.name;
}

TEST_F(Readdir, ResumesAtAnyCookieInAnyOrder) {
  for (int i = 0; i < 200; ++i) support::make_file(on_host("f" + std::to_string(i)));
  serve();
  p9::Fid fid = open({}, p9::kOpenRdonly);
  std::vector<Entry> all = list(fid, 8192);
  ASSERT_EQ(all.size(), 202U);
  for (std::size_t at : {200UL, 3UL, 150UL, 0UL, 77UL, 201UL}) {
    std::vector<Entry> rest = list(fid, 500, all[at].offset);
    ASSERT_EQ(rest.size(), all.size() - at - 1) << at;
    for (std::size_t i = 0; i < rest.size(); ++i) EXPECT_EQ(rest[i].name, all[at + 1 + i].name);
  }
}

TEST_F(Readdir, RewindsAndSeesWhatIsNew) {
  serve();
  p9::Fid fid = open({}, p9::kOpenRdonly);
  EXPECT_EQ(list(fid, 4096).size(), 2U);
  support::make_file(on_host("new"));
  EXPECT_EQ(names_of(list(fid, 4096)), (std::set<std::string>{".", "..", "new"}));
}

TEST_F(Readdir, WithoutRoomForOneEntryIsAnErrorNotTheEnd) {
  serve();
  p9::Fid fid = open({}, p9::kOpenRdonly);
  for (uint32_t count : {0U, 1U, 24U})
    EXPECT_EQ(outcome(call(p9::Treaddir{fid, 0, count})), "EINVAL") << count;
  auto one = call(p9::Treaddir{fid, 0, 26});
  ASSERT_EQ(outcome(one), "ok");
  EXPECT_EQ(entries_of(one->data).size(), 1U);
}

TEST_F(Readdir, NeedsAnOpenDirectoryAndASaneOffset) {
  support::make_file(on_host("f"));
  serve();
  EXPECT_EQ(outcome(call(p9::Treaddir{kRoot, 0, 4096})), "EBADF");
  EXPECT_EQ(outcome(call(p9::Treaddir{open({"f"}, p9::kOpenRdonly), 0, 4096})), "ENOTDIR");
  p9::Fid fid = open({}, p9::kOpenRdonly);
  EXPECT_EQ(outcome(call(p9::Treaddir{fid, uint64_t{1} << 63, 4096})), "EINVAL");
  EXPECT_EQ(outcome(call(p9::Treaddir{fid, UINT64_MAX, 4096})), "EINVAL");
  EXPECT_EQ(list(fid, 4096).size(), 3U);
}

TEST_F(Readdir, AfterAnErrorGoesOnWhereTheClientWas) {
  for (int i = 0; i < 20; ++i) support::make_file(on_host("file" + std::to_string(i)));
  serve();
  p9::Fid fid = open({}, p9::kOpenRdonly);
  auto first = call(p9::Treaddir{fid, 0, 100});
  ASSERT_EQ(outcome(first), "ok");
  std::vector<Entry> some = entries_of(first->data);
  EXPECT_EQ(outcome(call(p9::Treaddir{fid, some.back().offset, 5})), "EINVAL");
  std::vector<Entry> rest = list(fid, 100, some.back().offset);
  EXPECT_EQ(some.size() + rest.size(), 22U);
}

TEST_F(Make, DirectoriesLinksAndFilesBelongToTheUserAndGroup) {
  serve(none(), 1234);
  EXPECT_EQ(call(p9::Tmkdir{kRoot, name("d"), S_IFDIR | 0750, 55})->qid.type, p9::kQidDirectory);
  EXPECT_EQ(call(p9::Tsymlink{kRoot, name("l"), "t", 55})->qid.type, p9::kQidSymlink);
  EXPECT_EQ(call(p9::Tmknod{kRoot, name("f"), S_IFREG | 04755, 0, 0, 55})->qid.type, 0);
  for (const char* made : {"d", "l", "f"}) {
    EXPECT_EQ(stat_of(made).st_uid, 1234U) << made;
    EXPECT_EQ(stat_of(made).st_gid, 55U) << made;
    EXPECT_EQ(getattr(walk({made}))->uid, 1234U) << made;
  }
  EXPECT_EQ(stat_of("d").st_mode, mode_t{S_IFDIR | 0750});
  EXPECT_EQ(stat_of("f").st_mode, mode_t{S_IFREG | 04755});
}

TEST_F(Make, RefusesANameThatIsTakenAndAPlaceThatIsNoDirectory) {
  support::make_file(on_host("f"), "text");
  serve();
  p9::Fid file = walk({"f"});
  EXPECT_EQ(outcome(call(p9::Tmkdir{kRoot, name("f"), 0755, p9::kNoGid})), "EEXIST");
  EXPECT_EQ(outcome(call(p9::Tsymlink{kRoot, name("f"), "t", p9::kNoGid})), "EEXIST");
  EXPECT_EQ(mknod("f", S_IFREG), "EEXIST");
  EXPECT_EQ(outcome(call(p9::Tmkdir{file, name("x"), 0755, p9::kNoGid})), "ENOTDIR");
  EXPECT_EQ(outcome(call(p9::Tsymlink{file, name("x"), "t", p9::kNoGid})), "ENOTDIR");
  EXPECT_EQ(support::read_file(on_host("f")), "text");
}

TEST_F(Make, P5_ThatCannotBeGivenItsOwnerLeavesNothing) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become somebody else";
  std::filesystem::permissions(top(), std::filesystem::perms::all);
  serve(none(), 1234);
  std::vector<std::string> answers;
  {
    // Without the capabilities that go with uid 0, chown to a third user is refused.
    NobodysFiles guard;
    answers.push_back(outcome(call(p9::Tmkdir{kRoot, name("d"), 0755, 55})));
    answers.push_back(outcome(call(p9::Tsymlink{kRoot, name("l"), "t", 55})));
    answers.push_back(mknod("n", S_IFREG | 0644));
    answers.push_back(
        outcome(call(p9::Tlcreate{walk({}), name("f"), p9::kOpenRdwr, 0644, p9::kNoGid})));
  }
  EXPECT_EQ(answers, (std::vector<std::string>(4, "EPERM")));
  EXPECT_TRUE(std::filesystem::is_empty(top()));
  EXPECT_EQ(session().open_files().used(), 0U);
}

TEST_F(Make, D1_OnlyTheNodesThatTheAttachPointAllows) {
  serve();
  EXPECT_EQ(mknod("plain", 0644), "ok");
  EXPECT_EQ(mknod("regular", S_IFREG | 0644), "ok");
  for (uint32_t type :
       std::initializer_list<uint32_t>{S_IFCHR, S_IFBLK, S_IFDIR, S_IFLNK, S_IFIFO, S_IFSOCK})
    EXPECT_EQ(mknod("other", type | 0644), "EPERM") << type;
  EXPECT_FALSE(std::filesystem::exists(on_host("other")));
  EXPECT_TRUE(S_ISREG(stat_of("plain").st_mode));
  AttachPoint options = none();
  options.make_fifo = options.make_socket = true;
  serve(options);
  EXPECT_EQ(mknod("fifo", S_IFIFO | 0644), "ok");
  EXPECT_EQ(mknod("socket", S_IFSOCK | 0644), "ok");
  EXPECT_TRUE(S_ISFIFO(stat_of("fifo").st_mode));
  EXPECT_TRUE(S_ISSOCK(stat_of("socket").st_mode));
  for (uint32_t type : std::initializer_list<uint32_t>{S_IFCHR, S_IFBLK})
    EXPECT_EQ(mknod("other", type | 0644), "EPERM");
}

TEST_F(Make, N5_TargetsAreStoredVerbatimOrRefused) {
  serve();
  auto symlink = [&](std::string_view link, std::string_view target) {
    return outcome(call(p9::Tsymlink{kRoot, name(link), target, p9::kNoGid}));
  };
  EXPECT_EQ(symlink("a", "/etc/passwd"), "ok");
  EXPECT_EQ(symlink("b", "../../x"), "ok");
  EXPECT_EQ(symlink("c", std::string(4095, 't')), "ok");
  EXPECT_EQ(symlink("d", std::string(4096, 't')), "ENAMETOOLONG");
  EXPECT_EQ(symlink("e", ""), "ENOENT");
  EXPECT_EQ(symlink("f", std::string_view("a\0b", 3)), "EINVAL");
  EXPECT_EQ(std::filesystem::read_symlink(on_host("a")), "/etc/passwd");
  EXPECT_EQ(call(p9::Treadlink{walk({"b"})})->target, "../../x");
}

TEST_F(Make, O5_LinksOfFilesAndOfLinksButNotOfDirectories) {
  support::make_file(on_host("f"), "text");
  support::make_symlink(on_host("l"), "f");
  support::make_directory(on_host("d"));
  serve();
  auto link = [&](p9::Fid fid, std::string_view to) {
    return outcome(call(p9::Tlink{kRoot, fid, name(to)}));
  };
  EXPECT_EQ(link(walk({"f"}), "f2"), "ok");
  EXPECT_EQ(link(open({"f"}, p9::kOpenRdonly), "f3"), "ok");
  EXPECT_EQ(link(walk({"l"}), "l2"), "ok");
  EXPECT_EQ(link(walk({"d"}), "d2"), "EPERM");
  EXPECT_EQ(link(walk({"f"}), "f2"), "EEXIST");
  EXPECT_EQ(stat_of("f3").st_ino, stat_of("f").st_ino);
  EXPECT_TRUE(S_ISLNK(stat_of("l2").st_mode));
  EXPECT_EQ(stat_of("l2").st_ino, stat_of("l").st_ino);
}

TEST_F(Make, O5_NoLinkOfAFileWithoutANameButOfOneThatMoved) {
  support::make_file(on_host("gone"));
  support::make_file(on_host("a/moved"));
  serve();
  p9::Fid gone = walk({"gone"});
  p9::Fid moved = walk({"a", "moved"});
  ASSERT_EQ(outcome(call(p9::Tunlinkat{kRoot, name("gone"), 0})), "ok");
  ASSERT_EQ(outcome(call(p9::Trenameat{kRoot, name("a"), kRoot, name("b")})), "ok");
  EXPECT_EQ(outcome(call(p9::Tlink{kRoot, gone, name("x")})), "ENOENT");
  EXPECT_EQ(outcome(call(p9::Tlink{kRoot, moved, name("y")})), "ok");
  EXPECT_EQ(stat_of("y").st_ino, stat_of("b/moved").st_ino);
}

TEST_F(Rename, MovesTheFidAndAllBelowIt) {
  support::make_file(on_host("a/b/f"), "text");
  support::make_directory(on_host("to"));
  serve();
  p9::Fid b = walk({"a", "b"});
  p9::Fid f = walk({"a", "b", "f"});
  p9::Fid to = walk({"to"});
  ASSERT_EQ(outcome(call(p9::Trename{b, to, name("c")})), "ok");
  EXPECT_EQ(outcome(call(p9::Tlopen{f, p9::kOpenRdonly})), "ok");
  EXPECT_EQ(read(f), "text");
  ASSERT_EQ(outcome(call(p9::Trename{f, kRoot, name("g")})), "ok");
  EXPECT_EQ(support::read_file(on_host("g")), "text");
  EXPECT_EQ(Session::path_of(*(*session().fids().find(f))->node), "/g");
  EXPECT_EQ(Session::path_of(*(*session().fids().find(b))->node), "/to/c");
}

TEST_F(Rename, OfWhatIsNotThereOrOfTheRootIsRefused) {
  support::make_file(on_host("f"));
  serve();
  p9::Fid f = walk({"f"});
  EXPECT_EQ(outcome(call(p9::Trename{kRoot, kRoot, name("x")})), "EBUSY");
  EXPECT_EQ(outcome(call(p9::Trenameat{kRoot, name("none"), kRoot, name("x")})), "ENOENT");
  EXPECT_EQ(outcome(call(p9::Trenameat{kRoot, name("f"), f, name("x")})), "ENOTDIR");
  ASSERT_EQ(outcome(call(p9::Tunlinkat{kRoot, name("f"), 0})), "ok");
  EXPECT_EQ(outcome(call(p9::Trename{f, kRoot, name("x")})), "ENOENT");
  EXPECT_EQ(Session::path_of(*(*session().fids().find(f))->node), "/f (detached)");
}

TEST_F(Rename, UnlinkatTakesExactlyItsTwoFlags) {
  support::make_file(on_host("f"));
  support::make_directory(on_host("d"));
  serve();
  for (unsigned bit = 0; bit < 32; ++bit) {
    uint32_t flag = uint32_t{1} << bit;
    if (flag == p9::kUnlinkDirectory) continue;
    EXPECT_EQ(outcome(call(p9::Tunlinkat{kRoot, name("f"), flag})), "EINVAL") << bit;
  }
  EXPECT_EQ(outcome(call(p9::Tunlinkat{kRoot, name("f"), p9::kUnlinkDirectory})), "ENOTDIR");
  EXPECT_EQ(outcome(call(p9::Tunlinkat{kRoot, name("d"), 0})), "EISDIR");
  EXPECT_EQ(outcome(call(p9::Tunlinkat{kRoot, name("f"), 0})), "ok");
  EXPECT_EQ(outcome(call(p9::Tunlinkat{kRoot, name("d"), p9::kUnlinkDirectory})), "ok");
}

}  // namespace
}  // namespace gofer
