// Extended attributes: which names are served, of which files, and how much of them.
#include <sys/xattr.h>

#include <cerrno>
#include <string>
#include <vector>

#include "tests/suite/batch.h"
#include "tests/suite/xattr_world.h"

namespace suite {
namespace {

using namespace std::string_literals;

class XattrNames : public XattrWorld {
 protected:
  // What both requests say about a name, as "walk/create".
  std::string refusals(std::string_view attribute) {
    UniqueFid file = walk("file");
    p9::Fid fid = client().new_fid();
    auto walked = client().call(p9::Txattrwalk{file, fid, attribute});
    if (walked) (void)client().call(p9::Tclunk{fid});
    auto created = client().call(p9::Txattrcreate{file, attribute, 1, 0});
    return outcome(walked) + "/" + outcome(created);
  }
};
class XattrFiles : public XattrWorld {};
class XattrSizes : public XattrWorld {
 protected:
  // Serves a tree on a file system that stores attributes of any size, if the host has one.
  void serve_roomy() {
    support::make_file(roomy_ / "file", "text");
    roomy_file_ = roomy_ / "file";
    std::string largest(XATTR_SIZE_MAX, 'x');
    if (::setxattr(roomy_file_.c_str(), "user.probe", largest.data(), largest.size(), 0) != 0)
      GTEST_SKIP() << "/dev/shm stores no attribute of 64 KiB";
    ASSERT_EQ(::removexattr(roomy_file_.c_str(), "user.probe"), 0);
    serve(roomy_.path(), {});
  }
  const path& roomy_file() const { return roomy_file_; }

