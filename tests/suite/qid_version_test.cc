// qid.version: what a client may keep of a file's content, and when it must ask again.
#include <sys/stat.h>

#include <string>

#include "tests/suite/world.h"

namespace suite {
namespace {

class QidVersion : public World {
 protected:
  QidVersion() {
    support::make_file(exported() / "file", "0123456789");
    support::make_directory(exported() / "directory");
    support::make_symlink(exported() / "link", "file");
    support::make_fifo(exported() / "fifo");
  }

  uint32_t asked(std::string_view where) { return client().stat(where)->qid.version; }
  uint32_t walked(std::string_view where) {
    p9::Fid fid = client().new_fid();
    auto reply = client().call(p9::Twalk{Client::root(), fid, {name(where)}});
    EXPECT_EQ(outcome(reply), "ok");
    (void)client().call(p9::Tclunk{fid});
    return reply->wqids.view()[0].version;
  }
  uint32_t opened(std::string_view where, uint32_t flags) {
    UniqueFid fid = walk(where);
    return client().open(fid, flags)->version;
  }
  // Moves the modification time, which may not tick between two requests.
  void age(const path& where) const {
    std::filesystem::last_write_time(
        exported() / where,
        std::filesystem::last_write_time(exported() / where) - std::chrono::hours(1));
  }
};

TEST_F(QidVersion, OfAFileThatNobodyChangesIsTheSameEverywhere) {
  serve();
  uint32_t version = asked("file");
  EXPECT_NE(version, 0U);
  EXPECT_EQ(walked("file"), version);
  EXPECT_EQ(opened("file", p9::kOpenRdonly), version);
  EXPECT_EQ(opened("file", p9::kOpenRdwr), version);
  UniqueFid fid = walk("file");
  EXPECT_EQ(client().getattr(fid)->qid.version, version);
  EXPECT_EQ(
      outcome(client().call(p9::Tsetattr{.fid = fid, .valid = p9::kSetattrMode, .mode = 0600})),
      "ok");
  EXPECT_EQ(outcome(client().set_xattr(fid, "user.a", "value")), "ok");
  EXPECT_EQ(client().read_file("file"), "0123456789");
  EXPECT_EQ(asked("file"), version);
  EXPECT_EQ(walked("file"), version);
}

TEST_F(QidVersion, ChangesWithEveryChangeOfSize) {
  serve();
  uint32_t before = asked("file");
  UniqueFid fid = open("file", p9::kOpenRdwr);
  ASSERT_EQ(outcome(client().write(fid, 10, "x")), "ok");
  uint32_t written = asked("file");
  EXPECT_NE(written, before);
  EXPECT_EQ(walked("file"), written);
  EXPECT_EQ(opened("file", p9::kOpenRdonly), written);
  ASSERT_EQ(outcome(client().call(p9::Tsetattr{.fid = fid, .valid = p9::kSetattrSize, .size = 3})),
            "ok");
  uint32_t cut = asked("file");
  EXPECT_NE(cut, written);
  EXPECT_NE(cut, before);
  EXPECT_EQ(walked("file"), cut);
  EXPECT_NE(opened("file", p9::kOpenRdonly | p9::kOpenTrunc), cut);
}

TEST_F(QidVersion, ChangesWhenTheHostWritesBehindAKnownNode) {
  serve();
  UniqueFid kept = walk("file");
  uint32_t before = asked("file");
  age("file");
  uint32_t aged = asked("file");
  EXPECT_NE(aged, before);
  EXPECT_EQ(walked("file"), aged);
  EXPECT_EQ(client().getattr(kept)->qid.version, aged);
  EXPECT_EQ(client().open(kept, p9::kOpenRdonly)->version, aged);
  age("file");
  EXPECT_NE(client().getattr(kept)->qid.version, aged);
  EXPECT_NE(walked("file"), aged);
}

TEST_F(QidVersion, ChangesWithTheTimeThatAClientSets) {
  serve();
  UniqueFid fid = walk("file");
  uint32_t last = asked("file");
  for (uint64_t second : {uint64_t{0}, uint64_t{1}, uint64_t{1'000'000'000}}) {
    for (uint64_t nanosecond : {uint64_t{0}, uint64_t{1}}) {
      ASSERT_EQ(
          outcome(client().call(p9::Tsetattr{.fid = fid,
                                             .valid = p9::kSetattrMtime | p9::kSetattrMtimeSet,
                                             .mtime_sec = second,
                                             .mtime_nsec = nanosecond})),
          "ok");
      EXPECT_NE(asked("file"), last);
      EXPECT_NE(asked("file"), 0U);
      last = asked("file");
    }
  }
}

TEST_F(QidVersion, OfANewFileIsThatOfTheNextQuestion) {
  serve();
  for (uint32_t flags : {p9::kOpenRdwr, p9::kOpenRdwr | p9::kOpenExcl}) {
    p9::Fid fid = client().clone(Client::root())->release();
    std::string made = "new" + std::to_string(flags);
    auto reply = client().call(p9::Tlcreate{fid, name(made), flags, 0644, p9::kNoGid});
    ASSERT_EQ(outcome(reply), "ok");
    EXPECT_NE(reply->qid.version, 0U);
    EXPECT_EQ(asked(made), reply->qid.version);
    EXPECT_EQ(walked(made), reply->qid.version);
  }
}

TEST_F(QidVersion, OfWhatWasThereIsInTheReplyToCreate) {
  serve();
  uint32_t version = asked("file");
  p9::Fid fid = client().clone(Client::root())->release();
  auto reply = client().call(p9::Tlcreate{fid, name("file"), p9::kOpenRdwr, 0644, p9::kNoGid});
  ASSERT_EQ(outcome(reply), "ok");
  EXPECT_EQ(reply->qid.version, version);
}

TEST_F(QidVersion, OfEverythingElseIsZero) {
  serve();
  for (const char* where : {"directory", "link", "fifo"}) {
    EXPECT_EQ(asked(where), 0U) << where;
    EXPECT_EQ(walked(where), 0U) << where;
  }
  EXPECT_EQ(asked(""), 0U);
  EXPECT_EQ(opened("directory", p9::kOpenRdonly), 0U);
  EXPECT_EQ(client().call(p9::Tmkdir{Client::root(), name("made"), 0755, p9::kNoGid})->qid.version,
            0U);
  p9::Fid again = client().new_fid();
  EXPECT_EQ(client().call(p9::Tattach{again, p9client::kNoFid, "", "/", 0})->qid.version, 0U);
}

TEST_F(QidVersion, InAListingIsZero) {
  serve();
  (void)asked("file");
  auto entries = client().list("");
  ASSERT_EQ(outcome(entries), "ok");
  EXPECT_EQ(entries->size(), 4U);
  for (const p9client::Entry& entry : *entries) EXPECT_EQ(entry.qid.version, 0U) << entry.name;
}

TEST_F(QidVersion, OfAFileThatIsServedByItselfIsInTheReplyToAttach) {
  serve(exported() / "file", {});
  p9::Fid again = client().new_fid();
  auto first = client().call(p9::Tattach{again, p9client::kNoFid, "", "/", 0});
  ASSERT_EQ(outcome(first), "ok");
  EXPECT_NE(first->qid.version, 0U);
  EXPECT_EQ(client().getattr(again)->qid, first->qid);
  age("file");
  p9::Fid later = client().new_fid();
  auto second = client().call(p9::Tattach{later, p9client::kNoFid, "", "/", 0});
  EXPECT_EQ(client().getattr(later)->qid, second->qid);
  EXPECT_NE(second->qid.version, first->qid.version);
}

}  // namespace
}  // namespace suite
