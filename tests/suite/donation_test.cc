// Donated descriptors: who gets one of what, with which access, and what becomes of those that
// nobody takes.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <string>
#include <vector>

#include "tests/suite/batch.h"
#include "tests/suite/samples.h"
#include "tests/suite/world.h"
#include "tests/support/descriptors.h"

namespace suite {
namespace {

using base::UniqueFd;

constexpr int kLargeFile = 0100000;  // what the kernel has every open file be; the library's is 0

class Donation : public World {
 protected:
  void SetUp() override {
    make_anew();
    serve();
    speak(p9::kNewestGoogle);
  }
  void make_anew() const {
    for (const char* made : {"file", "directory", "link", "other"})
      std::filesystem::remove_all(exported() / made);
    support::make_file(exported() / "file", "0123456789");
    support::make_directory(exported() / "directory");
    support::make_symlink(exported() / "link", "file");
  }
  UniqueFd taken() { return client().take_descriptor(); }
  // What comes with the reply to opening the file.
  UniqueFd of(std::string_view where, uint32_t flags) {
    UniqueFid fid = walk(where);
    EXPECT_EQ(outcome(client().open(fid, flags)), "ok");
    return taken();
  }
  static int flags_of(base::Fd fd) { return ::fcntl(fd.raw(), F_GETFL); }
  ino_t inode(std::string_view where) const {
    struct stat info{};
    EXPECT_EQ(::lstat((exported() / where).c_str(), &info), 0);
    return info.st_ino;
  }
};

ino_t inode_of(base::Fd fd) {
  struct stat info{};
  EXPECT_EQ(::fstat(fd.raw(), &info), 0);
  return info.st_ino;
}

std::string errno_of(ssize_t result) {
  return result >= 0 ? "ok" : base::errno_name(errno);
}

TEST_F(Donation, IsOpenWithTheAccessThatWasAskedForAndNothingElse) {
  struct Row {
    uint32_t asked;
    int access;
  };
  for (const Row& row : {Row{p9::kOpenRdonly, O_RDONLY},
                         {p9::kOpenWronly, O_WRONLY},
                         {p9::kOpenRdwr, O_RDWR},
                         {p9::kOpenWronly | p9::kOpenTrunc, O_WRONLY},
                         {p9::kOpenRdwr | p9::kOpenAppend, O_RDWR},
                         {p9::kOpenWronly | p9::kOpenSync, O_WRONLY}}) {
    UniqueFd fd = of("file", row.asked);
    ASSERT_TRUE(fd.valid()) << row.asked;
    EXPECT_EQ(flags_of(fd) & ~kLargeFile, row.access) << row.asked;
    EXPECT_EQ(inode_of(fd), inode("file"));
  }
}

TEST_F(Donation, ReadsAndWritesTheFileItself) {
  std::array<char, 16> room{};
  UniqueFd both = of("file", p9::kOpenRdwr);
  EXPECT_EQ(::pwrite(both.raw(), "abc", 3, 2), 3);
  UniqueFd reading = of("file", p9::kOpenRdonly);
  EXPECT_EQ(::pread(reading.raw(), room.data(), room.size(), 0), 10);
  EXPECT_EQ(std::string_view(room.data(), 10), "01abc56789");
  EXPECT_EQ(errno_of(::write(reading.raw(), "x", 1)), "EBADF");
  UniqueFd writing = of("file", p9::kOpenWronly);
  EXPECT_EQ(errno_of(::read(writing.raw(), room.data(), 1)), "EBADF");
  EXPECT_EQ(client().read_file("file"), "01abc56789");
}

TEST_F(Donation, IsADescriptionOfTheClientsOwn) {
  UniqueFid fid = walk("file");
  ASSERT_EQ(outcome(client().open(fid, p9::kOpenRdwr)), "ok");
  UniqueFd fd = taken();
  ASSERT_TRUE(fd.valid());
  ASSERT_EQ(::fcntl(fd.raw(), F_SETFL, O_APPEND | O_NONBLOCK), 0);
  ASSERT_EQ(outcome(client().write(fid, 0, "at the front")), "ok");
  EXPECT_EQ(support::read_file(exported() / "file"), "at the front");
}

TEST_F(Donation, OfAFileOpenForAppendingLeavesAppendingToTheWorker) {
  UniqueFid fid = walk("file");
  ASSERT_EQ(outcome(client().open(fid, p9::kOpenWronly | p9::kOpenAppend)), "ok");
  UniqueFd fd = taken();
  ASSERT_TRUE(fd.valid());
  ASSERT_EQ(outcome(client().write(fid, 0, "end")), "ok");
  EXPECT_EQ(support::read_file(exported() / "file"), "0123456789end");
  EXPECT_EQ(::pwrite(fd.raw(), "!", 1, 0), 1);
  EXPECT_EQ(support::read_file(exported() / "file"), "!123456789end");
}

TEST_F(Donation, ComesWithWhatIsCreatedToo) {
  UniqueFid plain = walk("");
  ASSERT_EQ(
      outcome(client().call(p9::Tlcreate{plain, name("plain"), p9::kOpenRdwr, 0400, p9::kNoGid})),
      "ok");
  UniqueFd fd = taken();
  ASSERT_TRUE(fd.valid());
  EXPECT_EQ(flags_of(fd) & O_ACCMODE, O_RDWR);
  EXPECT_EQ(inode_of(fd), inode("plain"));
  UniqueFid owned = walk("");
  ASSERT_EQ(outcome(client().call(p9::Tucreate{owned, name("owned"), p9::kOpenWronly, 0, 0, 1000})),
            "ok");
  fd = taken();
  ASSERT_TRUE(fd.valid());
  EXPECT_EQ(flags_of(fd) & O_ACCMODE, O_WRONLY);
  EXPECT_EQ(inode_of(fd), inode("owned"));
}

TEST_F(Donation, ComesWithNothingElse) {
  for (const char* where : {"file", "directory", "link"}) {
    for_each_sample(Subject{}, [&]<class M>(const M&) {
      if (std::is_same_v<M, p9::Tversion>) return;
      UniqueFid fid = walk(where);
      Subject subject{fid, Client::root(), client().new_fid(), name("new"), name("other")};
      bool opened = outcome(client().call(sample(Of<M>{}, subject))) == "ok";
      bool opens = std::is_same_v<M, p9::Tlopen> || std::is_same_v<M, p9::Tlcreate> ||
                   std::is_same_v<M, p9::Tucreate>;
      EXPECT_EQ(taken().valid(), opened && opens) << M::kLine.name << " on " << where;
      fid.release();
      make_anew();
    });
  }
  EXPECT_FALSE(of("directory", p9::kOpenRdonly).valid());
  EXPECT_FALSE(of("directory", p9::kOpenRdonly | p9::kOpenDirectory).valid());
}

TEST_F(Donation, IsForGooglesDialectsOnly) {
  for (uint32_t google = 0; google <= p9::kNewestGoogle; ++google) {
    speak(google);
    EXPECT_EQ(of("file", p9::kOpenRdonly).valid(), google > 0) << google;
  }
}

TEST_F(Donation, IsLeftOutWhereItIsSwitchedOff) {
  ASSERT_EQ(hang_up(), "hangup");
  serve({.donate = false});
  speak(p9::kNewestGoogle);
  EXPECT_FALSE(of("file", p9::kOpenRdonly).valid());
  UniqueFid made = walk("");
  ASSERT_EQ(outcome(client().call(p9::Tucreate{made, name("made"), p9::kOpenRdwr, 0644, 0, 0})),
            "ok");
  EXPECT_FALSE(taken().valid());
  ASSERT_EQ(outcome(client().write(made, 0, "by the worker")), "ok");
  EXPECT_EQ(support::read_file(exported() / "made"), "by the worker");
}

TEST_F(Donation, IsNeverOfWhatCouldNotBeOpened) {
  UniqueFid file = walk("file");
  EXPECT_EQ(outcome(client().open(file, 3)), "EINVAL");
  EXPECT_FALSE(taken().valid());
  ASSERT_EQ(outcome(client().open(file, p9::kOpenRdonly)), "ok");
  EXPECT_TRUE(taken().valid());
  EXPECT_EQ(outcome(client().open(file, p9::kOpenRdonly)), "EBADF");
  EXPECT_FALSE(taken().valid());
}

TEST_F(Donation, ComesAloneWithTheFirstByteOfItsReply) {
  UniqueFid file = walk("file");
  auto& connection = client().connection();
  ASSERT_EQ(outcome(connection.send(p9::Tag{1}, p9::Tgetattr{file, p9::kGetattrBasic})), "ok");
  ASSERT_EQ(outcome(connection.send(p9::Tag{2}, p9::Tlopen{file, p9::kOpenRdonly})), "ok");
  ASSERT_EQ(outcome(connection.send(p9::Tag{3}, p9::Tgetattr{file, p9::kGetattrBasic})), "ok");
  constexpr std::size_t kGetattr = 7 + 153;
  constexpr std::size_t kLopen = 7 + 17;
  std::byte byte{};
  for (std::size_t i = 0; i < 2 * kGetattr + kLopen; ++i) {
    support::Received received = support::receive_descriptors(connection.socket(), {&byte, 1});
    ASSERT_EQ(received.bytes, 1U);
    EXPECT_FALSE(received.truncated);
    EXPECT_EQ(received.descriptors.size(), i == kGetattr ? 1U : 0U) << "at byte " << i;
  }
}

TEST_F(Donation, OfRequestsInOneSendKeepsTheirOrder) {
  constexpr int kFiles = 40;
  Batch batch;
  for (int i = 0; i < kFiles; ++i) {
    std::string file = "file" + std::to_string(i);
    support::make_file(exported() / file, file);
  }
  std::vector<UniqueFid> fids;
  for (int i = 0; i < kFiles; ++i) {
    fids.push_back(walk("file" + std::to_string(i)));
    batch.add(p9::Tgetattr{fids.back(), p9::kGetattrBasic});
    batch.add(p9::Tlopen{fids.back(), p9::kOpenRdonly});
    batch.add(p9::Tread{fids.back(), 0, 100});
  }
  std::size_t i = 0;
  batch.run(client(), [&](const p9client::Frame& reply) {
    bool opened = i % 3 == 1;
    EXPECT_EQ(reply.descriptor.valid(), opened) << i;
    if (opened && reply.descriptor.valid()) {
      EXPECT_EQ(inode_of(reply.descriptor), inode("file" + std::to_string(i / 3)));
    }
    ++i;
  });
  EXPECT_EQ(i, 3U * kFiles);
}

TEST_F(Donation, LeavesNoDescriptorInTheWorker) {
  (void)of("file", p9::kOpenRdwr);
  std::size_t before = served().descriptors();
  for (int i = 0; i < 100; ++i) {
    (void)of("file", p9::kOpenRdwr);
    UniqueFid made = walk("");
    ASSERT_EQ(outcome(client().call(p9::Tucreate{made, name("new"), p9::kOpenRdwr, 0644, 0, 0})),
              "ok");
    std::filesystem::remove(exported() / "new");
  }
  client().take_descriptor().reset();
  expect_alive();  // the worker has let go of what it sent
  EXPECT_LE(served().descriptors(), before);
}

TEST_F(Donation, H6_OfAClientThatNeverCollectsStopsTheWorkerWhichGoesOnAfterwards) {
  // More than the socket takes back at once, and so few that it takes the requests at once.
  constexpr uint32_t kOpens = 600;
  constexpr p9::Fid kFid{70'000};
  std::vector<std::byte> frames;
  for (uint32_t i = 0; i < kOpens; ++i) {
    for (const auto& frame :
         {support::RawFrame::of(p9::Tag{1}, p9::Twalk{Client::root(), kFid, {name("file")}}),
          support::RawFrame::of(p9::Tag{2}, p9::Tlopen{kFid, p9::kOpenRdonly}),
          support::RawFrame::of(p9::Tag{3}, p9::Tclunk{kFid})})
      frames.insert(frames.end(), frame.begin(), frame.end());
  }
  ASSERT_EQ(outcome(client().connection().send_raw(frames)), "ok");
  uint32_t opened = 0;
  uint32_t with_descriptor = 0;
  for (uint32_t i = 0; i < 3 * kOpens; ++i) {
    auto reply = client().connection().receive();
    ASSERT_EQ(outcome(reply), "ok");
    if (reply->type() != p9::Rlopen::kLine.type) continue;
    ++opened;
    with_descriptor += reply->descriptor.valid() ? 1U : 0U;
  }
  EXPECT_EQ(opened, kOpens);
  EXPECT_EQ(with_descriptor, kOpens);
  expect_alive();
}

TEST_F(Donation, H6_OfAClientThatLeavesIsClosedWithItsSocket) {
  constexpr uint32_t kOpens = 500;
  p9::Fid file = walk("file").release();
  std::vector<std::byte> frames;
  for (uint32_t i = 0; i < kOpens; ++i) {
    p9::Fid fid{80'000 + i};
    for (const auto& frame : {support::RawFrame::of(p9::Tag{1}, p9::Twalk{file, fid, {}}),
                              support::RawFrame::of(p9::Tag{2}, p9::Tlopen{fid, p9::kOpenRdonly})})
      frames.insert(frames.end(), frame.begin(), frame.end());
  }
  ASSERT_EQ(outcome(client().connection().send_raw(frames)), "ok");
  EXPECT_EQ(hang_up(), "hangup");
}

}  // namespace
}  // namespace suite
