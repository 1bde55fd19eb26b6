// Extended attributes: names as they are parsed, and budgets that a test can reach.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "gofer/xattr_name.h"
#include "tests/gofer/served.h"

namespace gofer {
namespace {

TEST(XattrName, IsParsedBySizeContentAndNameSpace) {
  constexpr XattrNames kDefault;
  constexpr XattrNames kAll{.user = true, .acl = true, .security = true, .trusted = true};
  const std::string longest = "user." + std::string(kMaxXattrName - 5, 'n');
  struct Row {
    std::string name;
    const char* by_default;
    const char* when_all_are_served;
  };
  for (const Row& row : std::vector<Row>{{"", "ERANGE", "ERANGE"},
                                         {"user.a", "ok", "ok"},
                                         {"user.", "ok", "ok"},  // the kernel's to refuse
                                         {longest, "ok", "ok"},
                                         {longest + "n", "ERANGE", "ERANGE"},
                                         {std::string("user.a\0b", 8), "EINVAL", "EINVAL"},
                                         {std::string("user.a\0", 7), "EINVAL", "EINVAL"},
                                         {"user", "EOPNOTSUPP", "EOPNOTSUPP"},
                                         {"User.a", "EOPNOTSUPP", "EOPNOTSUPP"},
                                         {"security.capability", "EOPNOTSUPP", "ok"},
                                         {"trusted.overlay.redirect", "EOPNOTSUPP", "ok"},
                                         {"system.posix_acl_access", "EOPNOTSUPP", "ok"},
                                         {"system.posix_acl_default", "EOPNOTSUPP", "ok"},
                                         {"system.posix_acl_access.", "EOPNOTSUPP", "EOPNOTSUPP"},
                                         {"system.posix_acl", "EOPNOTSUPP", "EOPNOTSUPP"},
                                         {"system.data", "EOPNOTSUPP", "EOPNOTSUPP"},
                                         {"btrfs.compression", "EOPNOTSUPP", "EOPNOTSUPP"}}) {
    EXPECT_EQ(outcome(XattrName::parse(kDefault, row.name)), row.by_default) << row.name;
    auto parsed = XattrName::parse(kAll, row.name);
    EXPECT_EQ(outcome(parsed), row.when_all_are_served) << row.name;
    if (parsed) {
      EXPECT_EQ(parsed->c_str(), row.name);
    }
  }
  EXPECT_EQ(outcome(XattrName::parse({.user = false}, "user.a")), "EOPNOTSUPP");
}

class XattrFids : public Served {
 protected:
  XattrFids() { support::make_file(on_host("f"), "text"); }
  std::string create(p9::Fid fid, uint64_t size) {
    return outcome(call(p9::Txattrcreate{fid, "user.a", size, 0}));
  }
  // The handler leaves the fid to the dispatcher.
  std::string clunk(p9::Fid fid) {
    std::string said = outcome(call(p9::Tclunk{fid}));
    session().fids().erase(fid);
    return said;
  }
};

TEST_F(XattrFids, BytesEndAtTheBudgetExactly) {
  AttachPoint options = none();
  options.limits.xattr_bytes = 10 * 1024;
  serve(options);
  p9::Fid six = walk({"f"});
  p9::Fid four = walk({"f"});
  p9::Fid none = walk({"f"});
  EXPECT_EQ(create(six, 6 * 1024), "ok");
  EXPECT_EQ(create(four, 5 * 1024), "ENOBUFS");
  EXPECT_EQ(create(four, 4 * 1024), "ok");
  EXPECT_EQ(create(none, 1), "ENOBUFS");
  EXPECT_EQ(session().xattr_bytes().used(), 10U * 1024);
  // The smallest one counts as what it takes itself.
  EXPECT_EQ(create(none, 0), "ENOBUFS");
  EXPECT_EQ(clunk(six), "EINVAL");
  EXPECT_EQ(create(none, 0), "ok");
  EXPECT_EQ(session().xattr_bytes().used(), 4U * 1024 + 512);
  EXPECT_EQ(clunk(none), "ok");
  EXPECT_EQ(clunk(four), "EINVAL");
  EXPECT_EQ(session().xattr_bytes().used(), 0U);
}

TEST_F(XattrFids, ASnapshotThatFailsTakesNothing) {
  support::set_xattr(on_host("f"), "user.a", "0123456789");
  AttachPoint options = none();
  options.limits.xattr_bytes = 1000;
  options.limits.fids = 3;
  serve(options);
  p9::Fid file = walk({"f"});
  p9::Fid first = next_fid();
  EXPECT_EQ(outcome(call(p9::Txattrwalk{file, first, "user.a"})), "ok");
  session().fids().erase(first);
  p9::Fid snapshot = next_fid();
  ASSERT_EQ(outcome(call(p9::Txattrwalk{file, snapshot, "user.a"})), "ok");
  EXPECT_EQ(outcome(call(p9::Txattrwalk{file, next_fid(), "user.a"})), "EMFILE");
  EXPECT_EQ(session().xattr_bytes().used(), 512U);
  EXPECT_EQ(read(snapshot), "0123456789");
}

// The descriptor of the place was closed to make room: what is opened again must be the same file.
TEST_F(XattrFids, X5_OfAPlaceThatShowsAnotherFileAtTheClunkIsNotSet) {
  support::TempDir outside;
  support::make_file(outside / "secret", "secret");
  for (int i = 0; i < 10; ++i) support::make_file(on_host("other" + std::to_string(i)));
  AttachPoint options = none();
  options.limits.node_fds = 4;
  serve(options);
  p9::Fid draft = walk({"f"});
  ASSERT_EQ(create(draft, 5), "ok");
  ASSERT_EQ(write(draft, 0, "value"), "5");
  for (int i = 0; i < 10; ++i) (void)walk({"other" + std::to_string(i)});
  std::filesystem::rename(on_host("f"), on_host("kept"));
  support::make_symlink(on_host("f"), (outside / "secret").native());
  EXPECT_EQ(clunk(draft), "ESTALE");
  EXPECT_EQ(support::get_xattr(outside / "secret", "user.a"), "(none)");
  EXPECT_EQ(support::get_xattr(on_host("kept"), "user.a"), "(none)");
}

}  // namespace
}  // namespace gofer
