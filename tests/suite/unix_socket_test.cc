// Unix sockets of the tree: whom a client is connected to, when not, and what stays behind.
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
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

struct Type {
  const char* file;
  uint32_t wire;
  int host;
};
constexpr Type kTypes[] = {{"stream", p9::kSocketStream, SOCK_STREAM},
                           {"datagram", p9::kSocketDatagram, SOCK_DGRAM},
                           {"seqpacket", p9::kSocketSeqpacket, SOCK_SEQPACKET}};

std::string received(base::Fd socket) {
  std::array<char, 64> room{};
  ssize_t count = ::recv(socket.raw(), room.data(), room.size(), MSG_DONTWAIT);
  if (count < 0) return base::errno_name(errno);
  return {room.data(), static_cast<std::size_t>(count)};
}

bool sent(base::Fd socket, std::string_view text) {
  return ::send(socket.raw(), text.data(), text.size(), MSG_NOSIGNAL) ==
         static_cast<ssize_t>(text.size());
}

UniqueFd accepted(base::Fd listener) {
  return UniqueFd(::accept4(listener.raw(), nullptr, nullptr, SOCK_CLOEXEC));
}

bool has_visitor(base::Fd listener) {
  pollfd state{listener.raw(), POLLIN, 0};
  return ::poll(&state, 1, 0) != 0;
}

class UnixSockets : public World {
 protected:
  UnixSockets() {
    for (const Type& type : kTypes)
      listeners_.push_back(support::bind_socket(exported() / type.file, type.host));
    support::make_socket(exported() / "dead");
    support::make_file(exported() / "file", "0123456789");
    support::make_directory(exported() / "directory");
    support::make_symlink(exported() / "link", "stream");
    support::make_fifo(exported() / "fifo");
  }
  void TearDown() override {
    taken_.reset();  // or it would count as one of the server's
    World::TearDown();
  }
  void serve(Export how = {.uds = true}) {
    World::serve(how);
    speak(p9::kNewestGoogle);
  }
  base::Fd listener(const Type& type) const {
    return listeners_[static_cast<std::size_t>(&type - kTypes)];
  }

  // What came with the answer is in taken().
  std::string connect(p9::Fid fid, uint32_t type) {
    std::string said = outcome(client().call(p9::Tlconnect{fid, type}));
    taken_ = client().take_descriptor();
    return said;
  }
  std::string connect(std::string_view where, uint32_t type = p9::kSocketStream) {
    UniqueFid fid = walk(where);
    return connect(fid, type);
  }
  UniqueFd& taken() { return taken_; }

 private:
  UniqueFd taken_;
  std::vector<UniqueFd> listeners_;
};

TEST_F(UnixSockets, OfEachTypeAreConnectedAndCarryDataBothWays) {
  serve();
  for (const Type& type : kTypes) {
    SCOPED_TRACE(type.file);
    ASSERT_EQ(connect(type.file, type.wire), "ok");
    UniqueFd here = std::move(taken());
    ASSERT_TRUE(here.valid());
    ASSERT_TRUE(sent(here, "question"));
    if (type.host == SOCK_DGRAM) {
      EXPECT_EQ(received(listener(type)), "question");
      continue;
    }
    UniqueFd there = accepted(listener(type));
    EXPECT_EQ(received(there), "question");
    ASSERT_TRUE(sent(there, "answer"));
    EXPECT_EQ(received(here), "answer");
    there.reset();
    EXPECT_EQ(received(here), "");
  }
}

TEST_F(UnixSockets, DoNotBlockInTheClientsHands) {
  serve();
  for (const Type& type : kTypes) {
    ASSERT_EQ(connect(type.file, type.wire), "ok");
    UniqueFd here = std::move(taken());
    EXPECT_EQ(::fcntl(here.raw(), F_GETFL), O_RDWR | O_NONBLOCK);
    int kind = 0;
    socklen_t size = sizeof kind;
    EXPECT_EQ(::getsockopt(here.raw(), SOL_SOCKET, SO_TYPE, &kind, &size), 0);
    EXPECT_EQ(kind, type.host);
  }
}

