// Twalk and Tclunk.

#include <string>

#include "tests/suite/world.h"

namespace suite {
namespace {

class Walk : public World {
 protected:
  void SetUp() override {
    support::make_file(exported() / "a" / "b" / "c" / "file", "text");
    support::make_symlink(exported() / "link", "a");
    serve();
  }

  p9::Twalk twalk(p9::Fid from, p9::Fid to, std::initializer_list<std::string_view> names) const {
    p9::Twalk request{from, to, {}};
    for (std::string_view text : names) request.wnames.push(name(text));
    return request;
  }
};

TEST_F(Walk, AnswersOneQidPerName) {
  auto reply = client().call(twalk(Client::root(), p9::Fid{5}, {"a", "b", "c", "file"}));
  ASSERT_EQ(outcome(reply), "ok");
  ASSERT_EQ(reply->wqids.size(), 4);
  EXPECT_EQ(reply->wqids.view()[2].type, p9::kQidDirectory);
  EXPECT_EQ(reply->wqids.view()[3].type, 0);
}

TEST_F(Walk, WithoutNamesClonesTheFid) {
  auto reply = client().call(twalk(Client::root(), p9::Fid{5}, {}));
  ASSERT_EQ(outcome(reply), "ok");
  EXPECT_EQ(reply->wqids.size(), 0);
  EXPECT_EQ(client().getattr(p9::Fid{5})->qid, client().getattr(Client::root())->qid);
}

TEST_F(Walk, FailsAtAMissingNameAndMakesNoFid) {
  EXPECT_EQ(outcome(client().call(twalk(Client::root(), p9::Fid{5}, {"missing"}))), "ENOENT");
  auto half = client().call(twalk(Client::root(), p9::Fid{5}, {"a", "missing"}));
  if (half) {
    EXPECT_EQ(half->wqids.size(), 1);
  }  // the manual's way; an error is Linux's
  EXPECT_EQ(outcome(client().getattr(p9::Fid{5})), "EBADF");
}

TEST_F(Walk, ThroughAFileOrALinkIsNoDirectory) {
  EXPECT_EQ(outcome(client().walk("a/b/c/file/x")), "ENOTDIR");
  EXPECT_EQ(outcome(client().walk("link/b")), "ELOOP");
}

TEST_F(Walk, OntoALinkNamesTheLink) {
  UniqueFid link = walk("link");
  EXPECT_EQ(client().getattr(link)->qid.type, p9::kQidSymlink);
  EXPECT_EQ(client().readlink(link), "a");
}

TEST_F(Walk, MayReplaceItsOwnFid) {
  UniqueFid fid = walk("a");
  ASSERT_EQ(outcome(client().call(twalk(fid, fid, {"b"}))), "ok");
  EXPECT_EQ(client().getattr(fid)->qid, client().stat("a/b")->qid);
  EXPECT_EQ(outcome(client().call(twalk(fid, fid, {"missing"}))), "ENOENT");
  EXPECT_EQ(client().getattr(fid)->qid, client().stat("a/b")->qid);
}

TEST_F(Walk, RefusesANewfidInUse) {
  UniqueFid fid = walk("a");
  EXPECT_EQ(outcome(client().call(twalk(Client::root(), fid, {"link"}))), "EBADF");
  EXPECT_EQ(client().getattr(fid)->qid, client().stat("a")->qid);
}

TEST_F(Walk, RefusesNofidAsNewfid) {
  EXPECT_NE(outcome(client().call(twalk(Client::root(), p9client::kNoFid, {"a"}))), "ok");
  EXPECT_EQ(outcome(client().getattr(p9client::kNoFid)), "EBADF");
}

TEST_F(Walk, FromAnUnknownFidIsRefused) {
  EXPECT_EQ(outcome(client().call(twalk(p9::Fid{77}, p9::Fid{78}, {"a"}))), "EBADF");
}

TEST_F(Walk, FromAnOpenFidGivesAnUnopenedOne) {
  UniqueFid directory = open("a", p9::kOpenRdonly | p9::kOpenDirectory);
  ASSERT_EQ(outcome(client().call(twalk(directory, p9::Fid{900}, {"b"}))), "ok");
  EXPECT_EQ(client().getattr(p9::Fid{900})->qid, client().stat("a/b")->qid);
  UniqueFid file = open("a/b/c/file", p9::kOpenRdonly);
  ASSERT_EQ(outcome(client().call(twalk(file, p9::Fid{901}, {}))), "ok");
  EXPECT_EQ(outcome(client().read(p9::Fid{901}, 0, 4)), "EBADF");
  EXPECT_EQ(outcome(client().open(p9::Fid{901}, p9::kOpenRdonly)), "ok");
}

TEST_F(Walk, TakesSixteenNamesAtOnce) {
  path deep = exported();
  p9::Twalk request{Client::root(), p9::Fid{5}, {}};
  for (std::size_t i = 0; i < p9::kMaxWalk; ++i) {
    deep /= "d";
    request.wnames.push(name("d"));
  }
  support::make_directory(deep);
  auto reply = client().call(request);
  ASSERT_EQ(outcome(reply), "ok");
  EXPECT_EQ(reply->wqids.size(), p9::kMaxWalk);
}

TEST_F(Walk, SeesWhatTheHostChanges) {
  EXPECT_EQ(outcome(client().walk("later")), "ENOENT");
  support::make_file(exported() / "later");
  EXPECT_EQ(outcome(client().walk("later")), "ok");
  std::filesystem::remove(exported() / "later");
  EXPECT_EQ(outcome(client().walk("later")), "ENOENT");
}

TEST_F(Walk, GivesTheSameQidWhicheverWayItGoes) {
  std::filesystem::create_hard_link(exported() / "a/b/c/file", exported() / "other");
  EXPECT_EQ(client().stat("a/b/c/file")->qid.path, client().stat("other")->qid.path);
  EXPECT_NE(client().stat("a")->qid.path, client().stat("a/b")->qid.path);
}

TEST_F(Walk, ClunkForgetsTheFidOnce) {
  p9::Fid fid = walk("a").release();
  EXPECT_EQ(outcome(client().call(p9::Tclunk{fid})), "ok");
  EXPECT_EQ(outcome(client().call(p9::Tclunk{fid})), "EBADF");
  EXPECT_EQ(outcome(client().getattr(fid)), "EBADF");
}

TEST_F(Walk, EveryDescriptorIsGivenBackByTheClunks) {
  std::size_t before = served().descriptors();
  {
    std::vector<UniqueFid> fids;
    for (int i = 0; i < 50; ++i) {
      fids.push_back(walk("a/b/c"));
      fids.push_back(open("a/b/c/file", p9::kOpenRdwr));
      fids.push_back(open("a", p9::kOpenRdonly | p9::kOpenDirectory));
    }
    EXPECT_GT(served().descriptors(), before);
  }
  EXPECT_LE(served().descriptors(), before);
}

}  // namespace
}  // namespace suite
