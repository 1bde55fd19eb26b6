// The Google extensions that are about data: allocation, and extended attributes in one message.
#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/stat.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/suite/samples.h"
#include "tests/suite/world.h"

namespace suite {
namespace {

constexpr uint64_t kLast = INT64_MAX;

class Allocate : public World {
 protected:
  void SetUp() override {
    support::make_file(exported() / "file", std::string(3 * kBlock, 'x'));
    serve();
    speak(p9::kNewestGoogle);
  }
  static constexpr uint64_t kBlock = 65536;
  std::string allocate(p9::Fid fid, uint32_t mode, uint64_t offset, uint64_t length) {
    return outcome(client().call(p9::Tallocate{fid, mode, offset, length}));
  }
  std::string content() const { return support::read_file(exported() / "file"); }
};

class GoogleXattr : public World {
 protected:
  void SetUp() override {
    support::make_file(exported() / "file", "0123456789");
    support::make_symlink(exported() / "link", "file");
    serve();
    speak(p9::kNewestGoogle);
  }
  std::string set(p9::Fid fid, std::string_view attribute, std::string_view value,
                  uint32_t flags = 0) {
    return outcome(client().call(p9::Tsetxattr{fid, attribute, value, flags}));
  }
  std::string get(p9::Fid fid, std::string_view attribute, uint64_t size = 100) {
    auto reply = client().call(p9::Tgetxattr{fid, attribute, size});
    return reply ? std::string(reply->value) : outcome(reply);
  }
  std::string remove(p9::Fid fid, std::string_view attribute) {
    return outcome(client().call(p9::Tremovexattr{fid, attribute}));
  }
  std::vector<std::string> list(p9::Fid fid, uint64_t size = 100) {
    auto reply = client().call(p9::Tlistxattr{fid, size});
    if (!reply) return {outcome(reply)};
    p9::Reader in(reply->names.encoded);
    std::vector<std::string> names;
    for (uint16_t i = 0; i < reply->names.count; ++i)
      names.emplace_back(p9::Codec<std::string_view>::read(in));
    EXPECT_EQ(outcome(in.finish()), "ok");
    std::ranges::sort(names);
    return names;
  }
  std::string on_host(const char* attribute) const {
    return support::get_xattr(exported() / "file", attribute);
  }
};

TEST_F(Allocate, MakesAFileLongerOrKeepsItsSize) {
  UniqueFid file = open("file", p9::kOpenRdwr);
  EXPECT_EQ(allocate(file, 0, 0, 4 * kBlock), "ok");
  EXPECT_EQ(client().getattr(file)->size, 4 * kBlock);
  EXPECT_EQ(allocate(file, FALLOC_FL_KEEP_SIZE, 0, 5 * kBlock), "ok");
  EXPECT_EQ(client().getattr(file)->size, 4 * kBlock);
  EXPECT_EQ(content(), std::string(3 * kBlock, 'x') + std::string(kBlock, '\0'));
}

TEST_F(Allocate, EveryModeDoesWhatItDoesOnTheHost) {
  for (uint32_t mode = 0; mode < 0x80; ++mode) {
    support::make_file(exported() / "file", std::string(3 * kBlock, 'x'));
    support::make_file(exported() / "twin", std::string(3 * kBlock, 'x'));
    base::UniqueFd twin(::open((exported() / "twin").c_str(), O_RDWR | O_CLOEXEC));
    UniqueFid file = open("file", p9::kOpenRdwr);
    std::string said = allocate(file, mode, kBlock, kBlock);
    if ((mode & FALLOC_FL_NO_HIDE_STALE) != 0) {
      EXPECT_EQ(said, "EOPNOTSUPP") << mode;
      continue;
    }
    int done = ::fallocate(twin.raw(), static_cast<int>(mode), kBlock, kBlock);
    EXPECT_EQ(said, done == 0 ? "ok" : base::errno_name(errno)) << mode;
    EXPECT_TRUE(content() == support::read_file(exported() / "twin")) << mode;
  }
}

TEST_F(Allocate, O8_NoUnknownBitReachesTheKernel) {
  UniqueFid file = open("file", p9::kOpenRdwr);
  for (uint32_t bit = 0x80; bit != 0; bit <<= 1)
    EXPECT_EQ(allocate(file, bit, 0, kBlock), "EOPNOTSUPP") << bit;
  EXPECT_EQ(content(), std::string(3 * kBlock, 'x'));
}

TEST_F(Allocate, R8_BoundsThatNoFileHasAreRefused) {
  UniqueFid file = open("file", p9::kOpenRdwr);
  EXPECT_EQ(allocate(file, 0, 0, 0), "EINVAL");
  for (uint64_t beyond : {kLast + 1, UINT64_MAX}) {
    EXPECT_EQ(allocate(file, 0, beyond, 1), "EINVAL");
    EXPECT_EQ(allocate(file, 0, 0, beyond), "EINVAL");
  }
  EXPECT_EQ(allocate(file, 0, kLast, 1), "EFBIG");
  EXPECT_EQ(allocate(file, 0, kLast / 2 + 2, kLast / 2 + 2), "EFBIG");
  std::string most = allocate(file, 0, 0, kLast);
  EXPECT_TRUE(most == "EFBIG" || most == "ENOSPC") << most;
  EXPECT_EQ(client().getattr(file)->size, 3 * kBlock);
}

TEST_F(Allocate, NeedsAFileThatIsOpenForWriting) {
  UniqueFid walked = walk("file");
  EXPECT_EQ(allocate(walked, 0, 0, kBlock), "EBADF");
  UniqueFid reading = open("file", p9::kOpenRdonly);
  EXPECT_EQ(allocate(reading, 0, 0, 9 * kBlock), "EBADF");
  UniqueFid writing = open("file", p9::kOpenWronly);
  std::filesystem::remove(exported() / "file");
  EXPECT_EQ(allocate(writing, 0, 0, 9 * kBlock), "ok");
  EXPECT_EQ(client().getattr(writing)->size, 9 * kBlock);
}

TEST_F(Allocate, P3_TakesSetIdBitsFromTheFileUnlessRootAsks) {
  for (uint32_t user : {0U, 1000U}) {
    support::make_file(exported() / "program", "code", 06755);
    p9::Fid attached = client().new_fid();
    ASSERT_EQ(outcome(client().call(p9::Tattach{attached, p9client::kNoFid, "", "/", user})), "ok");
    auto file = client().walk(attached, "program");
    ASSERT_EQ(outcome(file), "ok");
    ASSERT_EQ(outcome(client().open(*file, p9::kOpenRdwr)), "ok");
    EXPECT_EQ(allocate(*file, 0, 0, kBlock), "ok");
    struct stat info{};
    ASSERT_EQ(::stat((exported() / "program").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, user == 0 ? 06755U : 0755U) << user;
    std::filesystem::remove(exported() / "program");
  }
}

TEST_F(GoogleXattr, AreThoseOfTheHost) {
  UniqueFid file = walk("file");
  EXPECT_EQ(list(file), std::vector<std::string>{});
  EXPECT_EQ(set(file, "user.one", "first"), "ok");
  EXPECT_EQ(set(file, "user.two", std::string_view("\0\xff", 2)), "ok");
  EXPECT_EQ(set(file, "user.empty", ""), "ok");
  EXPECT_EQ(on_host("user.one"), "first");
  EXPECT_EQ(on_host("user.empty"), "");
  EXPECT_EQ(get(file, "user.two"), std::string("\0\xff", 2));
  EXPECT_EQ(list(file), (std::vector<std::string>{"user.empty", "user.one", "user.two"}));
  EXPECT_EQ(remove(file, "user.one"), "ok");
  EXPECT_EQ(on_host("user.one"), "(none)");
  EXPECT_EQ(get(file, "user.one"), "ENODATA");
  EXPECT_EQ(remove(file, "user.one"), "ENODATA");
}

TEST_F(GoogleXattr, SizesAreHintsOnly) {
  UniqueFid file = walk("file");
  ASSERT_EQ(set(file, "user.a", "a value"), "ok");
  for (uint64_t size : {uint64_t{0}, uint64_t{1}, UINT64_MAX}) {
    EXPECT_EQ(get(file, "user.a", size), "a value") << size;
    EXPECT_EQ(list(file, size), std::vector<std::string>{"user.a"}) << size;
  }
}

TEST_F(GoogleXattr, FlagsAreThoseOfSetxattr) {
  UniqueFid file = walk("file");
  EXPECT_EQ(set(file, "user.a", "1", p9::kXattrReplace), "ENODATA");
  EXPECT_EQ(set(file, "user.a", "1", p9::kXattrCreate), "ok");
  EXPECT_EQ(set(file, "user.a", "2", p9::kXattrCreate), "EEXIST");
  EXPECT_EQ(set(file, "user.a", "3", p9::kXattrReplace), "ok");
  EXPECT_EQ(on_host("user.a"), "3");
  for (uint32_t bit = 4; bit != 0; bit <<= 1) EXPECT_EQ(set(file, "user.a", "4", bit), "EINVAL");
  EXPECT_EQ(on_host("user.a"), "3");
}

TEST_F(GoogleXattr, X7_NamesAreServedByTheSameRuleEverywhere) {
  support::set_xattr(exported() / "file", "trusted.host", "secret");
  UniqueFid file = walk("file");
  for (const std::string& other :
       {std::string("trusted.host"), std::string("security.capability"),
        std::string("system.posix_acl_access"), std::string("security.selinux"),
        std::string("user"), std::string("USER.a"), std::string("x")}) {
    EXPECT_EQ(get(file, other), "EOPNOTSUPP") << other;
    EXPECT_EQ(set(file, other, "value"), "EOPNOTSUPP") << other;
    EXPECT_EQ(remove(file, other), "EOPNOTSUPP") << other;
  }
  EXPECT_EQ(list(file), std::vector<std::string>{});
  for (const std::string& bad : {std::string(), "user." + std::string(251, 'n')}) {
    EXPECT_EQ(get(file, bad), "ERANGE") << bad;
    EXPECT_EQ(set(file, bad, "value"), "ERANGE") << bad;
    EXPECT_EQ(remove(file, bad), "ERANGE") << bad;
  }
  EXPECT_EQ(set(file, std::string("user.a\0b", 8), "value"), "EINVAL");
  EXPECT_EQ(support::get_xattr(exported() / "file", "trusted.host"), "secret");
}

TEST_F(GoogleXattr, OfALinkAreTheLinksOwn) {
  support::set_xattr(exported() / "file", "user.a", "of the file");
  UniqueFid link = walk("link");
  EXPECT_EQ(get(link, "user.a"), "ENODATA");
  EXPECT_EQ(set(link, "user.b", "value"), "EPERM");
  EXPECT_EQ(list(link), std::vector<std::string>{});
  EXPECT_EQ(on_host("user.b"), "(none)");
}

TEST_F(GoogleXattr, ManyNamesAreListedWhole) {
  UniqueFid file = walk("file");
  std::vector<std::string> made;
  for (int i = 0; i < 20; ++i) {
    std::string attribute = "user." + std::to_string(i) + std::string(40, 'n');
    std::string said = set(file, attribute, "");
    if (said == "ENOSPC") break;  // some file systems hold one block of them
    ASSERT_EQ(said, "ok");
    made.push_back(attribute);
  }
  std::ranges::sort(made);
  EXPECT_GE(made.size(), 10U);
  EXPECT_EQ(list(file), made);
}

}  // namespace
}  // namespace suite