TEST_F(UnixSockets, ShowTheirServerTheWorkerAndNotTheClient) {
  serve();
  ASSERT_EQ(connect("stream"), "ok");
  UniqueFd there = accepted(listener(kTypes[0]));
  ucred peer{};
  socklen_t size = sizeof peer;
  ASSERT_EQ(::getsockopt(there.raw(), SOL_SOCKET, SO_PEERCRED, &peer, &size), 0);
  EXPECT_EQ(peer.uid, ::geteuid());
  EXPECT_EQ(peer.gid, ::getegid());
}

TEST_F(UnixSockets, AnswerWithTheErrnoOfWhatIsWrong) {
  struct Row {
    const char* where;
    uint32_t type;
    const char* answer;
  };
  constexpr Row kRows[] = {{"file", p9::kSocketStream, "EINVAL"},
                           {"directory", p9::kSocketStream, "EINVAL"},
                           {"", p9::kSocketStream, "EINVAL"},
                           {"link", p9::kSocketStream, "EINVAL"},
                           {"fifo", p9::kSocketStream, "EINVAL"},
                           {"file", p9::kSocketAny, "EINVAL"},
                           {"dead", p9::kSocketStream, "ECONNREFUSED"},
                           {"dead", p9::kSocketDatagram, "ECONNREFUSED"},
                           {"stream", p9::kSocketDatagram, "EPROTOTYPE"},
                           {"stream", p9::kSocketSeqpacket, "EPROTOTYPE"},
                           {"datagram", p9::kSocketStream, "EPROTOTYPE"},
                           {"datagram", p9::kSocketSeqpacket, "EPROTOTYPE"},
                           {"seqpacket", p9::kSocketStream, "EPROTOTYPE"},
                           {"seqpacket", p9::kSocketDatagram, "EPROTOTYPE"},
                           {"stream", p9::kSocketAny, "ENXIO"},
                           {"stream", 4, "EINVAL"},
                           {"stream", SOCK_STREAM | SOCK_NONBLOCK, "EINVAL"},
                           {"stream", 0xffffffff, "EINVAL"}};
  serve();
  for (const Row& row : kRows) {
    EXPECT_EQ(connect(row.where, row.type), row.answer) << row.where << " as " << row.type;
    EXPECT_FALSE(taken().valid());
  }
  UniqueFid file = open("file", p9::kOpenRdonly);
  EXPECT_EQ(connect(file, p9::kSocketStream), "EINVAL");
  EXPECT_EQ(connect(p9::Fid{4'000'000}, p9::kSocketStream), "EBADF");
  EXPECT_EQ(connect(p9client::kNoFid, p9::kSocketStream), "EBADF");
  for (const Type& type : kTypes)
    if (type.host != SOCK_DGRAM) {
      EXPECT_FALSE(has_visitor(listener(type))) << type.file;
    }
}

TEST_F(UnixSockets, AreConnectedInDialectsFromFourOn) {
  serve();
  for (uint32_t google = 0; google <= p9::kNewestGoogle; ++google) {
    speak(google);
    EXPECT_EQ(connect("datagram", p9::kSocketDatagram), google >= 4 ? "ok" : "EOPNOTSUPP")
        << google;
    EXPECT_EQ(taken().valid(), google >= 4) << google;
  }
}

TEST_F(UnixSockets, AreNotServedUnlessTheAttachPointSaysSo) {
  serve({});
  for (const Type& type : kTypes) EXPECT_EQ(connect(type.file, type.wire), "EOPNOTSUPP");
  EXPECT_EQ(connect("file"), "EOPNOTSUPP");
  EXPECT_EQ(connect("stream", 77), "EOPNOTSUPP");
  EXPECT_EQ(connect(p9::Fid{4'000'000}, 0), "EBADF");
  EXPECT_FALSE(has_visitor(listener(kTypes[0])));
}

