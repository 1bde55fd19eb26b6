// What every request meets before its handler, and what becomes of its frame.
#include "gofer/dispatcher.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <string>

#include "tests/gofer/served.h"

namespace gofer {
namespace {

constexpr p9::Tag kTag{0x1234};
constexpr p9::Fid kFile{2};

class Dispatch : public Served {
 protected:
  // In the dialect that has every message.
  void serve(AttachPoint options = none()) {
    Served::serve(options);
    ASSERT_EQ(outcome(call(p9::Tversion{kOwnMsize, "9P2000.L.Google.13"})), "ok");
    p9::Tattach attach{kRoot, p9::Fid{p9::kNoFid}, "", "/", p9::kNoUname};
    ASSERT_EQ(outcome(call(attach)), "ok");
  }
  struct Reply {
    uint8_t type = 0;
    p9::Tag tag;
    std::vector<std::byte> body;
    int error() const {
      uint32_t code = 0;
      if (type == p9::Rlerror::kLine.type) std::memcpy(&code, body.data(), sizeof code);
      return static_cast<int>(code);
    }
  };

  Reply serve_bytes(p9::Bytes frame) {
    auto size = serve_frame(session(), frame, room_);
    EXPECT_EQ(outcome(size), "ok");
    Reply reply;
    if (!size) return reply;
    p9::Reader in(p9::Bytes(room_).first(*size));
    EXPECT_EQ(in.number<uint32_t>(), *size);
    reply.type = in.number<uint8_t>();
    reply.tag = p9::Tag{in.number<uint16_t>()};
    p9::Bytes body = p9::Bytes(room_).subspan(p9::kHeaderSize, *size - p9::kHeaderSize);
    reply.body.assign(body.begin(), body.end());
    EXPECT_EQ(reply.tag, kTag);
    return reply;
  }
  template <p9::Message M>
  static std::vector<std::byte> frame_of(const M& message) {
    std::vector<std::byte> frame(p9::kHeaderSize + p9::body_size(message));
    EXPECT_EQ(outcome(p9::encode_frame(frame, kTag, message)), "ok");
    return frame;
  }
  template <p9::Message M>
  Reply send(const M& message) {
    return serve_bytes(frame_of(message));
  }
  static std::vector<std::byte> empty_frame(uint8_t type) {
    std::vector<std::byte> frame = frame_of(p9::Rclunk{});
    frame[4] = std::byte{type};
    return frame;
  }

  // Calls `check` with a request of every type, aimed at kFile.
  template <class Check, p9::Message... M>
  static void for_each(p9::MessageList<M...>, Check check) {
    (check(aimed<M>()), ...);
  }
  template <p9::Message M>
  static M aimed() {
    M message{};
    std::apply([](auto&... field) { (aim(field), ...); }, p9::detail::tie_members(message));
    return message;
  }
  static void aim(p9::Fid& fid) { fid = kFile; }
  static void aim(p9::Name& text) { text = name("new"); }
  template <class T>
  static void aim(T&) {}

