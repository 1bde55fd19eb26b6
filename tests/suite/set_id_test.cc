// Set-id bits, which a change of the content takes away, and the groups of new files.
#include <sys/stat.h>

#include <string>

#include "tests/suite/world.h"

namespace suite {
namespace {

constexpr uint32_t kUser = 1000;
constexpr mode_t kSetUid = 04755;
constexpr mode_t kBoth = 06755;
constexpr mode_t kSetGidNoExecute = 02644;

class SetId : public World {
 protected:
  SetId() { make("file", kBoth); }

  void make(const path& where, mode_t mode) const {
    support::make_file(exported() / where, "0123456789");
    EXPECT_EQ(::chown((exported() / where).c_str(), kUser, kUser), 0);
    EXPECT_EQ(::chmod((exported() / where).c_str(), mode), 0);
  }
  mode_t mode(const path& where) const {
    struct stat info{};
    EXPECT_EQ(::lstat((exported() / where).c_str(), &info), 0) << where;
    return info.st_mode & 07777;
  }
  struct stat on_host(const path& where) const {
    struct stat info{};
    EXPECT_EQ(::lstat((exported() / where).c_str(), &info), 0) << where;
    return info;
  }

  // Serves, and attaches as a user of the client.
  p9::Fid serve_to(uint32_t user) {
    serve();
    return attach(user);
  }
  p9::Fid attach(uint32_t user) {
    p9::Fid root = client().new_fid();
    EXPECT_EQ(outcome(client().call(p9::Tattach{root, p9client::kNoFid, "", "/", user})), "ok");
    return root;
  }
  p9::Fid walk_from(p9::Fid root, std::string_view where) {
    return client().walk(root, where)->release();
  }
  p9::Fid open_from(p9::Fid root, std::string_view where, uint32_t flags) {
    p9::Fid fid = walk_from(root, where);
    EXPECT_EQ(outcome(client().open(fid, flags)), "ok");
    return fid;
  }
  std::string chmod(p9::Fid fid, uint32_t mode) {
    return outcome(
        client().call(p9::Tsetattr{.fid = fid, .valid = p9::kSetattrMode, .mode = mode}));
  }
  std::string truncate(p9::Fid fid, uint64_t size) {
    return outcome(
        client().call(p9::Tsetattr{.fid = fid, .valid = p9::kSetattrSize, .size = size}));
  }
};

TEST_F(SetId, P3_OfAFileStayWhenNothingIsWritten) {
  p9::Fid file = open_from(serve_to(kUser), "file", p9::kOpenWronly);
  EXPECT_EQ(outcome(client().call(p9::Twrite{file, 0, {}})), "ok");
  EXPECT_EQ(mode("file"), kBoth);
}

TEST_F(SetId, P3_BitsGoWithAnOrdinaryUsersWrite) {
  make("setuid", kSetUid);
  make("mandatory", kSetGidNoExecute);
  make("sticky", 07777);
  make("both", 06644);
  p9::Fid root = serve_to(kUser);
  for (auto [where, after] :
       {std::pair{"file", 0755}, std::pair{"setuid", 0755}, std::pair{"mandatory", 02644},
        std::pair{"sticky", 01777}, std::pair{"both", 02644}}) {
    mode_t before = mode(where);
    p9::Fid fid = open_from(root, where, p9::kOpenRdwr);
    EXPECT_EQ(outcome(client().read(fid, 0, 5)), "ok");
    EXPECT_EQ(mode(where), before) << where;
    EXPECT_EQ(outcome(client().write(fid, 0, "x")), "ok");
    EXPECT_EQ(mode(where), static_cast<mode_t>(after)) << where;
  }
}

TEST_F(SetId, BitsStayWhenRootWrites) {
  p9::Fid root = serve_to(0);
  p9::Fid fid = open_from(root, "file", p9::kOpenRdwr);
  EXPECT_EQ(outcome(client().write(fid, 0, "x")), "ok");
  EXPECT_EQ(truncate(fid, 3), "ok");
  EXPECT_EQ(mode("file"), kBoth);
  (void)open_from(root, "file", p9::kOpenWronly | p9::kOpenTrunc);
  EXPECT_EQ(mode("file"), kBoth);
}

TEST_F(SetId, P3_BitsGoWhenTheFileIsCut) {
  make("opened", kBoth);
  make("truncated", kBoth);
  make("stretched", kBoth);
  make("created", kBoth);
  p9::Fid root = serve_to(kUser);
  EXPECT_EQ(truncate(walk_from(root, "file"), 4), "ok");
  EXPECT_EQ(truncate(open_from(root, "truncated", p9::kOpenRdwr), 4), "ok");
  EXPECT_EQ(truncate(walk_from(root, "stretched"), 40), "ok");
  (void)open_from(root, "opened", p9::kOpenRdonly | p9::kOpenTrunc);
  p9::Fid made = walk_from(root, "");
  EXPECT_EQ(outcome(client().call(p9::Tlcreate{made, name("created"),
                                               p9::kOpenRdwr | p9::kOpenTrunc, 0644, p9::kNoGid})),
            "ok");
  for (const char* where : {"file", "truncated", "stretched", "opened", "created"})
    EXPECT_EQ(mode(where), 0755U) << where;
}

TEST_F(SetId, P3_BitsGoWithANewOwner) {
  make("group", kBoth);
  p9::Fid root = serve_to(0);
  auto chown = [&](std::string_view where, const p9::Tsetattr& what) {
    p9::Tsetattr request = what;
    request.fid = walk_from(root, where);
    return outcome(client().call(request));
  };
  EXPECT_EQ(chown("file", {.valid = p9::kSetattrUid, .uid = 7}), "ok");
  EXPECT_EQ(chown("group", {.valid = p9::kSetattrGid, .gid = 7}), "ok");
  EXPECT_EQ(mode("file"), 0755U);
  EXPECT_EQ(mode("group"), 0755U);
  // Unless the same request asks for them.
  EXPECT_EQ(chown("file", {.valid = p9::kSetattrUid | p9::kSetattrMode, .mode = kBoth, .uid = 8}),
            "ok");
  EXPECT_EQ(mode("file"), kBoth);
}

TEST_F(SetId, BitsThatARequestAsksForStayUntilTheNextWrite) {
  make("plain", 0755);
  p9::Fid root = serve_to(kUser);
  p9::Fid fid = open_from(root, "plain", p9::kOpenRdwr);
  EXPECT_EQ(outcome(client().write(fid, 0, "x")), "ok");
  EXPECT_EQ(
      outcome(client().call(p9::Tsetattr{
          .fid = fid, .valid = p9::kSetattrMode | p9::kSetattrSize, .mode = kBoth, .size = 5})),
      "ok");
  EXPECT_EQ(mode("plain"), kBoth);
  EXPECT_EQ(outcome(client().write(fid, 0, "x")), "ok");
  EXPECT_EQ(mode("plain"), 0755U);
}

TEST_F(SetId, P3_BitsThatAreSetWhileTheFileIsOpenGoWithTheNextWrite) {
  make("plain", 0755);
  p9::Fid root = serve_to(kUser);
  p9::Fid writing = open_from(root, "plain", p9::kOpenRdwr);
  p9::Fid other = walk_from(root, "plain");
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(outcome(client().write(writing, 0, "x")), "ok");
    EXPECT_EQ(chmod(other, kBoth), "ok");
    EXPECT_EQ(mode("plain"), kBoth);
    EXPECT_EQ(outcome(client().write(writing, 0, "x")), "ok");
    EXPECT_EQ(mode("plain"), 0755U);
  }
}

TEST_F(SetId, P3_BitsThatAreSetThroughAnotherNameGoWithTheNextWrite) {
  make("plain", 0755);
  std::filesystem::create_hard_link(exported() / "plain", exported() / "other name");
  p9::Fid root = serve_to(kUser);
  p9::Fid writing = open_from(root, "plain", p9::kOpenRdwr);
  EXPECT_EQ(outcome(client().write(writing, 0, "x")), "ok");
  EXPECT_EQ(chmod(walk_from(root, "other name"), kBoth), "ok");
  EXPECT_EQ(outcome(client().write(writing, 0, "x")), "ok");
  EXPECT_EQ(mode("plain"), 0755U);
}

TEST_F(SetId, P3_BitsOfAFileThatIsCreatedWithThemGoWithTheFirstWrite) {
  p9::Fid root = serve_to(kUser);
  p9::Fid fid = walk_from(root, "");
  ASSERT_EQ(outcome(client().call(
                p9::Tlcreate{fid, name("new"), p9::kOpenRdwr | p9::kOpenExcl, kBoth, kUser})),
            "ok");
  EXPECT_EQ(mode("new"), kBoth);
  EXPECT_EQ(outcome(client().write(fid, 0, "x")), "ok");
  EXPECT_EQ(mode("new"), 0755U);
}

TEST_F(SetId, P4_CapabilitiesGoWithAWrite) {
  const std::string capability("\x01\x00\x00\x02\x00\x04\x00\x00\x00\x00\x00\x00\0\0\0\0\0\0\0\0",
                               20);
  make("cut", 0755);
  for (const char* where : {"file", "cut"})
    support::set_xattr(exported() / where, "security.capability", capability);
  p9::Fid root = serve_to(kUser);
  EXPECT_EQ(outcome(client().write(open_from(root, "file", p9::kOpenRdwr), 0, "x")), "ok");
  EXPECT_EQ(truncate(walk_from(root, "cut"), 4), "ok");
  for (const char* where : {"file", "cut"})
    EXPECT_EQ(support::get_xattr(exported() / where, "security.capability"), "(none)") << where;
}

TEST_F(SetId, P2_NewFilesHaveTheGroupOfTheMessageInASetGidDirectoryToo) {
  support::make_directory(exported() / "directory");
  ASSERT_EQ(::chown((exported() / "directory").c_str(), 5, 55), 0);
  ASSERT_EQ(::chmod((exported() / "directory").c_str(), 02775), 0);
  p9::Fid root = serve_to(kUser);
  p9::Fid fid = walk_from(root, "directory");
  p9::Fid file = walk_from(root, "directory");
  constexpr uint32_t kGroup = 77;
  ASSERT_EQ(outcome(client().call(p9::Tlcreate{file, name("file"), p9::kOpenRdwr, 0664, kGroup})),
            "ok");
  ASSERT_EQ(outcome(client().call(p9::Tmkdir{fid, name("sub"), 0775, kGroup})), "ok");
  ASSERT_EQ(outcome(client().call(p9::Tsymlink{fid, name("link"), "x", kGroup})), "ok");
  ASSERT_EQ(outcome(client().call(p9::Tmknod{fid, name("node"), S_IFREG | 0664, 0, 0, kGroup})),
            "ok");
  for (const char* made : {"file", "sub", "link", "node"}) {
    EXPECT_EQ(on_host(path("directory") / made).st_gid, kGroup) << made;
    EXPECT_EQ(on_host(path("directory") / made).st_uid, kUser) << made;
  }
  EXPECT_EQ(mode("directory/sub"), 02775U);
  EXPECT_EQ(mode("directory/file"), 0664U);
}

TEST_F(SetId, P1_IdsOfMinusOneNeverChangeAnOwner) {
  p9::Fid root = serve_to(p9::kNoUname);
  EXPECT_EQ(outcome(client().call(p9::Tsetattr{.fid = walk_from(root, "file"),
                                               .valid = p9::kSetattrUid | p9::kSetattrGid,
                                               .uid = UINT32_MAX,
                                               .gid = 5})),
            "EINVAL");
  EXPECT_EQ(outcome(client().call(p9::Tsetattr{.fid = walk_from(root, "file"),
                                               .valid = p9::kSetattrUid | p9::kSetattrGid,
                                               .uid = 5,
                                               .gid = UINT32_MAX})),
            "EINVAL");
  EXPECT_EQ(on_host("file").st_uid, kUser);
  EXPECT_EQ(on_host("file").st_gid, kUser);
  EXPECT_EQ(mode("file"), kBoth);
  // One id alone leaves the other one.
  EXPECT_EQ(outcome(client().call(p9::Tsetattr{
                .fid = walk_from(root, "file"), .valid = p9::kSetattrUid, .uid = 5, .gid = 6})),
            "ok");
  EXPECT_EQ(on_host("file").st_uid, 5U);
  EXPECT_EQ(on_host("file").st_gid, kUser);
}

}  // namespace
}  // namespace suite