TEST_F(UnixSockets, AreNotServedWhereNoDescriptorGoesToAClient) {
  serve({.donate = false, .uds = true});
  for (const Type& type : kTypes) EXPECT_EQ(connect(type.file, type.wire), "EOPNOTSUPP");
  EXPECT_FALSE(has_visitor(listener(kTypes[0])));
}

TEST_F(UnixSockets, OfAReadOnlyTreeAreConnectedToo) {
  support::Inventory before = support::inventory(exported());
  serve({.read_only = true, .uds = true});
  for (const Type& type : kTypes) {
    EXPECT_EQ(connect(type.file, type.wire), "ok");
    EXPECT_TRUE(sent(taken(), "text")) << type.file;
  }
  EXPECT_EQ(support::inventory(exported()), before);
}

TEST_F(UnixSockets, AreNeverOpened) {
  serve();
  for (const Type& type : kTypes)
    for (uint32_t access : {p9::kOpenRdonly, p9::kOpenWronly, p9::kOpenRdwr}) {
      UniqueFid fid = walk(type.file);
      EXPECT_EQ(outcome(client().open(fid, access)), "EPERM");
    }
}

TEST_F(UnixSockets, LeaveTheirFidAsItWas) {
  serve();
  UniqueFid fid = walk("datagram");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(connect(fid, p9::kSocketDatagram), "ok");
  EXPECT_EQ(outcome(client().open(fid, p9::kOpenRdonly)), "EPERM");
  EXPECT_EQ(outcome(client().clone(fid)), "ok");
  EXPECT_EQ(outcome(client().call(p9::Tremove{fid.release()})), "ok");
}

TEST_F(UnixSockets, F_WithAFullBacklogAnswerEagainAndNeverWait) {
  constexpr int kBacklog = 2;
  UniqueFd busy = support::bind_socket(exported() / "busy", SOCK_STREAM, kBacklog);
  serve();
  std::vector<UniqueFd> waiting;
  std::string said;
  for (int i = 0; i < 10 && said != "EAGAIN"; ++i) {
    said = connect("busy");
    waiting.push_back(std::move(taken()));
  }
  EXPECT_EQ(said, "EAGAIN");
  EXPECT_EQ(waiting.size(), std::size_t{kBacklog} + 2);
  EXPECT_FALSE(waiting.back().valid());
  expect_alive();
  UniqueFd first = accepted(busy);
  EXPECT_EQ(connect("busy"), "ok");
}

TEST_F(UnixSockets, D3_BelowAPathThatNoAddressHoldsAreConnected) {
  path deep = exported() / std::string(200, 'a') / std::string(200, 'b');
  support::make_directory(deep);
  std::filesystem::rename(exported() / "stream", deep / std::string(255, 's'));
  serve();
  EXPECT_EQ(
      connect(std::string(200, 'a') + "/" + std::string(200, 'b') + "/" + std::string(255, 's')),
      "ok");
  EXPECT_TRUE(has_visitor(listener(kTypes[0])));
}

TEST_F(UnixSockets, D3_AreConnectedOnlyWhileTheirNameStandsForThem) {
  serve();
  UniqueFid to = walk("directory");
  UniqueFid renamed = walk("stream");
  ASSERT_EQ(
      outcome(client().call(p9::Trenameat{Client::root(), name("stream"), to, name("moved")})),
      "ok");
  EXPECT_EQ(connect(renamed, p9::kSocketStream), "ok");
  ASSERT_EQ(outcome(client().call(p9::Tunlinkat{to, name("moved"), 0})), "ok");
  EXPECT_EQ(connect(renamed, p9::kSocketStream), "ENOENT");
  UniqueFid removed = walk("seqpacket");
  std::filesystem::remove(exported() / "seqpacket");
  EXPECT_EQ(connect(removed, p9::kSocketSeqpacket), "ENOENT");
  UniqueFid replaced = walk("datagram");
  std::filesystem::remove(exported() / "datagram");
  UniqueFd other = support::bind_socket(exported() / "datagram", SOCK_DGRAM);
  EXPECT_EQ(connect(replaced, p9::kSocketDatagram), "ESTALE");
  EXPECT_EQ(connect("datagram", p9::kSocketDatagram), "ok");
}

