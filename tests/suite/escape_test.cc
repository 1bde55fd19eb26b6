// Nothing outside the attach point is ever reached, whoever swaps what while a client walks.
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "tests/suite/world.h"
#include "tests/support/raw_frame.h"

namespace suite {
namespace {

#ifdef GOFER_INSTRUMENTED
constexpr int kRounds = 3'000;
#else
constexpr int kRounds = 100'000;
#endif

constexpr uid_t kOutsideOwner = 54321;  // no file inside belongs to it
constexpr mode_t kInsideMode = 0644;

// Does the same thing over and over in a thread of the host, until it goes out of scope.
class Meanwhile {
 public:
  explicit Meanwhile(std::function<void()> action)
      : thread_([this, action = std::move(action)] {
          while (!stop_.load(std::memory_order_relaxed)) {
            action();
            ++times_;
          }
        }) {}
  Meanwhile(const Meanwhile&) = delete;
  Meanwhile& operator=(const Meanwhile&) = delete;
  ~Meanwhile() { stop(); }
  void stop() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }
  long times() const { return times_; }

 private:
  std::atomic<bool> stop_ = false;
  std::atomic<long> times_ = 0;
  std::thread thread_;
};

class Escape : public World {
 protected:
  void SetUp() override {
    for (const char* what : {"", "secret", "directory", "directory/secret"}) {
      ASSERT_EQ(::lchown((outside() / what).c_str(), kOutsideOwner, kOutsideOwner), 0);
    }
    outside_now_ = support::inventory(outside());
  }
  void TearDown() override {
    EXPECT_EQ(support::inventory(outside()), outside_now_);
    // World compares with how things were before SetUp: put them back.
    for (const char* what : {"", "secret", "directory", "directory/secret"}) {
      EXPECT_EQ(::lchown((outside() / what).c_str(), 0, 0), 0);
    }
    hang_up_only();
  }
  void hang_up_only() { EXPECT_EQ(hang_up(), "hangup"); }

  // What a client does at a name: every request that could reach through it. Fails the test if
  // anything of the outside shows.
  void probe(p9::Fid from, std::string_view first, std::string_view second, int round) {
    auto directory = client().walk(from, first);
    if (!directory) return;
    see(*directory);
    if (round % 8 == 0) touch(*directory, round);
    if (second.empty()) return read(*directory);
    auto file = client().walk(*directory, second);
    if (!file) return;
    see(*file);
    read(*file);
    if (round % 8 == 1)
      (void)client().call(
          p9::Tsetattr{.fid = *file, .valid = p9::kSetattrMode, .mode = kInsideMode});
  }
  int seen_inside = 0;

 private:
  void see(p9::Fid fid) {
    auto attributes = client().getattr(fid);
    if (attributes) {
      ASSERT_NE(attributes->uid, kOutsideOwner);
    }
  }
  void read(p9::Fid fid) {
    if (!client().open(fid, p9::kOpenRdonly)) return;
    auto bytes = client().read(fid, 0, 100);
    if (!bytes) return;
    std::string text(reinterpret_cast<const char*>(bytes->data()), bytes->size());
    ASSERT_NE(text, kSecret);
    ++seen_inside;
  }
  // Makes and removes things in what is believed to be a directory of the tree.
  void touch(p9::Fid directory, int round) {
    std::string made = "made" + std::to_string(round);
    (void)client().create(directory, made, p9::kOpenWronly, kInsideMode);
    (void)client().call(p9::Tunlinkat{directory, name(made), 0});
    (void)client().call(p9::Tmkdir{directory, name(made), 0755, p9::kNoGid});
    (void)client().call(p9::Tunlinkat{directory, name(made), p9::kUnlinkDirectory});
    (void)client().call(p9::Tunlinkat{directory, name("secret2"), 0});
  }
  support::Inventory outside_now_;
};

TEST_F(Escape, S1_LinksThatTheClientSwapsInAreNeverFollowed) {
  support::make_file(exported() / "d" / "secret", "inside");
  support::make_symlink(exported() / "l", outside().native());
  serve();
  auto& connection = client().connection();
  auto rename = [&](std::string_view from, std::string_view to) {
    return p9::Trenameat{Client::root(), name(from), Client::root(), name(to)};
  };
  constexpr p9::Fid kFid{900};
  p9::Twalk walk_through{Client::root(), kFid, {{name("d"), name("secret")}, 2}};
  int through = 0;
  for (int round = 0; round < kRounds; ++round) {
    // One send each: swap d and l, then walk, open and read through d.
    std::vector<std::byte> frames;
    uint16_t tag = 0;
    auto add = [&](const auto& message) {
      auto frame = support::RawFrame::of(p9::Tag{++tag}, message);
      frames.insert(frames.end(), frame.begin(), frame.end());
    };
    add(rename("d", "x"));
    add(rename("l", "d"));
    add(rename("x", "l"));
    add(walk_through);
    add(p9::Tlopen{kFid, p9::kOpenRdonly});
    add(p9::Tread{kFid, 0, 100});
    add(p9::Tclunk{kFid});
    ASSERT_EQ(outcome(connection.send_raw(frames)), "ok");
    for (uint16_t i = 1; i <= tag; ++i) {
      auto reply = connection.receive();
      ASSERT_EQ(outcome(reply), "ok");
      if (reply->type() != p9::Rread::kLine.type) continue;
      auto data = p9client::read_reply<p9::Rread>(*reply);
      ASSERT_EQ(outcome(data), "ok");
      ASSERT_EQ(std::string(reinterpret_cast<const char*>(data->data.data()), data->data.size()),
                "inside");
      ++through;
    }
  }
  EXPECT_EQ(through, kRounds / 2);
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
    for (int round = 0; round < kRounds / 4 && !HasFatalFailure(); ++round) {
      probe(Client::root(), "a", "secret", round);
      probe(a, "b", "secret", round);
      probe(b, "c", "secret", round);
      probe(c, "secret", "", round);
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
  for (int round = 0; round < kRounds && !HasFatalFailure(); ++round)
    probe(Client::root(), "a/b/secret", "", 2);
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

TEST_F(Escape, M_ADirectoryRenamedUnderAWalkingClientLeadsNowhereElse) {
  support::make_file(exported() / "x" / "d" / "secret", "inside");
  support::make_directory(exported() / "y");
  serve();
  UniqueFid d = walk("x/d");
  Meanwhile moving([&] {
    std::filesystem::rename(exported() / "x/d", exported() / "y/d");
    std::filesystem::rename(exported() / "y/d", exported() / "x/d");
  });
  for (int round = 0; round < kRounds / 10 && !HasFatalFailure(); ++round) {
    probe(d, "secret", "", 2);
    probe(Client::root(), "x", "d", 2);
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
    for (int round = 0; round < kRounds / 5; ++round) {
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
