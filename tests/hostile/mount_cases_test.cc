// Hostile cases S5 and I1: trees with mounts of the host in them.
#include <fcntl.h>
#include <unistd.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/hostile/host_mounts.h"

namespace suite {
namespace {

constexpr int kMounts = 300;

class MountCases : public HostMounts {
 protected:
  // Tries to pass through the link, and to open it. A jail may not even let it be looked at.
  void expect_not_crossed(const std::string& link) {
    static const std::set<std::string> kRefusals{"ELOOP", "EACCES", "EPERM", "ENOENT", "ENOTDIR"};
    for (const char* beyond : {"secret", "etc", "1"}) {
      std::string said = outcome(client().walk(link + "/" + beyond));
      EXPECT_TRUE(kRefusals.contains(said)) << link << "/" << beyond << ": " << said;
    }
    auto fid = client().walk(link);
    if (!fid) return;
    ++looked_at_;
    EXPECT_EQ(client().getattr(*fid)->qid.type, p9::kQidSymlink) << link;
    for (uint32_t flags : {p9::kOpenRdonly, p9::kOpenRdonly | p9::kOpenDirectory}) {
      EXPECT_EQ(outcome(client().open(*fid, flags)), "ELOOP") << link;
    }
    EXPECT_NE(outcome(client().create(*fid, "new", p9::kOpenWronly, 0644)), "ok") << link;
  }
  int looked_at_ = 0;
};

TEST_F(MountCases, S5_TheLinksOfAProcInTheTreeAreNeverCrossed) {
  base::UniqueFd outside_directory = support::open_path(outside());
  mount_filesystem("proc", "proc");
  serve({.read_only = true, .kernel_fs = true});
  speak(p9::kNewestGoogle);
  std::string self = "proc/" + std::to_string(::getpid());
  std::string number = std::to_string(outside_directory.raw());
  std::vector<std::string> links{"proc/self", "proc/thread-self"};
  for (const std::string& process : {self, std::string("proc/1")})
    for (const std::string& link : {std::string("root"), std::string("cwd"), std::string("exe"),
                                    "fd/" + number, std::string("fd/0"), std::string("ns/mnt")})
      links.push_back(process + "/" + link);
  for (const std::string& link : links) expect_not_crossed(link);
  EXPECT_GE(looked_at_, 2);
  // The rest of it is there, so that this was about the links.
  EXPECT_EQ(outcome(client().read_file("proc/version")), "ok");
}

TEST_F(MountCases, I1_FilesOfThreeHundredMountsHaveQidsOfTheirOwn) {
  for (int i = 0; i < kMounts; ++i) {
    std::string point = "m" + std::to_string(i);
    mount_filesystem("tmpfs", point);
    support::make_file(exported() / point / "file", point);  // everywhere the same inode number
  }
  serve();
  std::set<uint64_t> qids;
  for (int i = 0; i < kMounts; ++i) {
    std::string point = "m" + std::to_string(i);
    auto directory = client().stat(point);
    ASSERT_EQ(outcome(directory), "ok") << point;
    qids.insert(directory->qid.path);
    UniqueFid file = open(point + "/file", p9::kOpenRdonly);
    qids.insert(client().getattr(file)->qid.path);
    EXPECT_EQ(client().read_file(point + "/file"), point);
  }
  EXPECT_EQ(qids.size(), std::size_t{2} * kMounts);
}

}  // namespace
}  // namespace suite