// The client walks and connects in one send; the host swaps what the name stands for.
TEST_F(UnixSockets, D3_SwappedForLinksAndFilesLeadNowhereElse) {
  path beyond = exported().parent_path() / "beyond";
  UniqueFd secret = support::bind_socket(beyond, SOCK_STREAM, 1000);
  support::make_symlink(exported() / "way", beyond.native());
  serve();
  constexpr p9::Fid kFid{1'000'001};
  long connected = 0;
  long swapped = 0;
  {
    unsigned turn = 0;
    Meanwhile swapping([&] {
      const char* with = turn++ % 2 == 0 ? "way" : "file";
      support::exchange(exported() / "stream", exported() / with);
      support::exchange(exported() / "stream", exported() / with);
    });
    Meanwhile accepting([&] {
      while (has_visitor(listener(kTypes[0]))) accepted(listener(kTypes[0])).reset();
    });
    for (int round = 0; round < kRoundsMeanwhile && !HasFatalFailure(); ++round) {
      Batch batch;
      batch.add(p9::Twalk{Client::root(), kFid, {name("stream")}});
      batch.add(p9::Tlconnect{kFid, p9::kSocketStream});
      batch.add(p9::Tclunk{kFid});
      batch.run(client(), [&](const p9client::Frame& reply) {
        if (!as<p9::Rlconnect>(reply)) return;
        ASSERT_TRUE(reply.descriptor.valid());
        ++connected;
      });
    }
    swapping.stop();
    swapped = swapping.times();
  }
  EXPECT_GT(connected, 0);
  EXPECT_GT(swapped, 0);
  EXPECT_FALSE(has_visitor(secret)) << "somebody was led outside";
}

TEST_F(UnixSockets, LeaveNothingInTheWorker) {
  serve();
  UniqueFid fid = walk("seqpacket");
  ASSERT_EQ(connect(fid, p9::kSocketSeqpacket), "ok");
  taken().reset();
  (void)accepted(listener(kTypes[2]));
  std::size_t before = served().descriptors();
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(connect(fid, p9::kSocketSeqpacket), "ok");
    UniqueFd here = std::move(taken());
    UniqueFd there = accepted(listener(kTypes[2]));
    here.reset();
    expect_alive();  // after its reply the worker closes what it sent
    EXPECT_EQ(received(there), "") << "somebody else has the client's end";
    EXPECT_EQ(connect(fid, p9::kSocketStream), "EPROTOTYPE");
  }
  taken().reset();
  expect_alive();
  EXPECT_LE(served().descriptors(), before);
}

TEST_F(UnixSockets, H6_OfAClientThatNeverCollectsStopTheWorkerWhichGoesOnAfterwards) {
  constexpr uint32_t kConnects = 600;
  serve();
  UniqueFid fid = walk("datagram");
  std::vector<std::byte> frames;
  for (uint32_t i = 0; i < kConnects; ++i) {
    auto frame = support::RawFrame::of(p9::Tag{1}, p9::Tlconnect{fid, p9::kSocketDatagram});
    frames.insert(frames.end(), frame.begin(), frame.end());
  }
  ASSERT_EQ(outcome(client().connection().send_raw(frames)), "ok");
  for (uint32_t i = 0; i < kConnects; ++i) {
    auto reply = client().connection().receive();
    ASSERT_EQ(outcome(reply), "ok");
    EXPECT_EQ(reply->type(), p9::Rlconnect::kLine.type);
    EXPECT_TRUE(reply->descriptor.valid());
  }
  expect_alive();
}

}  // namespace
}  // namespace suite
