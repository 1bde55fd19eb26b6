// What a client can make grow has an end, and what it gives back can be had again.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <string>
#include <vector>

#include "tests/suite/batch.h"
#include "tests/suite/meanwhile.h"
#include "tests/suite/samples.h"
#include "tests/suite/world.h"

namespace suite {
namespace {

constexpr uint32_t kFids = uint32_t{1} << 18;  // of one connection
constexpr std::size_t kDescriptors = 4096;     // of one worker: --fd-limit
constexpr uint32_t kBatch = 1000;              // replies of so many fit into the socket's buffer

class Budget : public World {};

TEST_F(Budget, R3_FidsEndAtAKnownNumberAndAreGivenBack) {
  serve();
  uint32_t made = 1;  // the root
  std::string last;
  for (uint32_t next = 1; next < kFids + 2 * kBatch && last.empty();) {
    Batch batch;
    for (uint32_t i = 0; i < kBatch; ++i) batch.add(p9::Twalk{Client::root(), p9::Fid{next++}, {}});
    batch.run(client(), [&](const p9client::Frame& reply) {
      auto walked = p9client::read_reply<p9::Rwalk>(reply);
      if (walked) {
        ++made;
      } else {
        last = outcome(walked);
      }
    });
    ASSERT_FALSE(HasFatalFailure());
  }
  EXPECT_EQ(made, kFids);
  EXPECT_EQ(last, "EMFILE");
  expect_alive();
  ASSERT_EQ(outcome(client().call(p9::Tclunk{p9::Fid{7}})), "ok");
  EXPECT_EQ(outcome(client().call(p9::Twalk{Client::root(), p9::Fid{7}, {}})), "ok");
}

TEST_F(Budget, R3_OpenFilesEndBelowTheDescriptorLimitAndAreGivenBack) {
  support::make_file(exported() / "file", "text");
  serve();
  std::vector<UniqueFid> open_files;
  std::string last = "ok";
  while (last == "ok" && open_files.size() < kDescriptors) {
    UniqueFid fid = walk("file");
    last = outcome(client().open(fid, p9::kOpenRdonly));
    open_files.push_back(std::move(fid));
  }
  EXPECT_EQ(last, "EMFILE");
  EXPECT_GE(open_files.size(), 1000U);
  EXPECT_LT(served().descriptors(), kDescriptors);
  // Whoever cannot open can still look.
  EXPECT_EQ(outcome(client().stat("file")), "ok");
  open_files.erase(open_files.begin());
  EXPECT_EQ(outcome(client().read_file("file")), "ok");
}

TEST_F(Budget, R3_SocketsAndFifosCountWhileTheWorkerHasThem) {
  support::make_file(exported() / "file", "text");
  support::make_fifo(exported() / "fifo");
  base::UniqueFd mailbox = support::bind_socket(exported() / "socket", SOCK_DGRAM);
  serve({.uds = true, .fifo = true});
  speak(p9::kNewestGoogle);
  auto connected = [&] {
    UniqueFid fid = walk("socket");
    return outcome(client().call(p9::Tlconnect{fid, p9::kSocketDatagram}));
  };
  auto opened = [&](const char* where) {
    UniqueFid fid = walk(where);
    return outcome(client().open(fid, p9::kOpenRdonly));
  };
  std::vector<UniqueFid> files;
  do {
    files.push_back(walk("file"));
  } while (client().open(files.back(), p9::kOpenRdonly) && files.size() < kDescriptors);
  EXPECT_EQ(opened("file"), "EMFILE");
  EXPECT_EQ(connected(), "EMFILE");
  EXPECT_EQ(opened("fifo"), "EMFILE");
  files.erase(files.begin());
  std::vector<UniqueFid> fifos;
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(connected(), "ok");
    fifos.push_back(walk("fifo"));
    EXPECT_EQ(outcome(client().open(fifos.back(), p9::kOpenRdonly)), "ok");
  }
  EXPECT_EQ(opened("file"), "ok");
}

TEST_F(Budget, Y4_ADirectoryIsListedWholeWhenDescriptorsAreShort) {
  const int count = rounds_or(3000);
  for (int i = 0; i < count; ++i) support::make_file(exported() / "many" / std::to_string(i));
  serve();
  std::vector<UniqueFid> walked;
  for (int i = 0; i < count; ++i) walked.push_back(walk("many/" + std::to_string(i)));
  EXPECT_LT(served().descriptors(), kDescriptors);
  auto entries = client().list("many");
  ASSERT_EQ(outcome(entries), "ok");
  EXPECT_EQ(entries->size(), static_cast<std::size_t>(count));
  for (const UniqueFid& fid : walked) EXPECT_EQ(outcome(client().getattr(fid)), "ok");
}

TEST_F(Budget, Y4_AListingIsWholeOrAnErrorWhenNothingMoreCanBeOpened) {
  const int count = rounds_or(1000);
  for (int i = 0; i < count; ++i) support::make_file(exported() / "many" / std::to_string(i));
  support::make_file(exported() / "file", "text");
  serve();
  UniqueFid listed = open("many", p9::kOpenRdonly);
  std::vector<UniqueFid> open_files;
  std::string last = "ok";
  while (last == "ok" && open_files.size() < kDescriptors) {
    open_files.push_back(walk("file"));
    last = outcome(client().open(open_files.back(), p9::kOpenRdonly));
  }
  EXPECT_EQ(last, "EMFILE");
  auto entries = client().list(listed);
  ASSERT_EQ(outcome(entries), "ok");
  EXPECT_EQ(entries->size(), static_cast<std::size_t>(count));
  EXPECT_EQ(outcome(client().list("many")), "EMFILE");
}

TEST_F(Budget, R1_RequestsThatFailLeaveNoDescriptorBehind) {
  serve();
  speak(p9::kNewestGoogle);
  constexpr p9::Fid kFid{90'000};
  Subject subject{kFid, p9::Fid{90'001}, p9::Fid{90'002}, name("missing"), name("other")};
  auto make = [&](std::string_view where) {
    path subject_path = exported() / where;
    if (std::filesystem::exists(std::filesystem::symlink_status(subject_path))) return;
    if (where == "file") support::make_file(subject_path, "text");
    if (where == "directory") support::make_directory(subject_path);
    if (where == "link") support::make_symlink(subject_path, "file");
  };
  std::size_t before = served().descriptors();
  for (int round = 0; round < 60; ++round) {
    std::string_view where = round % 3 == 0 ? "file" : round % 3 == 1 ? "directory" : "link";
    for_each_sample(subject, [&]<class M>(const M& message) {
      if (std::is_same_v<M, p9::Tversion>) return;
      make(where);
      ASSERT_EQ(outcome(client().call(p9::Twalk{Client::root(), kFid, {name(where)}})), "ok");
      (void)client().call(message);
      (void)client().call(message);  // on what the first one left
      (void)client().call(p9::Tclunk{kFid});
      (void)client().call(p9::Tclunk{subject.free});
    });
  }
  // What Tchannel brought, which goes over the socket alone.
  client().connection().take_descriptor().reset();
  EXPECT_LE(served().descriptors(), before);
  expect_alive();
}

TEST_F(Budget, C6_AThousandRequestsInFlightEndWithTheirClient) {
  support::make_file(exported() / "file", std::string(60'000, 'x'));
  serve();
  p9::Fid file = open("file", p9::kOpenRdonly).release();
  std::vector<std::byte> frames;
  for (uint16_t tag = 0; tag < 1000; ++tag) {
    auto frame = support::RawFrame::of(p9::Tag{tag}, p9::Tread{file, 0, 60'000});
    frames.insert(frames.end(), frame.begin(), frame.end());
  }
  ASSERT_EQ(outcome(client().connection().send_raw(frames)), "ok");
  EXPECT_EQ(hang_up(), "hangup");
}

}  // namespace
}  // namespace suite
