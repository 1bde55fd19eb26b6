// What POSIX promises, on a mount: the tests of tests/posix in the guest, with each cache mode of
// the client. On the host's own file system they are tests of ctest by themselves.
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "tests/guest/mounted_tree.h"

namespace guest {
namespace {

struct Mode {
  const char* cache;
  const char* except;  // a GoogleTest filter: what the client cannot do then (docs/posix.md)
};
void PrintTo(const Mode& mode, std::ostream* out) {
  *out << mode.cache;
}

constexpr Mode kModes[] = {
    {"none", ""},
    {"mmap", ""},
    {"loose", "-Times.OfAFileThatLosesANameToARenameAreStamped"},
};

class Posix : public testing::TestWithParam<Mode> {};
std::string as_it_is(const testing::TestParamInfo<Mode>& mode) {
  return mode.param.cache;
}
INSTANTIATE_TEST_SUITE_P(Cache, Posix, testing::ValuesIn(kModes), as_it_is);

TEST_P(Posix, HoldsOnAMount) {
  if (::geteuid() != 0) GTEST_SKIP() << "only for root there are other users in the tree";
  MountedTree tree(MountOptions{.cache = GetParam().cache}, {"rbind", "rw", "x-gofer.mknod=fifo"});
  std::string filter = GetParam().except;
  Ran ran = tree.run(Command{.line = "TMPDIR=$PWD exec " POSIX_TEST " --gtest_brief=1" +
                                     (filter.empty() ? "" : " --gtest_filter=" + filter),
                             .timeout = std::chrono::seconds(300)});
  EXPECT_TRUE(ran.ok()) << testing::PrintToString(ran);
  EXPECT_NE(ran.output.find("[  PASSED  ]"), ran.output.npos) << ran.output;
  EXPECT_EQ(ran.output.find("SKIPPED"), ran.output.npos) << ran.output;
  EXPECT_TRUE(std::filesystem::is_empty(tree.host()));
}

}  // namespace
}  // namespace guest