 private:
  std::array<std::byte, kOwnMsize> room_{};
};

TEST_F(Dispatch, ServesOnlyTversionBeforeAVersion) {
  AttachPoint point = none();
  base::UniqueFd root = support::open_path(top());
  point.root = root;
  base::Log log(base::Fd(2), base::LogFormat::kText, base::LogLevel::kError, "worker");
  auto fresh = Session::start(point, log);
  ASSERT_EQ(outcome(fresh), "ok");
  EXPECT_EQ(fresh->frame_limit(), 8192U);
  std::array<std::byte, kMinMsize> room{};
  for_each(p9::Requests{}, [&]<p9::Message M>(const M& message) {
    if (std::is_same_v<M, p9::Tversion>) return;
    ASSERT_EQ(outcome(serve_frame(*fresh, frame_of(message), room)), "ok");
    EXPECT_EQ(room[4], std::byte{p9::Rlerror::kLine.type}) << M::kLine.name;
    EXPECT_EQ(room[7], std::byte{p9::since<M>() == 0 ? EINVAL : EOPNOTSUPP}) << M::kLine.name;
  });
  ASSERT_EQ(outcome(serve_frame(*fresh, frame_of(p9::Tversion{8192, "9P2000.L"}), room)), "ok");
  EXPECT_EQ(room[4], std::byte{p9::Rversion::kLine.type});
}

TEST_F(Dispatch, RefusesTypesThatAreNoRequest) {
  serve();
  std::array<bool, 256> served{};
  for_each(p9::Requests{}, [&]<p9::Message M>(const M&) { served[M::kLine.type] = true; });
  for (unsigned type = 0; type < served.size(); ++type) {
    if (served[type]) continue;
    EXPECT_EQ(serve_bytes(empty_frame(static_cast<uint8_t>(type))).error(), EOPNOTSUPP) << type;
  }
  EXPECT_EQ(session().fids().size(), 1U);
}

TEST_F(Dispatch, W4_RefusesEveryTruncatedBodyWithoutEffect) {
  support::make_file(on_host("f"), "text");
  serve();
  ASSERT_EQ(outcome(walk_to(kFile, {"f"})), "ok");
  support::Inventory before = support::inventory(top());
  for_each(p9::Requests{}, [&]<p9::Message M>(const M& message) {
    std::vector<std::byte> whole = frame_of(message);
    for (std::size_t size = p9::kHeaderSize; size < whole.size(); ++size) {
      if (std::is_same_v<M, p9::Tfsync> && size == p9::kHeaderSize + 4) continue;
      std::vector<std::byte> cut(whole.begin(), whole.begin() + static_cast<long>(size));
      auto length = static_cast<uint32_t>(size);
      std::memcpy(cut.data(), &length, sizeof length);
      EXPECT_EQ(serve_bytes(cut).error(), EINVAL) << M::kLine.name << " " << size;
    }
  });
  EXPECT_EQ(support::inventory(top()), before);
  EXPECT_EQ(session().fids().size(), 2U);
}

TEST_F(Dispatch, W5_RefusesTrailingBytes) {
  support::make_file(on_host("f"), "text");
  serve();
  ASSERT_EQ(outcome(walk_to(kFile, {"f"})), "ok");
  for_each(p9::Requests{}, [&]<p9::Message M>(const M& message) {
    for (std::size_t extra : {1UL, 7UL, 64UL}) {
      std::vector<std::byte> frame = frame_of(message);
      frame.resize(frame.size() + extra);
      auto length = static_cast<uint32_t>(frame.size());
      std::memcpy(frame.data(), &length, sizeof length);
      EXPECT_EQ(serve_bytes(frame).error(), EINVAL) << M::kLine.name;
    }
  });
  EXPECT_EQ(session().fids().size(), 2U);
}

TEST_F(Dispatch, GivesBadNamesTheirOwnErrno) {
  serve();
  auto mkdir_frame = [&](std::string_view text) {
    std::vector<std::byte> frame = frame_of(p9::Tmkdir{kRoot, name("x"), 0755, p9::kNoGid});
    auto length = static_cast<uint16_t>(text.size());
    std::vector<std::byte> bytes(frame.begin(), frame.begin() + 11);
    bytes.resize(13);
    std::memcpy(bytes.data() + 11, &length, sizeof length);
    auto view = std::as_bytes(std::span(text));
    bytes.insert(bytes.end(), view.begin(), view.end());
    bytes.insert(bytes.end(), frame.begin() + 14, frame.end());
    auto size = static_cast<uint32_t>(bytes.size());
    std::memcpy(bytes.data(), &size, sizeof size);
    return bytes;
  };
  using namespace std::string_view_literals;
  for (std::string_view bad : {""sv, "."sv, ".."sv, "a/b"sv, "/"sv, "a\0b"sv, "x/"sv})
    EXPECT_EQ(serve_bytes(mkdir_frame(bad)).error(), EINVAL) << bad;
  EXPECT_EQ(serve_bytes(mkdir_frame(std::string(256, 'n'))).error(), ENAMETOOLONG);
  EXPECT_TRUE(std::filesystem::is_empty(top()));
  EXPECT_EQ(serve_bytes(mkdir_frame(std::string(255, 'n'))).error(), 0);
  EXPECT_EQ(serve_bytes(mkdir_frame("\xff\n")).error(), 0);
}

TEST_F(Dispatch, RO1_RefusesWhatMutatesOnAReadOnlyTreeAndNothingElse) {
  support::make_file(on_host("f"), "text");
  AttachPoint options = none();
  options.read_only = true;
  serve(options);
  support::Inventory before = support::inventory(top());
  for_each(p9::Requests{}, [&]<p9::Message M>(const M& message) {
    if (std::is_same_v<M, p9::Tversion>) return;
    ASSERT_EQ(outcome(walk_to(kFile, {"f"})), "ok");
    EXPECT_EQ(send(message).error() == EROFS, p9::mutates(message)) << M::kLine.name;
    session().fids().erase(kFile);
  });
  EXPECT_EQ(support::inventory(top()), before);
}

TEST_F(Dispatch, RO1_TlopenMutatesByItsFlags) {
  for (uint32_t flags : {p9::kOpenWronly, p9::kOpenRdwr, p9::kOpenTrunc, 3 | p9::kOpenTrunc})
    EXPECT_TRUE(p9::mutates(p9::Tlopen{kFile, flags})) << flags;
  for (uint32_t flags : {p9::kOpenRdonly, p9::kOpenCreate, p9::kOpenAppend, 3U})
    EXPECT_FALSE(p9::mutates(p9::Tlopen{kFile, flags})) << flags;
}

TEST_F(Dispatch, O7_ReleasesTheFidOfARemoveThatFailed) {
  support::make_file(on_host("d/f"));
  serve();
  ASSERT_EQ(outcome(walk_to(kFile, {"d"})), "ok");
  EXPECT_EQ(send(p9::Tremove{kFile}).error(), ENOTEMPTY);
  EXPECT_EQ(send(p9::Tclunk{kFile}).error(), EBADF);
  AttachPoint options = none();
  options.read_only = true;
  serve(options);
  ASSERT_EQ(outcome(walk_to(kFile, {"d"})), "ok");
  EXPECT_EQ(send(p9::Tremove{kFile}).error(), EROFS);
  EXPECT_EQ(send(p9::Tclunk{kFile}).error(), EBADF);
}

TEST_F(Dispatch, RO4_LogsWhatWasTriedAndPanics) {
  support::make_file(on_host("d/f"));
  AttachPoint options = none();
  options.read_only = true;
  options.on_write = OnWrite::kPanic;
  options.destination = "/mnt/precious";
  serve(options);
  ASSERT_EQ(outcome(walk_to(kFile, {"d", "f"})), "ok");
  EXPECT_EQ(send(p9::Tgetattr{kFile, p9::kGetattrBasic}).error(), 0);
  EXPECT_FALSE(session().panicked());
  send(p9::Tlopen{kFile, p9::kOpenWronly});
  EXPECT_TRUE(session().panicked());
  for (const char* said : {"panic-on-write", "/mnt/precious", "Tlopen fid=2 flags=1", "\"/d/f\""})
    EXPECT_NE(log().find(said), std::string::npos) << said << " in " << log();
}

TEST_F(Dispatch, TracesRequestsAtDebugLevel) {
  serve();
  send(p9::Tgetattr{kFile, 0});
  send(p9::Tflush{p9::Tag{9}});
  EXPECT_NE(log().find("Tgetattr fid=2 request_mask=0"), std::string::npos) << log();
  EXPECT_NE(log().find("Tflush oldtag=9"), std::string::npos) << log();
}

TEST_F(Dispatch, ReleasesTheFidOfATsetattrclunkThatFailed) {
  support::make_symlink(on_host("l"), "target");
  serve();
  ASSERT_EQ(outcome(walk_to(kFile, {"l"})), "ok");
  p9::Tsetattrclunk request{.fid = kFile, .valid = p9::kSetattrMode, .mode = 0600};
  EXPECT_EQ(send(request).error(), EOPNOTSUPP);
  EXPECT_EQ(send(p9::Tclunk{kFile}).error(), EBADF);
  ASSERT_EQ(outcome(call(p9::Tversion{kOwnMsize, "9P2000.L.Google.11"})), "ok");
  ASSERT_EQ(outcome(call(p9::Tattach{kFile, p9::Fid{p9::kNoFid}, "", "/", 0})), "ok");
  EXPECT_EQ(send(request).error(), EOPNOTSUPP);
  EXPECT_EQ(send(p9::Tclunk{kFile}).error(), 0);
}

TEST_F(Dispatch, NeverAnswersMoreThanTheRoom) {
  support::make_symlink(on_host("l"), std::string(4095, 't'));
  serve();
  ASSERT_EQ(outcome(walk_to(kFile, {"l"})), "ok");
  std::array<std::byte, kMinMsize> room{};
  auto size = serve_frame(session(), frame_of(p9::Treadlink{kFile}), room);
  ASSERT_EQ(outcome(size), "ok");
  EXPECT_EQ(room[4], std::byte{p9::Rlerror::kLine.type});
  EXPECT_EQ(room[7], std::byte{EMSGSIZE});
}

// A tree that is a mount of its own, as that of a worker is, and a directory in it.
class DispatchInMount : public Dispatch {
 protected:
  static constexpr p9::Fid kDirectory{7};

