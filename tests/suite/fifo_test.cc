// FIFOs of the tree: what a client gets of them, and what the worker has of them: nothing.
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/suite/batch.h"
#include "tests/suite/meanwhile.h"
#include "tests/suite/samples.h"
#include "tests/suite/world.h"

namespace suite {
namespace {

using base::UniqueFd;

constexpr int kLargeFile = 0100000;  // what the kernel has every open file be; the library's is 0

std::string read_from(base::Fd fifo) {
  std::array<char, 64> room{};
  ssize_t count = ::read(fifo.raw(), room.data(), room.size());
  if (count < 0) return base::errno_name(errno);
  return {room.data(), static_cast<std::size_t>(count)};
}

std::string written_to(base::Fd fifo, std::string_view text) {
  return ::write(fifo.raw(), text.data(), text.size()) < 0 ? base::errno_name(errno) : "ok";
}

// True if nobody has ever opened the FIFO for writing since `reader` was opened.
bool never_had_a_writer(base::Fd reader) {
  pollfd state{reader.raw(), POLLIN, 0};
  return ::poll(&state, 1, 0) == 0;
}

class Fifos : public World {
 protected:
  Fifos() {
    support::make_fifo(exported() / "fifo", 0666);
    support::make_file(exported() / "file", "0123456789");
    support::make_directory(exported() / "directory");
  }
  void TearDown() override {
    taken_.reset();  // or it would count as one of the server's
    World::TearDown();
  }
  void serve(Export how = {.fifo = true}) {
    World::serve(how);
    speak(p9::kNewestGoogle);
  }
  // The fid is clunked after it; what came with the answer is in taken().
  std::string open_of(std::string_view where, uint32_t flags) {
    UniqueFid fid = walk(where);
    return open(fid, flags);
  }
  std::string open(p9::Fid fid, uint32_t flags) {
    std::string said = outcome(client().open(fid, flags));
    taken_ = client().take_descriptor();
    return said;
  }
  UniqueFd& taken() { return taken_; }
  // The host's own end.
  UniqueFd host(int flags) const {
    return UniqueFd(::open((exported() / "fifo").c_str(), flags | O_NONBLOCK | O_CLOEXEC));
  }

