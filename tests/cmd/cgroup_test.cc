// --cgroup: workers are put into a control group of the host, and its limits hold for them.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "tests/cmd/attached.h"
#include "tests/support/tree.h"

namespace cmd {
namespace {

using p9client::Client;
using p9client::UniqueFid;
using support::outcome;
using support::path;

constexpr std::size_t kGreedy = 1;
constexpr std::size_t kWitness = 2;
constexpr uint64_t kMemory = uint64_t{6} << 20;

// A group of the test's own, with a memory controller.
class OwnCgroup {
 public:
  OwnCgroup() {
    for (const path& above : {path("/sys/fs/cgroup/memory"), path("/sys/fs/cgroup")}) {
      path made = above / ("gofer-test-" + std::to_string(::getpid()));
      std::error_code error;
      if (!std::filesystem::create_directory(made, error)) continue;
      if (exists(made / "memory.max")) limit_ = made / "memory.max";
      if (exists(made / "memory.limit_in_bytes")) limit_ = made / "memory.limit_in_bytes";
      if (!limit_.empty()) {
        directory_ = made;
        return;
      }
      std::filesystem::remove(made, error);
    }
  }
  OwnCgroup(const OwnCgroup&) = delete;
  OwnCgroup& operator=(const OwnCgroup&) = delete;
  // Those that were in it are on their way out.
  ~OwnCgroup() {
    for (int tries = 0; tries < 3000 && !directory_.empty(); ++tries) {
      if (::rmdir(directory_.c_str()) == 0 || errno != EBUSY) return;
      ::usleep(1000);
    }
  }

  bool made() const { return !directory_.empty(); }
  const path& directory() const { return directory_; }
  std::string limit() const { return support::read_file(limit_); }
  std::vector<pid_t> processes() const {
    std::istringstream in(support::read_file(directory_ / "cgroup.procs"));
    std::vector<pid_t> all;
    for (pid_t pid = 0; in >> pid;) all.push_back(pid);
    std::ranges::sort(all);
    return all;
  }

 private:
  path directory_;
  path limit_;
};

// Ends after the processes that are in it.
struct HasCgroup {
  OwnCgroup group_;
};

class InCgroup : protected HasCgroup, public Attached {
 protected:
  InCgroup() {
    bundle_.mount("/greedy", bundle_.beside("greedy"));
    bundle_.mount("/witness", bundle_.beside("witness"));
    support::make_file(bundle_.beside("greedy") / "file");
    support::make_file(bundle_.beside("witness") / "file");
  }
};

TEST_F(InCgroup, AreTheWorkersAndNobodyElse) {
  if (!group_.made()) GTEST_SKIP() << "no cgroup with a memory controller can be made here";
  arguments_ = {"--cgroup", group_.directory(), "--memory-max", std::to_string(kMemory)};
  start();
  std::vector<pid_t> workers;
  for (std::size_t i = 0; i <= kWitness; ++i) workers.push_back(gofer().worker(i));
  std::ranges::sort(workers);
  EXPECT_EQ(group_.processes(), workers);
  EXPECT_EQ(group_.limit(), std::to_string(kMemory) + "\n");
}

// The kernel ends the one that has most.
TEST_F(InCgroup, AClientThatTakesMoreThanTheLimitEndsItsOwnWorker) {
  if (!group_.made()) GTEST_SKIP() << "no cgroup with a memory controller can be made here";
  arguments_ = {"--cgroup",   group_.directory(), "--memory-max", std::to_string(kMemory),
                "--max-fids", "4000000"};
  start();
  Client greedy = connect(kGreedy);
  Client witness = connect(kWitness);
  std::vector<UniqueFid> held;
  std::string last = "ok";
  while (last == "ok" && held.size() < 4'000'000) {
    auto fid = greedy.walk("file");
    last = outcome(fid);
    if (fid) held.push_back(*std::move(fid));
  }
  EXPECT_EQ(support::text_of(gofer().worker_end(gofer().worker(kGreedy)), "cause"), "killed");
  EXPECT_EQ(outcome(witness.getattr(Client::root())), "ok");
}

TEST_F(InCgroup, IsOnlyWhatIsACgroup) {
  path directory = bundle_.beside("directory");
  support::make_file(directory / "cgroup.procs");
  arguments_ = {"--cgroup", directory};
  EXPECT_EQ(refusal(), "gofer: cgroup: " + directory.string() +
                           ": cannot put processes into this cgroup (openat: ENOTDIR, Not a "
                           "directory); expected the directory of a cgroup that exists\n");
}

}  // namespace
}  // namespace cmd
