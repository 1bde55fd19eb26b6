// Nothing outside the attach point is ever reached, whoever swaps what while a client walks.
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include <string>
#include <vector>

#include "tests/suite/batch.h"
#include "tests/suite/meanwhile.h"
#include "tests/suite/samples.h"
#include "tests/suite/world.h"

namespace suite {
namespace {

#ifdef GOFER_INSTRUMENTED
constexpr int kRounds = 3'000;
#else
constexpr int kRounds = 15'000;
#endif

// Each request over a channel is a round trip of its own, and what they find is no other.
int rounds() {
  return rounds_or(kWay == Way::kChannel ? kRounds / 20 : kRounds);
}

constexpr mode_t kInsideMode = 0644;

class Escape : public World {
 protected:
  // In the dialect that has every message.
  void serve() {
    World::serve();
    speak(p9::kNewestGoogle);
  }
  p9::WalkList<p9::Name> names(std::initializer_list<std::string_view> texts) const {
    p9::WalkList<p9::Name> list;
    for (std::string_view text : texts) list.push(name(text));
    return list;
  }

  // What a client does at the end of a walk and at `second` below it (or at the end alone): every
  // request that could reach through it. Fails the test if anything of the outside shows.
  void probe(p9::Fid from, std::initializer_list<std::string_view> walk, std::string_view second,
             int round) {
    Batch batch;
    batch.add(p9::Twalk{from, kDirectory, names(walk)});
    batch.add(p9::Tgetattr{kDirectory, p9::kGetattrBasic});
    if (round % 8 == 0) touch(batch, round);
    batch.add(p9::Twalk{kDirectory, kFile, second.empty() ? names({}) : names({second})});
    batch.add(p9::Tgetattr{kFile, p9::kGetattrBasic});
    batch.add(p9::Tlopen{kFile, p9::kOpenRdonly});
    batch.add(p9::Tread{kFile, 0, 100});
    if (round % 8 == 1)
      batch.add(p9::Tsetattr{.fid = kFile, .valid = p9::kSetattrMode, .mode = kInsideMode});
    if (round % 8 == 2) touch_attributes(batch, kDirectory);
    if (round % 8 == 2) touch_attributes(batch, kFile);
    if (round % 8 == 3) touch_at_once(batch, from, walk, second);
    batch.add(p9::Tclunk{kFile});
    batch.add(p9::Tclunk{kDirectory});
    batch.run(client(), [&](const p9client::Frame& reply) { see(reply); });
  }
  // Does everything to the file "secret" there: reads it, changes it, and puts another one in its
  // place.
  void change_secret_in(Batch& batch, std::string_view directory) {
    batch.add(p9::Twalk{Client::root(), kFile, names({directory, "secret"})});
    batch.add(p9::Tlopen{kFile, p9::kOpenRdwr});
    batch.add(p9::Tread{kFile, 0, 100});
    batch.add(p9::Twrite{kFile, 0, std::as_bytes(std::span(kInside))});
    batch.add(p9::Tsetattr{.fid = kFile, .valid = p9::kSetattrMode, .mode = kInsideMode});
    touch_attributes(batch, kFile);
    batch.add(p9::Tclunk{kFile});
    batch.add(p9::Twalk{Client::root(), kFile, names({directory})});
    batch.add(p9::Tunlinkat{kFile, name("secret"), 0});
    batch.add(p9::Tlcreate{kFile, name("secret"), p9::kOpenWronly, kInsideMode, p9::kNoGid});
    batch.add(p9::Twrite{kFile, 0, std::as_bytes(std::span(kInside))});
    batch.add(p9::Tclunk{kFile});
  }
  void see(const p9client::Frame& reply) {
    see_at_once(reply);
    if (auto attributes = as<p9::Rgetattr>(reply)) {
      ASSERT_NE(attributes->uid, kOutsideOwner);
    }
    if (auto read = as<p9::Rread>(reply)) {
      std::string_view text(reinterpret_cast<const char*>(read->data.data()), read->data.size());
      ASSERT_EQ(text, kInside);
      ++seen_inside;
    }
    if (as<p9::Rlcreate>(reply)) ++made_inside;
  }
  int seen_inside = 0;
  int made_inside = 0;