 private:
  UniqueFd taken_;
};

TEST_F(Fifos, OpenForReadingBringWhatTheHostWrites) {
  serve();
  UniqueFid fid = walk("fifo");
  ASSERT_EQ(open(fid, p9::kOpenRdonly), "ok");
  UniqueFd here = std::move(taken());
  ASSERT_TRUE(here.valid());
  EXPECT_EQ(::fcntl(here.raw(), F_GETFL) & ~kLargeFile, O_RDONLY | O_NONBLOCK);
  EXPECT_EQ(read_from(here), "");  // nobody writes
  UniqueFd there = host(O_WRONLY);
  EXPECT_EQ(read_from(here), "EAGAIN");
  EXPECT_EQ(written_to(there, "from the host"), "ok");
  EXPECT_EQ(read_from(here), "from the host");
  EXPECT_EQ(written_to(here, "x"), "EBADF");
  there.reset();
  EXPECT_EQ(read_from(here), "");
}

TEST_F(Fifos, OpenForWritingTakeDataToTheHost) {
  serve();
  UniqueFd there = host(O_RDONLY);
  UniqueFid fid = walk("fifo");
  ASSERT_EQ(open(fid, p9::kOpenWronly), "ok");
  UniqueFd here = std::move(taken());
  ASSERT_TRUE(here.valid());
  EXPECT_EQ(::fcntl(here.raw(), F_GETFL) & ~kLargeFile, O_WRONLY | O_NONBLOCK);
  EXPECT_EQ(written_to(here, "from the client"), "ok");
  EXPECT_EQ(read_from(there), "from the client");
  EXPECT_EQ(read_from(there), "EAGAIN");
}

TEST_F(Fifos, ForWritingAnswerEnxioWhileNobodyReadsAndNeverWait) {
  serve();
  UniqueFid fid = walk("fifo");
  EXPECT_EQ(open(fid, p9::kOpenWronly), "ENXIO");
  EXPECT_FALSE(taken().valid());
  UniqueFd there = host(O_RDONLY);
  EXPECT_EQ(open(fid, p9::kOpenWronly), "ok");  // it stayed as it was
}

TEST_F(Fifos, ForBothNeedNobody) {
  serve();
  ASSERT_EQ(open_of("fifo", p9::kOpenRdwr), "ok");
  UniqueFd here = std::move(taken());
  EXPECT_EQ(::fcntl(here.raw(), F_GETFL) & ~kLargeFile, O_RDWR | O_NONBLOCK);
  EXPECT_EQ(written_to(here, "to myself"), "ok");
  EXPECT_EQ(read_from(here), "to myself");
}

TEST_F(Fifos, AreOpenInTheClientAndNowhereElse) {
  serve();
  UniqueFd there = host(O_RDONLY);
  UniqueFid writing = walk("fifo");
  ASSERT_EQ(open(writing, p9::kOpenWronly), "ok");
  EXPECT_EQ(written_to(taken(), "last words"), "ok");
  taken().reset();
  expect_alive();  // after its reply the worker closes what it sent
  EXPECT_EQ(read_from(there), "last words");
  EXPECT_EQ(read_from(there), "");  // its end, though the fid is still there
  there.reset();
  UniqueFid reading = walk("fifo");
  ASSERT_EQ(open(reading, p9::kOpenRdonly), "ok");
  taken().reset();
  expect_alive();
  EXPECT_FALSE(host(O_WRONLY).valid());
  EXPECT_EQ(errno, ENXIO);
}

TEST_F(Fifos, HonourTheAccessModeAndNoOtherFlag) {
  serve();
  UniqueFd there = host(O_RDONLY);
  for (uint32_t more : {p9::kOpenTrunc, p9::kOpenAppend, p9::kOpenNonblock, p9::kOpenSync,
                        p9::kOpenDirect, p9::kOpenExcl, p9::kOpenNoctty}) {
    ASSERT_EQ(open_of("fifo", p9::kOpenWronly | more), "ok") << more;
    EXPECT_EQ(::fcntl(taken().raw(), F_GETFL) & ~kLargeFile, O_WRONLY | O_NONBLOCK) << more;
  }
  EXPECT_EQ(open_of("fifo", p9::kOpenRdonly | p9::kOpenDirectory), "ENOTDIR");
  EXPECT_EQ(open_of("fifo", 3), "EINVAL");
}

TEST_F(Fifos, AreOpenedForClientsThatGetDescriptorsOnly) {
  serve();
  for (uint32_t google = 0; google <= p9::kNewestGoogle; ++google) {
    speak(google);
    EXPECT_EQ(open_of("fifo", p9::kOpenRdonly), google > 0 ? "ok" : "EPERM") << google;
    EXPECT_EQ(taken().valid(), google > 0) << google;
  }
  ASSERT_EQ(hang_up(), "hangup");
  serve({.donate = false, .fifo = true});
  EXPECT_EQ(open_of("fifo", p9::kOpenRdonly), "EPERM");
}

TEST_F(Fifos, AreNotOpenedUnlessTheAttachPointSaysSo) {
  serve({});
  for (uint32_t access : {p9::kOpenRdonly, p9::kOpenWronly, p9::kOpenRdwr})
    EXPECT_EQ(open_of("fifo", access), "EPERM");
  EXPECT_EQ(open_of("fifo", p9::kOpenRdonly | p9::kOpenDirectory), "ENOTDIR");
}

TEST_F(Fifos, RO_OfAReadOnlyTreeAreOpenedForReadingOnly) {
  support::Inventory before = support::inventory(exported());
  UniqueFd there = host(O_RDWR);
  serve({.read_only = true, .fifo = true});
  for (uint32_t flags : {p9::kOpenWronly, p9::kOpenRdwr, p9::kOpenRdonly | p9::kOpenTrunc})
    EXPECT_EQ(open_of("fifo", flags), "EROFS") << flags;
  ASSERT_EQ(open_of("fifo", p9::kOpenRdonly), "ok");
  UniqueFd here = std::move(taken());
  EXPECT_EQ(written_to(there, "text"), "ok");
  EXPECT_EQ(read_from(here), "text");
  support::Inventory after = support::inventory(exported());
  // The host's own write shows in the times of the FIFO.
  before.erase("fifo");
  after.erase("fifo");
  EXPECT_EQ(after, before);
}

TEST_F(Fifos, AreNotOpenedByCreating) {
  serve();
  UniqueFid directory = walk("");
  EXPECT_EQ(outcome(client().call(
                p9::Tlcreate{directory, name("fifo"), p9::kOpenRdwr, 0644, p9::kNoGid})),
            "EPERM");
}

TEST_F(Fifos, F1_ThatNobodyHasOpenedNeverMakeTheClientWait) {
  serve();
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(open_of("fifo", i % 2 == 0 ? p9::kOpenRdonly : p9::kOpenWronly),
              i % 2 == 0 ? "ok" : "ENXIO");
    taken().reset();
    expect_alive();
  }
}

TEST_F(Fifos, LeaveNothingInTheWorker) {
  serve();
  UniqueFid fid = walk("fifo");
  std::size_t before = served().descriptors();
  std::vector<UniqueFid> fids;
  for (int i = 0; i < 100; ++i) {
    fids.push_back(*client().clone(fid));
    ASSERT_EQ(open(fids.back(), p9::kOpenRdonly), "ok");
  }
  taken().reset();
  expect_alive();  // after its reply the worker closes what it sent
  EXPECT_LE(served().descriptors(), before);
}

TEST_F(Fifos, S_SwappedForLinksAndFilesLeadNowhereElse) {
  path beyond = exported().parent_path() / "beyond";
  support::make_fifo(beyond, 0666);
  UniqueFd reader(::open(beyond.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  UniqueFd inside = host(O_RDONLY);
  support::make_symlink(exported() / "way", beyond.native());
  serve();
  constexpr p9::Fid kFid{1'000'001};
  std::map<mode_t, int> opened;
  {
    unsigned turn = 0;
    Meanwhile swapping([&] {
      static constexpr std::array<const char*, 3> kWith{"way", "file", "directory"};
      const char* with = kWith[turn++ % kWith.size()];
      support::exchange(exported() / "fifo", exported() / with);
      support::exchange(exported() / "fifo", exported() / with);
    });
    for (int round = 0; round < kRoundsMeanwhile && !HasFatalFailure(); ++round) {
      Batch batch;
      batch.add(p9::Twalk{Client::root(), kFid, {name("fifo")}});
      batch.add(p9::Tlopen{kFid, round % 2 == 0 ? p9::kOpenWronly : p9::kOpenRdwr});
      batch.add(p9::Tclunk{kFid});
      batch.run(client(), [&](const p9client::Frame& reply) {
        if (!as<p9::Rlopen>(reply)) return;
        struct stat info{};
        ASSERT_EQ(::fstat(reply.descriptor.raw(), &info), 0);
        ++opened[info.st_mode & S_IFMT];
      });
    }
  }
  EXPECT_GT(opened[S_IFIFO], 0);
  EXPECT_EQ(opened.size(), opened.contains(S_IFREG) ? 2U : 1U);
  EXPECT_TRUE(never_had_a_writer(reader)) << "somebody was led outside";
}

// Columns of the table below.
struct Answers {
  std::string_view walked;  // a FIFO that was not opened
  std::string_view open;
  std::string_view socket;
};

const std::map<std::string_view, Answers>& answers() {
  static const std::map<std::string_view, Answers> kAnswers{
      {"Tstatfs", {"ok", "ok", "ok"}},
      {"Tlopen", {"ok", "EBADF", "EPERM"}},
      {"Tlcreate", {"ENOTDIR", "EBADF", "ENOTDIR"}},
      {"Tsymlink", {"ENOTDIR", "ENOTDIR", "ENOTDIR"}},
      {"Tmknod", {"ENOTDIR", "ENOTDIR", "ENOTDIR"}},
      {"Tmkdir", {"ENOTDIR", "ENOTDIR", "ENOTDIR"}},
      {"Trename", {"ok", "ok", "ok"}},
      {"Treadlink", {"EINVAL", "EINVAL", "EINVAL"}},
      {"Tgetattr", {"ok", "ok", "ok"}},
      {"Tsetattr", {"ok", "ok", "ok"}},
      {"Txattrwalk", {"ENODATA", "ENODATA", "ENODATA"}},
      {"Txattrcreate", {"ok", "EBADF", "ok"}},
      {"Treaddir", {"EBADF", "ENOTDIR", "EBADF"}},
      {"Tfsync", {"EBADF", "EINVAL", "EBADF"}},
      {"Tlock", {"EBADF", "EBADF", "EBADF"}},
      {"Tgetlock", {"EBADF", "EBADF", "EBADF"}},
      {"Tlink", {"ok", "ok", "ok"}},
      {"Trenameat", {"ENOTDIR", "ENOTDIR", "ENOTDIR"}},
      {"Tunlinkat", {"ENOTDIR", "ENOTDIR", "ENOTDIR"}},
      {"Twalk", {"ENOTDIR", "ENOTDIR", "ENOTDIR"}},
      {"Tread", {"EBADF", "ESPIPE", "EBADF"}},
      {"Twrite", {"EBADF", "ESPIPE", "EBADF"}},
      {"Tclunk", {"ok", "ok", "ok"}},
      {"Tremove", {"ok", "ok", "ok"}},
      {"Tflushf", {"ok", "ok", "ok"}},
      {"Twalkgetattr", {"ENOTDIR", "ENOTDIR", "ENOTDIR"}},
      {"Tucreate", {"ENOTDIR", "EBADF", "ENOTDIR"}},
      {"Tumkdir", {"ENOTDIR", "ENOTDIR", "ENOTDIR"}},
      {"Tumknod", {"ENOTDIR", "ENOTDIR", "ENOTDIR"}},
      {"Tusymlink", {"ENOTDIR", "ENOTDIR", "ENOTDIR"}},
      {"Tlconnect", {"EINVAL", "EINVAL", "ok"}},
      {"Tallocate", {"EBADF", "ESPIPE", "EBADF"}},
      {"Tgetxattr", {"ENODATA", "ENODATA", "ENODATA"}},
      {"Tsetxattr", {"EPERM", "EPERM", "EPERM"}},
      {"Tlistxattr", {"ok", "ok", "ok"}},
      {"Tremovexattr", {"EPERM", "EPERM", "EPERM"}},
      {"Tsetattrclunk", {"ok", "ok", "ok"}},
      {"Tmultigetattr", {"ENOTDIR", "ENOTDIR", "ENOTDIR"}},
  };
  return kAnswers;
}

// Messages that are about a session, not about a fid that exists.
template <class M>
constexpr bool kAboutTheSession = std::is_same_v<M, p9::Tversion> || std::is_same_v<M, p9::Tauth> ||
                                  std::is_same_v<M, p9::Tattach> || std::is_same_v<M, p9::Tflush> ||
                                  std::is_same_v<M, p9::Tchannel>;

class SpecialState : public Fifos {
 protected:
  template <class M>
  std::string send(std::string_view where, bool opened) {
    p9::Fid fid = walk(where).release();
    if (opened) {
      EXPECT_EQ(open(fid, p9::kOpenRdwr), "ok");
    }
    std::string other = "other" + std::to_string(count_++);
    Subject subject{fid, Client::root(), client().new_fid(), name("new"), name(other)};
    return outcome(client().call(sample(Of<M>{}, subject)));
  }
  void make_anew() const {
    for (const char* made : {"fifo", "socket"}) std::filesystem::remove(exported() / made);
    support::make_fifo(exported() / "fifo");
  }

 private:
  int count_ = 0;
};

TEST_F(SpecialState, O1_EveryMessageOnAFifoOrASocketAnswersAsTheTableSays) {
  serve({.uds = true, .fifo = true});
  for_each_sample(Subject{}, [&]<class M>(const M&) {
    if (kAboutTheSession<M>) return;
    auto row = answers().find(M::kLine.name);
    ASSERT_NE(row, answers().end()) << "no row for " << M::kLine.name;
    make_anew();
    EXPECT_EQ(send<M>("fifo", false), row->second.walked) << M::kLine.name;
    make_anew();
    EXPECT_EQ(send<M>("fifo", true), row->second.open) << M::kLine.name;
    UniqueFd listener = support::bind_socket(exported() / "socket", SOCK_STREAM);
    EXPECT_EQ(send<M>("socket", false), row->second.socket) << M::kLine.name;
  });
  expect_alive();
}

}  // namespace
}  // namespace suite