 private:
  support::TempDir roomy_{"/dev/shm"};
  path roomy_file_;
};
class XattrReadOnly : public XattrWorld {};

// A valid access list: owner rw-, user 33 r--, group r--, mask r--, others ---.
const std::string kAcl =
    "\x02\x00\x00\x00"
    "\x01\x00\x06\x00\xff\xff\xff\xff"
    "\x02\x00\x04\x00\x21\x00\x00\x00"
    "\x04\x00\x04\x00\xff\xff\xff\xff"
    "\x10\x00\x04\x00\xff\xff\xff\xff"
    "\x20\x00\x00\x00\xff\xff\xff\xff"s;

// version 2, cap_net_bind_service permitted and effective
const std::string kCapability =
    "\x01\x00\x00\x02\x00\x04\x00\x00\x00\x00\x00\x00"s + "\0\0\0\0\0\0\0\0"s;

TEST_F(XattrNames, X7_ThatNobodyCanServeAreRefused) {
  serve();
  support::Inventory before = support::inventory(exported());
  std::string longest = "user." + std::string(250, 'n');
  EXPECT_EQ(refusals(longest), "ENODATA/ok");
  EXPECT_EQ(refusals(longest + "n"), "ERANGE/ERANGE");
  EXPECT_EQ(refusals("user." + std::string(60'000, 'n')), "ERANGE/ERANGE");
  EXPECT_EQ(refusals("trusted." + std::string(300, 'n')), "ERANGE/ERANGE");
  EXPECT_EQ(refusals(""), "ok/ERANGE");  // the list
  EXPECT_EQ(refusals("user.a\0"s), "EINVAL/EINVAL");
  EXPECT_EQ(refusals("user.\0a"s), "EINVAL/EINVAL");
  EXPECT_EQ(refusals("\0"s), "EINVAL/EINVAL");
  EXPECT_EQ(refusals("\0user.a"s), "EINVAL/EINVAL");
  EXPECT_EQ(support::inventory(exported()), before);
}

TEST_F(XattrNames, X7_OfOtherNameSpacesDoNotExist) {
  set_on_host("file", "trusted.hidden", "secret");
  set_on_host("file", "security.capability", kCapability);
  set_on_host("file", "security.hidden", "secret");
  set_on_host("file", "user.shown", "value");
  set_on_host("file", "trusted.overlay.opaque", "y");
  set_on_host("file", "system.posix_acl_access", kAcl);
  serve();
  support::Inventory before = support::inventory(exported());
  EXPECT_EQ(names_of("file"), std::vector<std::string>{"user.shown"});
  for (const char* hidden : {"trusted.hidden",
                             "security.capability",
                             "security.hidden",
                             "security.selinux",
                             "security.ima",
                             "trusted.overlay.opaque",
                             "system.posix_acl_access",
                             "system.posix_acl_default",
                             "system.nfs4_acl",
                             "system.",
                             "user",
                             "userx.a",
                             "USER.shown",
                             " user.shown",
                             "xuser.shown",
                             ".",
                             "/",
                             "../user.shown",
                             "os2.a",
                             "btrfs.compression",
                             "osx.com.apple",
                             "bogus"})
    EXPECT_EQ(refusals(hidden), "EOPNOTSUPP/EOPNOTSUPP") << hidden;
  EXPECT_EQ(support::inventory(exported()), before);
}

TEST_F(XattrNames, X7_ThatTheKernelRefusesAreRefusedAtTheClunk) {
  serve();
  EXPECT_EQ(set("file", "user.", "value"), "EINVAL");
  EXPECT_EQ(get("file", "user."), "EINVAL");
  EXPECT_EQ(names_of("file"), std::vector<std::string>{});
}

TEST_F(XattrNames, HoldAnyOtherByte) {
  serve();
  for (const std::string& odd : {"user.a/b"s, "user...."s, "user.\n\xff\xfe"s, "user. "s}) {
    EXPECT_EQ(set("file", odd, "value"), "ok") << odd;
    EXPECT_EQ(get("file", odd), "value") << odd;
    EXPECT_EQ(on_host("file", odd.c_str()), "value") << odd;
  }
  EXPECT_EQ(names_of("file").size(), 4U);
}

TEST_F(XattrNames, AreAllHiddenWhenNoneAreServed) {
  set_on_host("file", "user.hidden", "secret");
  serve({.no_xattrs = true});
  EXPECT_EQ(names_of("file"), std::vector<std::string>{});
  EXPECT_EQ(refusals("user.hidden"), "EOPNOTSUPP/EOPNOTSUPP");
  EXPECT_EQ(refusals("user.new"), "EOPNOTSUPP/EOPNOTSUPP");
  EXPECT_EQ(on_host("file", "user.hidden"), "secret");
}

TEST_F(XattrNames, EachSpaceIsServedByItself) {
  struct Row {
    Export how;
    const char* name;
    const std::string value;
  };
  set_on_host("file", "user.a", "u");
  set_on_host("file", "trusted.a", "t");
  set_on_host("file", "security.a", "s");
  set_on_host("file", "system.posix_acl_access", kAcl);
  const std::vector<Row> rows{{{.acls = true}, "system.posix_acl_access", kAcl},
                              {{.security = true}, "security.a", "s"},
                              {{.trusted = true}, "trusted.a", "t"}};
  for (const Row& row : rows) {
    serve(row.how);
    EXPECT_EQ(names_of("file"), (std::vector<std::string>{row.name, "user.a"}));
    for (const Row& other : rows)
      EXPECT_EQ(get("file", other.name), &other == &row ? row.value : "EOPNOTSUPP") << other.name;
    EXPECT_EQ(hang_up(), "hangup");
  }
}

TEST_F(XattrNames, OfServedSpacesCanBeSetAndRemoved) {
  serve({.acls = true, .security = true, .trusted = true});
  EXPECT_EQ(set("file", "system.posix_acl_access", kAcl), "ok");
  EXPECT_EQ(on_host("file", "system.posix_acl_access"), kAcl);
  EXPECT_EQ(set("file", "system.posix_acl_access", "", p9::kXattrReplace), "ok");
  EXPECT_EQ(on_host("file", "system.posix_acl_access"), "(none)");
  EXPECT_EQ(set("file", "security.capability", kCapability), "ok");
  EXPECT_EQ(on_host("file", "security.capability"), kCapability);
  EXPECT_EQ(set("file", "security.b", "s"), "ok");
  EXPECT_EQ(on_host("file", "security.b"), "s");
  EXPECT_EQ(set("file", "trusted.b", "t"), "ok");
  EXPECT_EQ(on_host("file", "trusted.b"), "t");
  EXPECT_EQ(set("file", "trusted.b", "", p9::kXattrReplace), "ok");
  EXPECT_EQ(on_host("file", "trusted.b"), "(none)");
}

TEST_F(XattrNames, AnAclThatIsNoneIsRefusedByTheKernel) {
  serve({.acls = true});
  EXPECT_EQ(set("file", "system.posix_acl_access", "\x02\0\0\0odd"s), "EINVAL");
  EXPECT_EQ(set("file", "system.posix_acl_default", kAcl), "EACCES");  // of directories only
  EXPECT_EQ(set("directory", "system.posix_acl_default", kAcl), "ok");
  EXPECT_EQ(on_host("file", "system.posix_acl_access"), "(none)");
  EXPECT_EQ(on_host("directory", "system.posix_acl_default"), kAcl);
}

TEST_F(XattrFiles, S2_OfALinkAreTheLinksOwn) {
  support::make_symlink(exported() / "link", "file");
  support::make_symlink(exported() / "out", (outside() / "secret").native());
  set_on_host("file", "user.a", "of the file");
  set_on_host("file", "trusted.a", "of the file");
  serve({.trusted = true});
  for (const char* link : {"link", "out"}) {
    EXPECT_EQ(names_of(link), std::vector<std::string>{});
    EXPECT_EQ(get(link, "user.a"), "ENODATA");
    EXPECT_EQ(get(link, "user.secret"), "ENODATA");
    EXPECT_EQ(set(link, "user.a", "x"), "EPERM");
    EXPECT_EQ(get(link, "trusted.a"), "ENODATA");
    EXPECT_EQ(set(link, "trusted.a", "of the link"), "ok");
    EXPECT_EQ(names_of(link), std::vector<std::string>{"trusted.a"});
    EXPECT_EQ(get(link, "trusted.a"), "of the link");
    EXPECT_EQ(on_host(link, "trusted.a"), "of the link");
  }
  EXPECT_EQ(on_host("file", "user.a"), "of the file");
  EXPECT_EQ(on_host("file", "trusted.a"), "of the file");
}

TEST_F(XattrFiles, F1_OfSpecialFilesNeverOpenThem) {
  support::make_fifo(exported() / "fifo");
  support::make_socket(exported() / "socket");
  support::make_device(exported() / "device", S_IFCHR | 0666, 1, 3);
  serve({.trusted = true});
  for (const char* special : {"fifo", "socket", "device"}) {
    EXPECT_EQ(names_of(special), std::vector<std::string>{}) << special;
    EXPECT_EQ(get(special, "user.a"), "ENODATA") << special;
    EXPECT_EQ(set(special, "user.a", "x"), "EPERM") << special;
    EXPECT_EQ(set(special, "trusted.a", "special"), "ok") << special;
    EXPECT_EQ(get(special, "trusted.a"), "special") << special;
    EXPECT_EQ(on_host(special, "trusted.a"), "special") << special;
  }
}

TEST_F(XattrFiles, ThatNobodyMayReadOrWriteAreServedToo) {
  support::make_file(exported() / "closed", "text", 0000);
  serve();
  EXPECT_EQ(set("closed", "user.a", "value"), "ok");
  EXPECT_EQ(get("closed", "user.a"), "value");
}

TEST_F(XattrSizes, X1_LargestValuesReadBackAsWritten) {
  serve_roomy();
  if (IsSkipped()) return;
  for (std::size_t size : {4095U, 4096U, 4097U, 65535U, 65536U}) {
    std::string value = pattern(size);
    ASSERT_EQ(set("file", "user.a", value), "ok") << size;
    EXPECT_EQ(get("file", "user.a"), value) << size;
    EXPECT_EQ(support::get_xattr(roomy_file(), "user.a"), value) << size;
  }
  EXPECT_EQ(set("file", "user.b", pattern(65537)), "E2BIG");
  EXPECT_EQ(names_of("file"), std::vector<std::string>{"user.a"});
}

TEST_F(XattrSizes, X8_AListOfManyNamesComesWhole) {
  serve_roomy();
  if (IsSkipped()) return;
  std::vector<std::string> names;
  for (int i = 100; i < 100 + 65536 / 256; ++i)
    names.push_back("user." + std::to_string(i) + std::string(247, 'n'));
  for (const std::string& name : names) support::set_xattr(roomy_file(), name.c_str(), "");
  EXPECT_EQ(names_of("file"), names);
  // One more, and no program of the host could list them either.
  support::set_xattr(roomy_file(), "user.straw", "");
  EXPECT_EQ(get("file", ""), "E2BIG");
  EXPECT_EQ(get("file", "user.straw"), "");
}

TEST_F(XattrSizes, X2_ValuesOnTheirWayEndAtAKnownNumberAndAreGivenBack) {
  serve();
  std::vector<p9::Fid> drafts;
  for (int i = 0; i < 16; ++i) drafts.push_back(draft("file", "user.a", 65536));
  UniqueFid one_more = walk("file");
  auto ask = [&](uint64_t size) {
    return outcome(client().call(p9::Txattrcreate{one_more, "user.a", size, 0}));
  };
  EXPECT_EQ(ask(65536), "ENOBUFS");
  EXPECT_EQ(ask(1), "ENOBUFS");
  EXPECT_EQ(client().getattr(one_more)->size, 10U);
  EXPECT_EQ(clunk(drafts.back()), "EINVAL");
  EXPECT_EQ(ask(65536), "ok");
  ASSERT_EQ(outcome(client().version()), "ok");
  ASSERT_EQ(outcome(client().attach(Client::root())), "ok");
  for (int i = 0; i < 16; ++i) (void)draft("file", "user.a", 65536);
}

TEST_F(XattrSizes, X2_ValuesBeingReadEndAtAKnownNumberAndAreGivenBack) {
  set_on_host("file", "user.a", pattern(2048));
  serve();
  std::vector<p9::Fid> snapshots;
  for (int i = 0; i < 512; ++i) snapshots.push_back(snapshot("file", "user.a"));
  p9::Fid refused = client().new_fid();
  UniqueFid file = walk("file");
  EXPECT_EQ(outcome(client().call(p9::Txattrwalk{file, refused, "user.a"})), "ENOBUFS");
  EXPECT_EQ(clunk(refused), "EBADF");
  EXPECT_EQ(clunk(snapshots[3]), "ok");
  EXPECT_EQ(outcome(client().call(p9::Txattrwalk{file, refused, "user.a"})), "ok");
  EXPECT_EQ(read(refused, 0, 4000), pattern(2048));
  snapshots.erase(snapshots.begin() + 3);
  for (p9::Fid fid : snapshots) ASSERT_EQ(read(fid, 0, 4000), pattern(2048));
}

TEST_F(XattrSizes, R2_EvenThoseOfNothingEndAtAKnownNumber) {
  set_on_host("file", "user.empty", "");
  serve();
  for (int i = 0; i < 1024; ++i) {
    (void)draft("file", "user.a", 0);
    (void)snapshot("file", "user.empty");
  }
  UniqueFid file = walk("file");
  EXPECT_EQ(outcome(client().call(p9::Txattrcreate{file, "user.a", 0, 0})), "ENOBUFS");
  EXPECT_EQ(outcome(client().get_xattr(file, "user.empty")), "ENOBUFS");
  expect_alive();
}

TEST_F(XattrReadOnly, RO2_AreRefusedWhenTheyAreCreated) {
  set_on_host("file", "user.a", "value");
  support::Inventory before = support::inventory(exported());
  serve({.read_only = true});
  for (const auto& [size, flags] :
       std::vector<std::pair<uint64_t, uint32_t>>{{0, 0}, {0, p9::kXattrReplace}, {16, 0}}) {
    for (const char* attribute : {"user.a", "user.new"}) {
      p9::Fid fid = walk("file").release();
      EXPECT_EQ(outcome(client().call(p9::Txattrcreate{fid, attribute, size, flags})), "EROFS");
      EXPECT_EQ(write(fid, 0, pattern(16)), "EROFS");
      EXPECT_EQ(client().getattr(fid)->size, 10U);
      EXPECT_EQ(clunk(fid), "ok");
    }
  }
  EXPECT_EQ(get("file", "user.a"), "value");
  p9::Fid left = walk("file").release();  // by a client that goes, not by a clunk
  EXPECT_EQ(outcome(client().call(p9::Txattrcreate{left, "user.a", 16, 0})), "EROFS");
  EXPECT_EQ(write(left, 0, pattern(16)), "EROFS");
  EXPECT_EQ(hang_up(), "hangup");
  EXPECT_EQ(support::inventory(exported()), before);
}

TEST_F(XattrReadOnly, EveryNameSpaceThatIsServedCanBeRead) {
  set_on_host("file", "trusted.a", "t");
  set_on_host("file", "security.a", "s");
  set_on_host("file", "system.posix_acl_access", kAcl);
  serve({.read_only = true, .acls = true, .security = true, .trusted = true});
  EXPECT_EQ(names_of("file"),
            (std::vector<std::string>{"security.a", "system.posix_acl_access", "trusted.a"}));
  EXPECT_EQ(get("file", "trusted.a"), "t");
  EXPECT_EQ(get("file", "security.a"), "s");
  EXPECT_EQ(get("file", "system.posix_acl_access"), kAcl);
}

TEST_F(XattrReadOnly, RO2_CreatingOneEndsAPanicOnWriteServer) {
  support::Inventory before = support::inventory(exported());
  serve({.read_only = true, .panic_on_write = true});
  EXPECT_EQ(names_of("file"), std::vector<std::string>{});
  p9::Fid fid = walk("file").release();
  EXPECT_EQ(outcome(client().call(p9::Txattrcreate{fid, "user.a", 0, 0})), "ECONNRESET");
  EXPECT_EQ(hang_up(), "panic-on-write");
  EXPECT_NE(served().log().find("Txattrcreate"), std::string::npos) << served().log();
  EXPECT_EQ(support::inventory(exported()), before);
}

}  // namespace
}  // namespace suite