  void SetUp() override {
    support::make_file(on_host("mounted/d/f"));
    support::make_directory(on_host("outside"));
    mount_ = base::UniqueFd(
        ::open_tree(AT_FDCWD, on_host("mounted").c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
    if (!mount_.valid()) GTEST_SKIP() << "may not mount";
    Served::serve("/proc/self/fd/" + std::to_string(mount_.raw()) + "/.");
    ASSERT_EQ(outcome(walk_to(kDirectory, {"d"})), "ok");
    ASSERT_EQ(walk_on(), 0);
  }
  int walk_on() { return send(p9::Twalk{kDirectory, next_fid(), {name("f")}}).error(); }
  void move_out() { std::filesystem::rename(on_host("mounted/d"), on_host("outside/d")); }

 private:
  base::UniqueFd mount_;
};

TEST_F(DispatchInMount, WalksOfOneBatchTakeOneAnswerALimitedNumberOfTimes) {
  move_out();
  int walked = 0;
  while (walked < 1000 && walk_on() == 0) ++walked;
  EXPECT_EQ(walked, 64);
  EXPECT_EQ(walk_on(), ESTALE);
}

TEST_F(DispatchInMount, ANewBatchAsksAgain) {
  move_out();
  session().tree().forget_check();
  EXPECT_EQ(walk_on(), ESTALE);
}

TEST_F(DispatchInMount, WhatIsNoLookUpAsksForItself) {
  ASSERT_EQ(send(p9::Tmkdir{kDirectory, name("made"), 0755, 0}).error(), 0);
  ASSERT_EQ(walk_on(), 0);
  move_out();
  EXPECT_EQ(send(p9::Tmkdir{kDirectory, name("other"), 0755, 0}).error(), ESTALE);
  EXPECT_EQ(walk_on(), ESTALE);
  EXPECT_FALSE(std::filesystem::exists(on_host("outside/d/other")));
}

// The answer goes with its directory: another may lie where it lay in memory.
TEST_F(DispatchInMount, AReleasedDirectoryLeavesNoAnswer) {
  for (int round = 0; round < 100; ++round) {
    ASSERT_EQ(walk_on(), 0);
    session().fids().clear();
    ASSERT_EQ(outcome(call(p9::Tattach{kRoot, p9::Fid{p9::kNoFid}, "", "/", 0})), "ok");
    ASSERT_EQ(outcome(walk_to(kDirectory, {"d"})), "ok");
    move_out();
    EXPECT_EQ(walk_on(), ESTALE);
    std::filesystem::rename(on_host("outside/d"), on_host("mounted/d"));
  }
}

}  // namespace
}  // namespace gofer
