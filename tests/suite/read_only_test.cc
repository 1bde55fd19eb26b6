// A read-only tree stays as it is, whatever is asked.

#include <array>
#include <string>
#include <vector>

#include "tests/suite/samples.h"
#include "tests/suite/world.h"

namespace suite {
namespace {

class ReadOnly : public World {
 protected:
  void SetUp() override {
    support::make_file(exported() / "file", "0123456789");
    support::make_file(exported() / "directory" / "inside", "text");
    support::make_symlink(exported() / "link", "file");
    support::set_xattr(exported() / "file", "user.kept", "value");
    before_ = support::inventory(exported());
  }
  void expect_untouched() { EXPECT_EQ(support::inventory(exported()), before_); }

  // Sends the sample, aimed at a fresh fid for `where`.
  template <class M>
  std::string send(std::string_view where, Of<M> type) {
    p9::Fid fid = walk(where).release();
    Subject subject{fid, Client::root(), client().new_fid(), name("inside"), name("new")};
    std::string said = outcome(client().call(sample(type, subject)));
    (void)client().call(p9::Tclunk{fid});
    return said;
  }

 private:
  support::Inventory before_;
};

class PanicOnWrite : public ReadOnly {};

TEST_F(ReadOnly, RO1_EveryMutatingMessageAnswersErofs) {
  serve({.read_only = true});
  speak(p9::kNewestGoogle);
  Subject any{p9::Fid{}, p9::Fid{}, p9::Fid{}, name("inside"), name("new")};
  int refused = 0;
  for (const char* where : {"file", "directory", "link"}) {
    for_each_sample(any, [&]<class M>(const M& message) {
      if (!p9::mutates(message)) return;
      EXPECT_EQ(send(where, Of<M>{}), "EROFS") << M::kLine.name << " on " << where;
      ++refused;
    });
  }
  EXPECT_GE(refused, 3 * 21);
  expect_untouched();
}

TEST_F(ReadOnly, RO1_EveryBitOfSetattrAnswersErofs) {
  serve({.read_only = true});
  UniqueFid file = walk("file");
  for (uint32_t bit = 1; bit <= p9::kSetattrMtimeSet; bit <<= 1) {
    EXPECT_EQ(outcome(client().call(p9::Tsetattr{.fid = file, .valid = bit, .mode = 0600})),
              "EROFS")
        << bit;
  }
  speak(p9::kNewestGoogle);
  for (uint32_t bit = 1; bit <= p9::kSetattrMtimeSet; bit <<= 1) {
    p9::Fid fid = walk("file").release();
    EXPECT_EQ(outcome(client().call(p9::Tsetattrclunk{.fid = fid, .valid = bit, .mode = 0600})),
              "EROFS")
        << bit;
  }
  expect_untouched();
}

TEST_F(ReadOnly, RO1_EveryModeOfAllocateAnswersErofs) {
  serve({.read_only = true});
  speak(p9::kNewestGoogle);
  UniqueFid walked = walk("file");
  UniqueFid file = open("file", p9::kOpenRdonly);
  for (uint32_t mode = 1; mode != 0; mode <<= 1)
    for (p9::Fid fid : {p9::Fid(walked), p9::Fid(file)}) {
      EXPECT_EQ(outcome(client().call(p9::Tallocate{fid, mode, 0, 100})), "EROFS") << mode;
      EXPECT_EQ(outcome(client().call(p9::Tallocate{fid, mode | 1, 0, 100})), "EROFS") << mode;
    }
  expect_untouched();
}

TEST_F(ReadOnly, RO1_EveryWayToOpenForWritingAnswersErofs) {
  serve({.read_only = true});
  UniqueFid file = walk("file");
  for (uint32_t flags : {p9::kOpenWronly, p9::kOpenRdwr, p9::kOpenRdonly | p9::kOpenTrunc,
                         p9::kOpenWronly | p9::kOpenAppend, p9::kOpenRdwr | p9::kOpenTrunc})
    EXPECT_EQ(outcome(client().open(file, flags)), "EROFS") << flags;
  expect_untouched();
}

TEST_F(ReadOnly, RO3_AccessModeThreeIsNone) {
  serve({.read_only = true});
  UniqueFid file = walk("file");
  EXPECT_EQ(outcome(client().open(file, 3)), "EINVAL");
  expect_untouched();
}

TEST_F(ReadOnly, RO1_WritingOnAFidThatIsOpenForReadingAnswersErofs) {
  serve({.read_only = true});
  UniqueFid file = open("file", p9::kOpenRdonly);
  EXPECT_EQ(outcome(client().write(file, 0, "x")), "EROFS");
  expect_untouched();
}

TEST_F(ReadOnly, LocksAreForReadingOnly) {
  serve({.read_only = true});
  UniqueFid file = open("file", p9::kOpenRdonly);
  auto lock = [&](uint8_t type) {
    auto reply = client().call(p9::Tlock{file, type, 0, 0, 0, 1, "host"});
    return reply ? std::to_string(reply->status) : outcome(reply);
  };
  EXPECT_EQ(lock(p9::kLockRead), "0");
  EXPECT_EQ(lock(p9::kLockWrite), "EBADF");
  EXPECT_EQ(lock(p9::kLockUnlock), "0");
  EXPECT_EQ(lock(p9::kLockWrite), "EBADF");
  expect_untouched();
}

TEST_F(ReadOnly, EverythingElseWorks) {
  serve({.read_only = true});
  EXPECT_EQ(client().read_file("file"), "0123456789");
  EXPECT_EQ(client().list("directory")->size(), 1U);
  UniqueFid link = walk("link");
  EXPECT_EQ(client().readlink(link), "file");
  EXPECT_EQ(outcome(client().call(p9::Tstatfs{link})), "ok");
  UniqueFid file = open("file", p9::kOpenRdonly);
  EXPECT_EQ(outcome(client().call(p9::Tfsync{file, {0}})), "ok");
  EXPECT_EQ(client().get_xattr(link, ""), "");
  EXPECT_EQ(client().get_xattr(file, "user.kept"), "value");
  expect_untouched();
}

TEST_F(PanicOnWrite, RO4_OneWriteEndsTheServerWhichSaysWhatWasTried) {
  serve({.read_only = true, .panic_on_write = true});
  EXPECT_EQ(client().read_file("file"), "0123456789");
  EXPECT_EQ(outcome(client().call(p9::Tmkdir{Client::root(), name("evil"), 0755, p9::kNoGid})),
            "ECONNRESET");
  EXPECT_EQ(hang_up(), "panic-on-write");
  EXPECT_NE(served().log().find("Tmkdir"), std::string::npos) << served().log();
  EXPECT_NE(served().log().find("evil"), std::string::npos) << served().log();
  expect_untouched();
}

TEST_F(PanicOnWrite, RO4_EveryMutatingMessageEndsIt) {
  Subject any{p9::Fid{}, p9::Fid{}, p9::Fid{}, name("inside"), name("new")};
  for_each_sample(any, [&]<class M>(const M& message) {
    if (!p9::mutates(message)) return;
    serve({.read_only = true, .panic_on_write = true});
    speak(p9::kNewestGoogle);
    EXPECT_EQ(send("file", Of<M>{}), "ECONNRESET") << M::kLine.name;
    EXPECT_EQ(hang_up(), "panic-on-write") << M::kLine.name;
  });
  expect_untouched();
}

TEST_F(PanicOnWrite, NothingElseEndsIt) {
  serve({.read_only = true, .panic_on_write = true});
  speak(p9::kNewestGoogle);
  Subject any{p9::Fid{}, p9::Fid{}, p9::Fid{}, name("inside"), name("new")};
  for_each_sample(any, [&]<class M>(const M& message) {
    if (p9::mutates(message) || std::is_same_v<M, p9::Tversion>) return;
    EXPECT_NE(send("file", Of<M>{}), "ECONNRESET") << M::kLine.name;
  });
  expect_alive();
  expect_untouched();
}

}  // namespace
}  // namespace suite
