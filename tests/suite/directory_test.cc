// Treaddir, Tmkdir, Tmknod.
#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <set>
#include <string>

#include "tests/suite/meanwhile.h"
#include "tests/suite/world.h"

namespace suite {
namespace {

using p9client::Entry;

class Readdir : public World {};
class Make : public World {
 protected:
  std::string mknod(std::string_view where, uint32_t mode) {
    return outcome(client().call(p9::Tmknod{Client::root(), name(where), mode, 1, 3, p9::kNoGid}));
  }
};

// All entries that one Treaddir gives, "." and ".." too.
std::vector<Entry> entries_at(Client& client, p9::Fid fid, uint64_t offset, uint32_t count) {
  auto reply = client.call(p9::Treaddir{fid, offset, count});
  EXPECT_EQ(outcome(reply), "ok");
  if (!reply) return {};
  EXPECT_LE(reply->data.size(), count);
  auto entries = p9client::parse_entries(reply->data);
  EXPECT_EQ(outcome(entries), "ok");
  return entries ? *entries : std::vector<Entry>{};
}

TEST_F(Readdir, NamesEverythingWithItsTypeAndQid) {
  support::make_file(exported() / "file");
  support::make_directory(exported() / "directory");
  support::make_symlink(exported() / "link", "nowhere");
  support::make_fifo(exported() / "fifo");
  support::make_socket(exported() / "socket");
  serve();
  UniqueFid fid = open("", p9::kOpenRdonly | p9::kOpenDirectory);
  std::map<std::string, Entry> all;
  for (Entry& entry : entries_at(client(), fid, 0, 8000)) all[entry.name] = entry;
  EXPECT_EQ(all.size(), 7U);
  EXPECT_EQ(all["."].type, DT_DIR);
  EXPECT_EQ(all[".."].type, DT_DIR);
  EXPECT_EQ(all["file"].type, DT_REG);
  EXPECT_EQ(all["directory"].type, DT_DIR);
  EXPECT_EQ(all["link"].type, DT_LNK);
  EXPECT_EQ(all["fifo"].type, DT_FIFO);
  EXPECT_EQ(all["socket"].type, DT_SOCK);
  for (const char* where : {"file", "directory", "link", "fifo", "socket"}) {
    EXPECT_EQ(all[where].qid.path, client().stat(where)->qid.path) << where;
  }
  EXPECT_EQ(all["directory"].qid.type, p9::kQidDirectory);
  EXPECT_EQ(all["link"].qid.type, p9::kQidSymlink);
}

TEST_F(Readdir, TheParentOfTheRootIsTheRoot) {
  serve();
  UniqueFid fid = open("", p9::kOpenRdonly);
  for (const Entry& entry : entries_at(client(), fid, 0, 8000))
    if (entry.name == "..") {
      EXPECT_EQ(entry.qid.path, client().stat("")->qid.path);
    }
}

TEST_F(Readdir, GoesOnAtEveryCookie) {
  for (int i = 0; i < 300; ++i) support::make_file(exported() / ("file" + std::to_string(i)));
  serve();
  UniqueFid fid = open("", p9::kOpenRdonly);
  std::vector<Entry> all;
  for (uint64_t offset = 0;;) {
    std::vector<Entry> some = entries_at(client(), fid, offset, 500);
    if (some.empty()) break;
    all.insert(all.end(), some.begin(), some.end());
    offset = some.back().offset;
  }
  ASSERT_EQ(all.size(), 302U);
  std::set<std::string> names;
  for (const Entry& entry : all) {
    names.insert(entry.name);
    EXPECT_GT(static_cast<int64_t>(entry.offset), 0);
  }
  EXPECT_EQ(names.size(), 302U);
  for (std::size_t i : {std::size_t{0}, std::size_t{17}, std::size_t{200}, std::size_t{3}}) {
    std::vector<Entry> after = entries_at(client(), fid, all[i].offset, 500);
    ASSERT_FALSE(after.empty());
    EXPECT_EQ(after.front().name, all[i + 1].name);
  }
}

TEST_F(Readdir, StartsOverAtZeroAndSeesWhatIsNew) {
  serve();
  UniqueFid fid = open("", p9::kOpenRdonly);
  EXPECT_EQ(entries_at(client(), fid, 0, 8000).size(), 2U);
  support::make_file(exported() / "new");
  EXPECT_EQ(entries_at(client(), fid, 0, 8000).size(), 3U);
}

TEST_F(Readdir, WithoutRoomForTheFirstEntryIsAnErrorNotTheEnd) {
  support::make_file(exported() / std::string(200, 'n'));
  serve();
  UniqueFid fid = open("", p9::kOpenRdonly);
  uint64_t offset = 0;
  for (int i = 0; i < 2; ++i) {
    // Room for one of the short names, never for the long one, which may come first.
    auto reply = client().call(p9::Treaddir{fid, offset, 60});
    if (!reply) break;
    auto some = p9client::parse_entries(reply->data);
    ASSERT_TRUE(some.has_value() && !some->empty());
    offset = some->back().offset;
  }
  auto reply = client().call(p9::Treaddir{fid, offset, 60});
  if (reply) {
    EXPECT_FALSE(reply->data.empty());
  } else {
    EXPECT_EQ(outcome(reply), "EINVAL");
  }
  EXPECT_EQ(outcome(client().call(p9::Treaddir{fid, 0, 0})), "EINVAL");
}

TEST_F(Readdir, Y1_StrangeCookiesGiveAnErrorOrEntries) {
  support::make_file(exported() / "file");
  serve();
  UniqueFid fid = open("", p9::kOpenRdonly);
  for (uint64_t offset : {UINT64_MAX, uint64_t{1} << 63, static_cast<uint64_t>(INT64_MAX),
                          uint64_t{1}, uint64_t{12345}}) {
    auto reply = client().call(p9::Treaddir{fid, offset, 8000});
    if (reply) {
      EXPECT_EQ(outcome(p9client::parse_entries(reply->data)), "ok");
    }
  }
  EXPECT_EQ(entries_at(client(), fid, 0, 8000).size(), 3U);
}

TEST_F(Readdir, Y1_CookiesOfAnotherDirectoryOrOfAnotherTimeGiveWholeEntries) {
  auto fill = [&](const char* where, const std::string& prefix) {
    for (int i = 0; i < 200; ++i)
      support::make_file(exported() / where / (prefix + std::to_string(i)));
  };
  fill("a", "first");
  fill("b", "other");
  serve();
  UniqueFid a = open("a", p9::kOpenRdonly);
  UniqueFid b = open("b", p9::kOpenRdonly);
  std::vector<Entry> entries = entries_at(client(), a, 0, 60'000);
  ASSERT_EQ(entries.size(), 202U);
  auto expect_names_of = [&](p9::Fid fid, const std::string& prefix) {
    for (std::size_t i = 0; i < entries.size(); i += 7) {
      auto reply = client().call(p9::Treaddir{fid, entries[i].offset, 60'000});
      if (!reply) continue;
      auto some = p9client::parse_entries(reply->data);
      ASSERT_EQ(outcome(some), "ok");
      std::set<std::string> names;
      for (const Entry& entry : *some) {
        EXPECT_TRUE(entry.name.starts_with(prefix) || entry.name.starts_with(".")) << entry.name;
        EXPECT_TRUE(names.insert(entry.name).second) << entry.name << " twice";
      }
    }
  };
  expect_names_of(b, "other");
  for (int i = 0; i < 200; ++i)
    std::filesystem::remove(exported() / "a" / ("first" + std::to_string(i)));
  fill("a", "second");
  expect_names_of(a, "second");
  EXPECT_EQ(entries_at(client(), a, 0, 60'000).size(), 202U);
}

TEST_F(Readdir, W8_NamesOfAnyBytesRoundTrip) {
  serve();
  std::string multibyte;
  while (multibyte.size() < 252) multibyte += "\xe6\xbc\xa2";
  for (const std::string& odd :
       {std::string("new\nline"), std::string("\xff\xfe"), std::string("..."), std::string(" "),
        std::string("-rf"), std::string(255, 'n'), multibyte}) {
    ASSERT_EQ(outcome(client().create(Client::root(), odd, p9::kOpenWronly, 0644)), "ok");
    EXPECT_EQ(outcome(client().stat(odd)), "ok");
    EXPECT_TRUE(std::filesystem::exists(exported() / odd));
    auto listed = client().list("");
    ASSERT_EQ(outcome(listed), "ok");
    EXPECT_EQ(std::ranges::count(*listed, odd, &Entry::name), 1);
  }
}

TEST_F(Readdir, Y3_SurvivingNamesComeExactlyOnceWhileOthersChange) {
  const int kept = rounds_or(2000);
  for (int i = 0; i < kept; ++i) support::make_file(exported() / ("kept" + std::to_string(i)));
  serve();
  UniqueFid fid = open("", p9::kOpenRdonly);
  std::map<std::string, int> seen;
  int round = 0;
  for (uint64_t offset = 0;; ++round) {
    std::vector<Entry> some = entries_at(client(), fid, offset, 4000);
    if (some.empty()) break;
    for (const Entry& entry : some) ++seen[entry.name];
    offset = some.back().offset;
    std::string fleeting = "fleeting" + std::to_string(round);
    ASSERT_EQ(outcome(client().create(Client::root(), fleeting, p9::kOpenWronly, 0644)), "ok");
    if (round % 2 == 0) {
      ASSERT_EQ(outcome(client().call(p9::Tunlinkat{Client::root(), name(fleeting), 0})), "ok");
    }
  }
  for (int i = 0; i < kept; ++i) {
    EXPECT_EQ(seen["kept" + std::to_string(i)], 1) << i;
  }
}

TEST_F(Make, Directories) {
  serve();
  auto made = client().call(p9::Tmkdir{Client::root(), name("new"), S_IFDIR | 01777, p9::kNoGid});
  ASSERT_EQ(outcome(made), "ok");
  EXPECT_EQ(made->qid, client().stat("new")->qid);
  EXPECT_EQ(client().stat("new")->mode, S_IFDIR | 01777U);
  EXPECT_EQ(outcome(client().call(p9::Tmkdir{Client::root(), name("new"), 0755, p9::kNoGid})),
            "EEXIST");
}

TEST_F(Make, WithTheGroupAskedFor) {
  serve();
  ASSERT_EQ(outcome(client().call(p9::Tmkdir{Client::root(), name("new"), 0755, 4242})), "ok");
  EXPECT_EQ(client().stat("new")->gid, 4242U);
  UniqueFid fid = walk("");
  ASSERT_EQ(outcome(client().call(p9::Tlcreate{fid, name("file"), p9::kOpenWronly, 0644, 4243})),
            "ok");
  EXPECT_EQ(client().getattr(fid)->gid, 4243U);
  ASSERT_EQ(outcome(client().call(p9::Tsymlink{Client::root(), name("link"), "x", 4244})), "ok");
  EXPECT_EQ(client().stat("link")->gid, 4244U);
}

TEST_F(Make, InAFileIsRefused) {
  support::make_file(exported() / "file");
  serve();
  UniqueFid file = walk("file");
  EXPECT_EQ(outcome(client().call(p9::Tmkdir{file, name("x"), 0755, p9::kNoGid})), "ENOTDIR");
  EXPECT_EQ(outcome(client().call(p9::Tsymlink{file, name("x"), "t", p9::kNoGid})), "ENOTDIR");
  EXPECT_EQ(outcome(client().call(p9::Tmknod{file, name("x"), S_IFREG, 0, 0, p9::kNoGid})),
            "ENOTDIR");
}

TEST_F(Make, D1_NoDevicesAndWithoutPolicyNoFifosOrSockets) {
  serve();
  EXPECT_EQ(mknod("char", S_IFCHR | 0666), "EPERM");
  EXPECT_EQ(mknod("block", S_IFBLK | 0666), "EPERM");
  EXPECT_EQ(mknod("fifo", S_IFIFO | 0666), "EPERM");
  EXPECT_EQ(mknod("socket", S_IFSOCK | 0666), "EPERM");
  EXPECT_NE(mknod("directory", S_IFDIR | 0666), "ok");
  EXPECT_NE(mknod("link", S_IFLNK | 0666), "ok");
  EXPECT_EQ(mknod("file", S_IFREG | 0666), "ok");
  EXPECT_TRUE(S_ISREG(client().stat("file")->mode));
  EXPECT_EQ(client().list("")->size(), 1U);
}

TEST_F(Make, D1_FifosAndSocketsWhereThePolicySaysSoAndStillNoDevices) {
  serve({.make_fifo = true, .make_socket = true});
  EXPECT_EQ(mknod("fifo", S_IFIFO | 0622), "ok");
  EXPECT_EQ(mknod("socket", S_IFSOCK | 0777), "ok");
  EXPECT_EQ(client().stat("fifo")->mode, S_IFIFO | 0622U);
  EXPECT_EQ(client().stat("socket")->mode, S_IFSOCK | 0777U);
  EXPECT_EQ(mknod("char", S_IFCHR | 0666), "EPERM");
  EXPECT_EQ(mknod("block", S_IFBLK | 0666), "EPERM");
}

}  // namespace
}  // namespace suite
