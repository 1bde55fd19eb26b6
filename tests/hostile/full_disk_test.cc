// Hostile case R9: a file system that is full.
#include <sys/stat.h>

#include <string>

#include "tests/hostile/host_mounts.h"

namespace suite {
namespace {

class FullDisk : public HostMounts {
 protected:
  // Makes as many as it can; how many there were when it was told why not.
  template <class Make>
  int make_all(Make make, const std::string& why) {
    for (int made = 0; made < kEnough; ++made) {
      std::string said = make(std::to_string(made));
      if (said == "ok") continue;
      EXPECT_EQ(said, why);
      return made;
    }
    ADD_FAILURE() << "there was no end";
    return kEnough;
  }
  void remove_all(int made) {
    for (int i = 0; i < made; ++i)
      EXPECT_EQ(outcome(client().call(p9::Tunlinkat{disk_, name(std::to_string(i)), 0})), "ok");
  }
  void serve_disk(const char* limits) {
    mount_filesystem("tmpfs", "disk", limits);
    serve();
    speak(p9::kNewestGoogle);
    disk_ = walk("disk").release();
  }

  UniqueFid open_new(std::string_view text) {
    auto fid = client().create(disk_, text, p9::kOpenRdwr, 0644);
    EXPECT_EQ(outcome(fid), "ok");
    return *std::move(fid);
  }

  static constexpr int kEnough = 5000;
  p9::Fid disk_{};
};

TEST_F(FullDisk, R9_InodesEndAtAKnownNumberAndComeBack) {
  serve_disk("nr_inodes=200");
  auto link = [&](const std::string& text) {
    return outcome(client().call(p9::Tsymlink{disk_, name(text), "target", p9::kNoGid}));
  };
  auto file = [&](const std::string& text) {
    return outcome(client().create(disk_, text, p9::kOpenWronly, 0644));
  };
  int links = make_all(link, "ENOSPC");
  EXPECT_EQ(links, 199);  // the root is one
  EXPECT_EQ(outcome(client().call(p9::Tmkdir{disk_, name("d"), 0755, p9::kNoGid})), "ENOSPC");
  remove_all(links);
  int files = make_all(file, "ENOSPC");
  EXPECT_EQ(files, links);
  remove_all(files);
  EXPECT_EQ(make_all(link, "ENOSPC"), links);
}

TEST_F(FullDisk, R9_BytesEndAtAKnownNumberAndComeBack) {
  serve_disk("size=1m");
  const std::string block(4096, 'x');
  UniqueFid file = open_new("data");
  auto written = [&] {
    int blocks = 0;
    std::string said = "ok";
    for (; said == "ok" && blocks < kEnough; ++blocks)
      said = outcome(client().write(file, static_cast<uint64_t>(blocks) * block.size(), block));
    EXPECT_EQ(said, "ENOSPC");
    return blocks - 1;
  };
  int blocks = written();
  EXPECT_GT(blocks, 200);
  EXPECT_EQ(outcome(client().call(p9::Tallocate{file, 0, 0, 2 << 20})), "ENOSPC");
  p9::Tsetattr cut{.fid = file, .valid = p9::kSetattrSize, .size = 0};
  EXPECT_EQ(outcome(client().call(cut)), "ok");
  EXPECT_EQ(written(), blocks);
}

TEST_F(FullDisk, R9_AttributesEndWithTheSpaceAndComeBack) {
  serve_disk("nr_inodes=400");  // which bounds attributes, too
  const std::string value(60'000, 'v');
  if (outcome(client().set_xattr(disk_, "user.first", "v")) == "EOPNOTSUPP")
    GTEST_SKIP() << "this kernel's tmpfs has no attributes of users (Linux 6.6)";
  int set = make_all(
      [&](const std::string& text) {
        return outcome(client().set_xattr(disk_, "user." + text, value));
      },
      "ENOSPC");
  EXPECT_GT(set, 0);
  for (int i = 0; i < set; ++i)
    EXPECT_EQ(
        outcome(client().set_xattr(disk_, "user." + std::to_string(i), "", p9::kXattrReplace)),
        "ok");
  EXPECT_EQ(outcome(client().set_xattr(disk_, "user.again", value)), "ok");
}

}  // namespace
}  // namespace suite