 private:
  static constexpr std::string_view kInside = "inside";
  static constexpr p9::Fid kDirectory{1'000'001};
  static constexpr p9::Fid kFile{1'000'002};
  static constexpr p9::Fid kMade{1'000'003};

  // Makes and removes things in what is believed to be a directory of the tree.
  void touch(Batch& batch, int round) {
    made_ = "made" + std::to_string(round);
    batch.add(p9::Twalk{kDirectory, kMade, {}});
    batch.add(p9::Tlcreate{kMade, name(made_), p9::kOpenWronly, kInsideMode, p9::kNoGid});
    batch.add(p9::Tclunk{kMade});
    batch.add(p9::Tunlinkat{kDirectory, name(made_), 0});
    batch.add(p9::Tmkdir{kDirectory, name(made_), 0755, p9::kNoGid});
    batch.add(p9::Tunlinkat{kDirectory, name(made_), p9::kUnlinkDirectory});
  }
  // Reads an attribute that only files of the outside have, and sets one.
  void touch_attributes(Batch& batch, p9::Fid fid) {
    batch.add(p9::Txattrwalk{fid, kMade, "user.secret"});
    batch.add(p9::Tread{kMade, 0, 100});
    batch.add(p9::Tclunk{kMade});
    batch.add(p9::Twalk{fid, kMade, {}});
    batch.add(p9::Txattrcreate{kMade, "user.made", 0, 0});
    batch.add(p9::Tclunk{kMade});
  }
  // The Google extensions, which walk, ask and make at once.
  void touch_at_once(Batch& batch, p9::Fid from, std::initializer_list<std::string_view> walk,
                     std::string_view second) {
    std::vector<std::string_view> all{""};
    all.insert(all.end(), walk);
    if (!second.empty()) all.push_back(second);
    Path path(all);
    batch.add(p9::Tmultigetattr{from, path.names()});
    batch.add(p9::Twalkgetattr{from, kMade, names(walk)});
    batch.add(p9::Tgetxattr{kMade, "user.secret", 100});
    batch.add(p9::Tsetxattr{kMade, "user.made", "", 0});
    batch.add(p9::Tremovexattr{kMade, "user.made"});
    batch.add(p9::Tumkdir{kMade, name("made"), 0755, p9::kNoGid, p9::kNoUname});
    batch.add(p9::Tunlinkat{kMade, name("made"), p9::kUnlinkDirectory});
    batch.add(p9::Tucreate{kMade, name("made"), p9::kOpenRdwr, kInsideMode, 0, 0});
    batch.add(p9::Tsetattrclunk{.fid = kMade, .valid = p9::kSetattrMode, .mode = 0755});
    batch.add(p9::Tunlinkat{kDirectory, name("made"), 0});
  }
  static void see_at_once(const p9client::Frame& reply) {
    if (auto walked = as<p9::Rwalkgetattr>(reply)) {
      ASSERT_NE(walked->attr.uid, kOutsideOwner);
    }
    if (auto asked = as<p9::Rmultigetattr>(reply)) {
      p9::Reader in(asked->stats.encoded);
      for (uint16_t i = 0; i < asked->stats.count; ++i)
        ASSERT_NE(p9::Codec<p9::FullStat>::read(in).attr.uid, kOutsideOwner);
    }
    ASSERT_FALSE(as<p9::Rgetxattr>(reply).has_value());
    if (!reply.descriptor.valid()) return;
    struct stat info{};
    ASSERT_EQ(::fstat(reply.descriptor.raw(), &info), 0);
    ASSERT_NE(info.st_uid, kOutsideOwner);
  }
  std::string made_;
};

TEST_F(Escape, S1_LinksThatTheClientSwapsInAreNeverFollowed) {
  support::make_file(exported() / "d" / "secret", "inside");
  support::make_symlink(exported() / "l", outside().native());
  serve();
  auto rename = [&](std::string_view from, std::string_view to) {
    return p9::Trenameat{Client::root(), name(from), Client::root(), name(to)};
  };
  int count = rounds();
  for (int round = 0; round < count && !HasFatalFailure(); ++round) {
    Batch batch;
    batch.add(rename("d", "x"));
    batch.add(rename("l", "d"));
    batch.add(rename("x", "l"));
    change_secret_in(batch, "d");
    batch.run(client(), [&](const p9client::Frame& reply) { see(reply); });
  }
  // Every second time the directory was there, and each of its files was a new one.
  EXPECT_EQ(seen_inside, count / 2);
  EXPECT_EQ(made_inside, count / 2);
}

TEST_F(Escape, S3_LinksThatTheHostSwapsInAtAnyDepthAreNeverFollowed) {
  path deep = exported() / "a" / "b" / "c";
  support::make_file(deep / "secret", "inside");
  support::make_file(exported() / "a" / "b" / "secret", "inside");
  support::make_file(exported() / "a" / "secret", "inside");
  for (const char* link : {"la", "a/lb", "a/b/lc"})
    support::make_symlink(exported() / link, outside().native());
  support::make_symlink(exported() / "a/b/c/ls", (outside() / "secret").native());
  serve();
  UniqueFid a = walk("a");
  UniqueFid b = walk("a/b");
  UniqueFid c = walk("a/b/c");
  long times = 0;
  {
    unsigned turn = 0;
    Meanwhile swapping([&] {
      // Each swap is undone before the next, so that the names stay where they are.
      static constexpr std::pair<const char*, const char*> kPairs[] = {
          {"a", "la"}, {"a/b", "a/lb"}, {"a/b/c", "a/b/lc"}, {"a/b/c/secret", "a/b/c/ls"}};
      auto [x, y] = kPairs[turn++ % 4];
      support::exchange(exported() / x, exported() / y);
      support::exchange(exported() / x, exported() / y);
    });
    for (int round = 0, end = rounds() / 4; round < end && !HasFatalFailure(); ++round) {
      probe(Client::root(), {"a"}, "secret", round);
      probe(a, {"b"}, "secret", round);
      probe(b, {"c"}, "secret", round);
      probe(c, {"secret"}, "", round);
    }
    times = swapping.times();
  }
  EXPECT_GT(seen_inside, 0);
  EXPECT_GT(times, 0);
}

TEST_F(Escape, S3_WholePathWalksNeverPassThroughALinkEither) {
  support::make_file(exported() / "a" / "b" / "secret", "inside");
  support::make_symlink(exported() / "a" / "l", outside().native());
  serve();
  Meanwhile swapping([&] { support::exchange(exported() / "a/b", exported() / "a/l"); });
  for (int round = 0, end = rounds(); round < end && !HasFatalFailure(); ++round)
    probe(Client::root(), {"a", "b", "secret"}, "", 2);
  swapping.stop();
  EXPECT_GT(seen_inside, 0);
}

TEST_F(Escape, S5_LinksIntoProcAreNeverCrossed) {
  int i = 0;
  for (const char* target : {"/proc/self/root", "/proc/self/cwd", "/proc/self/fd/0", "/proc/1/root",
                             "/proc/self/fd/4", "/", "../outside"})
    support::make_symlink(exported() / ("link" + std::to_string(i++)), target);
  serve();
  for (int j = 0; j < i; ++j) {
    std::string link = "link" + std::to_string(j);
    EXPECT_EQ(outcome(client().walk(link + "/secret")), "ELOOP");
    UniqueFid fid = walk(link);
    EXPECT_EQ(outcome(client().open(fid, p9::kOpenRdonly)), "ELOOP");
    EXPECT_EQ(outcome(client().open(fid, p9::kOpenRdonly | p9::kOpenDirectory)), "ELOOP");
  }
}

TEST_F(Escape, ADirectoryRenamedUnderAWalkingClientLeadsNowhereElse) {
  support::make_file(exported() / "x" / "d" / "secret", "inside");
  support::make_directory(exported() / "y");
  serve();
  UniqueFid d = walk("x/d");
  Meanwhile moving([&] {
    std::filesystem::rename(exported() / "x/d", exported() / "y/d");
    std::filesystem::rename(exported() / "y/d", exported() / "x/d");
  });
  for (int round = 0, end = rounds() / 10; round < end && !HasFatalFailure(); ++round) {
    probe(d, {"secret"}, "", 2);
    probe(Client::root(), {"x"}, "d", 2);
  }
  moving.stop();
  EXPECT_GT(seen_inside, 0);
}

class Special : public World {
 protected:
  // Tries to open what is at `where` in every way; it must always be refused.
  void expect_never_opened(std::string_view where) {
    for (uint32_t access : {p9::kOpenRdonly, p9::kOpenWronly, p9::kOpenRdwr})
      for (uint32_t more : {0U, p9::kOpenNonblock, p9::kOpenTrunc, p9::kOpenAppend, p9::kOpenNoctty,
                            p9::kOpenDirectory}) {
        UniqueFid fid = walk(where);
        EXPECT_NE(outcome(client().open(fid, access | more)), "ok") << where << " " << access;
      }
  }
  // True if nobody has ever opened the FIFO for writing since `reader` was opened.
  static bool never_had_a_writer(base::Fd reader) {
    pollfd state{reader.raw(), POLLIN, 0};
    return ::poll(&state, 1, 0) == 0;
  }
};

TEST_F(Special, D2_DevicesOfTheHostAreShownAndNeverOpened) {
  struct Device {
    const char* name;
    mode_t type;
    unsigned major;
    unsigned minor;
  };
  constexpr Device kDevices[] = {{"null", S_IFCHR, 1, 3},
                                 {"zero", S_IFCHR, 1, 5},
                                 {"tty", S_IFCHR, 5, 0},
                                 {"fuse", S_IFCHR, 10, 229},
                                 {"loop", S_IFBLK, 7, 0}};
  for (const Device& device : kDevices)
    support::make_device(exported() / device.name, device.type | 0666, device.major, device.minor);
  serve();
  for (const Device& device : kDevices) {
    EXPECT_EQ(client().stat(device.name)->mode, device.type | 0666U);
    expect_never_opened(device.name);
  }
}

TEST_F(Special, F1_FifosOfTheHostAreNeverOpenedAndNeverBlock) {
  support::make_fifo(exported() / "fifo", 0666);
  base::UniqueFd reader(::open((exported() / "fifo").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  ASSERT_TRUE(reader.valid());
  serve();
  for (int i = 0; i < 100; ++i) {
    UniqueFid fid = walk("fifo");
    EXPECT_NE(outcome(client().open(fid, i % 2 == 0 ? p9::kOpenRdonly : p9::kOpenWronly)), "ok");
    expect_alive();
  }
  expect_never_opened("fifo");
  EXPECT_TRUE(never_had_a_writer(reader));
  // Nor for reading: with the host's own reader gone, a writer finds nobody.
  reader.reset();
  EXPECT_EQ(::open((exported() / "fifo").c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC), -1);
  EXPECT_EQ(errno, ENXIO);
}

TEST_F(Special, D3_SocketsOfTheHostAreNeverOpened) {
  support::make_socket(exported() / "socket");
  serve();
  EXPECT_TRUE(S_ISSOCK(client().stat("socket")->mode));
  expect_never_opened("socket");
}

TEST_F(Special, D2_AFifoThatTakesAFilesPlaceInTheMiddleOfAnOpenIsNeverOpened) {
  support::make_file(exported() / "file", "text");
  support::make_fifo(exported() / "fifo", 0666);
  base::UniqueFd reader(::open((exported() / "fifo").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  ASSERT_TRUE(reader.valid());
  serve();
  int opened = 0;
  {
    Meanwhile swapping([&] { support::exchange(exported() / "file", exported() / "fifo"); });
    for (int round = 0, end = rounds() / 5; round < end; ++round) {
      auto fid = client().walk("file");
      if (fid && client().open(*fid, round % 2 == 0 ? p9::kOpenWronly : p9::kOpenRdwr)) ++opened;
      auto made = client().create(Client::root(), "file", p9::kOpenWronly | p9::kOpenTrunc, 0644);
      if (made) ++opened;
    }
  }
  EXPECT_GT(opened, 0);
  EXPECT_TRUE(never_had_a_writer(reader));
}

}  // namespace
}  // namespace suite
