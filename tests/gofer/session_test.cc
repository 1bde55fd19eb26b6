// Version, attach, walk, clunk and remove.
#include <sys/stat.h>
#include <sys/un.h>

#include <filesystem>

#include "tests/gofer/served.h"

namespace gofer {
namespace {

class Version : public Served {};
class Attach : public Served {};
class Walk : public Served {};
class Remove : public Served {};

TEST_F(Version, IsClampedToTheLargestFrame) {
  AttachPoint options = none();
  options.limits.msize = 10'000;
  serve(options);
  for (auto [asked, given] : {std::pair{4096U, 4096U}, {9999U, 9999U}, {UINT32_MAX, 10'000U}}) {
    auto reply = call(p9::Tversion{asked, "9P2000.L"});
    ASSERT_EQ(outcome(reply), "ok");
    EXPECT_EQ(reply->msize, given);
    EXPECT_EQ(session().msize(), given);
    EXPECT_EQ(session().frame_limit(), given);
  }
}

TEST_F(Version, RefusedLeavesTheSessionAsItWas) {
  serve();
  EXPECT_EQ(outcome(call(p9::Tversion{4095, "9P2000.L"})), "EINVAL");
  EXPECT_EQ(call(p9::Tversion{8192, "9P2000.u"})->version, "unknown");
  EXPECT_EQ(outcome(call(p9::Tversion{8192, "9P2000.L.Google.14"})), "EAGAIN");
  EXPECT_EQ(session().msize(), kOwnMsize);
  EXPECT_EQ(outcome(getattr(kRoot)), "ok");
}

TEST_F(Version, OfGoogleIsCountedDownAndWhatOnlyLooksLikeItIsUnknown) {
  serve();
  for (const char* newer :
       {"9P2000.L.Google.14", "9P2000.L.Google.140", "9P2000.L.Google.4294967295"})
    EXPECT_EQ(outcome(call(p9::Tversion{8192, newer})), "EAGAIN") << newer;
  for (const char* other :
       {"9P2000.L.Google.", "9P2000.L.Google.-1", "9P2000.L.Google.+1",
        "9P2000.L.Google.4294967296", "9P2000.L.Google.01", "9P2000.L.Google.1x",
        "9P2000.L.Other.1", "9P2000.L ", "", "9p2000.L"}) {
    auto reply = call(p9::Tversion{8192, other});
    ASSERT_EQ(outcome(reply), "ok") << other;
    EXPECT_EQ(reply->version, "unknown") << other;
  }
}

TEST_F(Version, AgainReleasesEveryFidAndItsDescriptors) {
  support::make_file(on_host("f"));
  serve();
  open({"f"}, p9::kOpenRdonly);
  EXPECT_EQ(session().open_files().used(), 1U);
  ASSERT_EQ(outcome(call(p9::Tversion{8192, "9P2000.L"})), "ok");
  EXPECT_EQ(session().fids().size(), 0U);
  EXPECT_EQ(session().open_files().used(), 0U);
  EXPECT_EQ(session().tree().descriptors(), 0U);
  EXPECT_EQ(session().tree().nodes(), 1U);
}

TEST_F(Attach, ChecksAfidNameAndFid) {
  serve();
  p9::Fid none{p9::kNoFid};
  EXPECT_EQ(outcome(call(p9::Tattach{p9::Fid{5}, p9::Fid{6}, "", "/", 0})), "EINVAL");
  EXPECT_EQ(outcome(call(p9::Tattach{p9::Fid{5}, none, "", "/etc", 0})), "ENOENT");
  EXPECT_EQ(outcome(call(p9::Tattach{kRoot, none, "", "/", 0})), "EBADF");
  EXPECT_EQ(outcome(call(p9::Tattach{none, none, "", "/", 0})), "EBADF");
  EXPECT_EQ(outcome(call(p9::Tattach{p9::Fid{5}, none, "", "", 0})), "ok");
  EXPECT_EQ(outcome(call(p9::Tauth{p9::Fid{7}, "", "/", 0})), "ENOENT");
  EXPECT_EQ(session().fids().size(), 2U);
}

TEST_F(Attach, ToARegularFileServesThatFile) {
  support::make_file(on_host("f"), "content");
  support::make_file(on_host("other"));
  serve(on_host("f"));
  EXPECT_EQ(outcome(walk_to(next_fid(), {"other"})), "ENOTDIR");
  p9::Fid clone = walk({});
  EXPECT_EQ(call(p9::Tlopen{clone, p9::kOpenRdwr})->qid.type, 0);
  EXPECT_EQ(read(clone), "content");
  EXPECT_EQ(write(clone, 7, "!"), "1");
  EXPECT_EQ(outcome(call(p9::Tsetattr{.fid = kRoot, .valid = p9::kSetattrSize, .size = 3})), "ok");
  EXPECT_EQ(support::read_file(on_host("f")), "con");
  EXPECT_EQ(outcome(call(p9::Tmkdir{kRoot, name("x"), 0755, p9::kNoGid})), "ENOTDIR");
  EXPECT_EQ(outcome(call(p9::Tremove{kRoot})), "EBUSY");
}

TEST_F(Attach, F2_ToAnythingElseDoesNotStart) {
  support::make_fifo(on_host("fifo"));
  base::UniqueFd fifo = support::open_path(on_host("fifo"));
  AttachPoint point{.root = fifo, .own_fds = base::Fd(-1)};
  base::Log log(base::Fd(2), base::LogFormat::kText, base::LogLevel::kError, "worker");
  EXPECT_EQ(outcome(Session::start(point, log)), "EINVAL");
  point.root = base::Fd(-1);
  EXPECT_EQ(outcome(Session::start(point, log)), "EBADF");
}

TEST_F(Walk, GivesAQidForEveryStep) {
  support::make_file(on_host("a/b/f"));
  support::make_symlink(on_host("a/b/l"), "f");
  serve();
  auto reply = walk_to(next_fid(), {"a", "b", "l"});
  ASSERT_EQ(outcome(reply), "ok");
  ASSERT_EQ(reply->wqids.size(), 3);
  EXPECT_EQ(reply->wqids.view()[0].type, p9::kQidDirectory);
  EXPECT_EQ(reply->wqids.view()[2].type, p9::kQidSymlink);
  EXPECT_EQ(reply->wqids.view()[1], getattr(walk({"a", "b"}))->qid);
}

TEST_F(Walk, ThatFailsLeavesNothingBehind) {
  support::make_file(on_host("a/f"));
  support::make_symlink(on_host("l"), "a");
  serve();
  p9::Fid used = walk({"a"});
  std::size_t nodes = session().tree().nodes();
  std::size_t descriptors = session().tree().descriptors();
  EXPECT_EQ(outcome(walk_to(p9::Fid{50}, {"a", "none"})), "ENOENT");
  EXPECT_EQ(outcome(walk_to(p9::Fid{50}, {"a", "f", "x"})), "ENOTDIR");
  EXPECT_EQ(outcome(walk_to(p9::Fid{50}, {"l", "f"})), "ELOOP");
  EXPECT_EQ(outcome(walk_to(used, {"a"})), "EBADF");
  EXPECT_EQ(outcome(walk_to(p9::Fid{p9::kNoFid}, {"a"})), "EBADF");
  EXPECT_EQ(outcome(walk_to(p9::Fid{50}, {"a"}, p9::Fid{51})), "EBADF");
  EXPECT_EQ(outcome(walk_to(kRoot, {"none"})), "ENOENT");
  EXPECT_EQ(outcome(getattr(p9::Fid{50})), "EBADF");
  EXPECT_EQ(getattr(kRoot)->qid.type, p9::kQidDirectory);
  EXPECT_EQ(session().fids().size(), 2U);
  EXPECT_EQ(session().tree().nodes(), nodes);
  EXPECT_EQ(session().tree().descriptors(), descriptors);
}

TEST_F(Walk, MayReplaceItsOwnFid) {
  support::make_file(on_host("a/f"), "x");
  serve();
  p9::Fid fid = walk({"a"});
  EXPECT_EQ(outcome(walk_to(fid, {"f"}, fid)), "ok");
  EXPECT_EQ(getattr(fid)->size, 1U);
  EXPECT_EQ(outcome(walk_to(fid, {}, fid)), "ok");
  EXPECT_EQ(getattr(fid)->size, 1U);
}

TEST_F(Walk, FromAnOpenFidGivesOneThatIsNotOpen) {
  support::make_file(on_host("a/f"), "text");
  serve();
  p9::Fid directory = open({"a"}, p9::kOpenRdonly);
  p9::Fid file = walk({"f"}, directory);
  ASSERT_EQ(outcome(call(p9::Tlopen{file, p9::kOpenRdonly})), "ok");
  p9::Fid clone = walk({}, file);
  EXPECT_EQ(read(clone), "EBADF");
  EXPECT_EQ(outcome(call(p9::Tlopen{clone, p9::kOpenRdonly})), "ok");
  EXPECT_EQ(read(clone), "text");
}

TEST_F(Walk, R3_EndsAtTheBudgetOfFids) {
  AttachPoint options = none();
  options.limits.fids = 3;
  serve(options);
  p9::Fid one = walk({});
  walk({});
  EXPECT_EQ(outcome(walk_to(next_fid(), {})), "EMFILE");
  session().fids().erase(one);
  EXPECT_EQ(outcome(walk_to(next_fid(), {})), "ok");
}

TEST_F(Walk, HundredsOfFidsLiveOnFourDescriptors) {
  AttachPoint options = none();
  options.limits.node_fds = 4;
  constexpr unsigned kFiles = 300;
  for (unsigned i = 0; i < kFiles; ++i)
    support::make_file(on_host("d/f" + std::to_string(i)), std::string(i, 'x'));
  serve(options);
  std::vector<p9::Fid> fids;
  for (unsigned i = 0; i < kFiles; ++i) fids.push_back(walk({"d", "f" + std::to_string(i)}));
  for (unsigned i = 0; i < kFiles; ++i) EXPECT_EQ(getattr(fids[i])->size, i);
  EXPECT_LE(session().tree().descriptors(), 4U);
}

TEST_F(Remove, TakesEitherKindButNotWhatIsInUse) {
  support::make_file(on_host("f"));
  support::make_directory(on_host("d"));
  support::make_file(on_host("full/f"));
  serve();
  EXPECT_EQ(outcome(call(p9::Tremove{walk({"f"})})), "ok");
  EXPECT_EQ(outcome(call(p9::Tremove{walk({"d"})})), "ok");
  EXPECT_EQ(outcome(call(p9::Tremove{walk({"full"})})), "ENOTEMPTY");
  EXPECT_EQ(outcome(call(p9::Tremove{p9::Fid{7}})), "EBADF");
  EXPECT_FALSE(std::filesystem::exists(on_host("f")));
  EXPECT_FALSE(std::filesystem::exists(on_host("d")));
}

TEST_F(Remove, SparesAFileThatTookTheName) {
  support::make_file(on_host("f"), "mine");
  serve();
  p9::Fid fid = walk({"f"});
  std::filesystem::rename(on_host("f"), on_host("g"));
  support::make_file(on_host("f"), "theirs");
  EXPECT_EQ(outcome(call(p9::Tremove{fid})), "ESTALE");
  EXPECT_EQ(support::read_file(on_host("f")), "theirs");
  EXPECT_EQ(support::read_file(on_host("g")), "mine");
}

}  // namespace
}  // namespace gofer
