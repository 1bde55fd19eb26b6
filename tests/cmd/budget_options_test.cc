// Each budget of a worker, made small by its option: a client runs into it, is told so by the
// errno that docs/limits.md has, and gets back what it clunks; another attach point goes on.
#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "tests/cmd/attached.h"
#include "tests/suite/meanwhile.h"
#include "tests/support/hoard.h"
#include "tests/support/proc.h"
#include "tests/support/tree.h"

namespace cmd {
namespace {

using p9client::Client;
using p9client::UniqueFid;
using support::Hoard;
using support::outcome;

constexpr std::size_t kHostile = 1;
constexpr std::size_t kWitness = 2;
constexpr std::size_t kFiles = 200;

struct Case {
  const char* name;
  const char* option;
  const char* value;
  std::string (Hoard::*take)();
  std::size_t number;    // that can be taken
  const char* exceeded;  // what the next one is answered
};
void PrintTo(const Case& budget, std::ostream* out) {
  *out << budget.name;
}

// A client of another attach point, which asks for attributes all the time.
class Witness {
 public:
  explicit Witness(Client client) : client_(std::move(client)), asking_([this] { ask(); }) {}
  // Whether it was answered so far, and is now.
  bool is_served() {
    asking_.stop();
    ask();
    return !refused_;
  }

 private:
  void ask() {
    if (!client_.getattr(Client::root())) refused_ = true;
  }
  Client client_;
  std::atomic<bool> refused_ = false;
  suite::Meanwhile asking_;
};

class BudgetWorld : public Attached {
 protected:
  BudgetWorld() {
    for (std::size_t i = 0; i < kFiles; ++i)
      support::make_file(bundle_.beside("hostile") / Hoard::file(i), "content");
    support::make_file(bundle_.beside("witness") / Hoard::file(0), "content");
    bundle_.mount("/hostile", bundle_.beside("hostile"));
    bundle_.mount("/witness", bundle_.beside("witness"));
  }
};

class BudgetOption : public BudgetWorld, public testing::WithParamInterface<Case> {};

TEST_P(BudgetOption, EndsAtItsNumberAndIsGivenBackByClunks) {
  const Case& budget = GetParam();
  arguments_ = {budget.option, budget.value};
  start();
  Witness witness(connect(kWitness));
  Client client = connect(kHostile);
  Hoard hoard(client);
  auto take = [&] { return (hoard.*budget.take)(); };
  auto take_all = [&] {
    std::string last;
    do {
      last = take();
    } while (last == "ok" && hoard.size() <= budget.number);
    return last;
  };
  EXPECT_EQ(take_all(), budget.exceeded);
  EXPECT_EQ(hoard.size(), budget.number);
  EXPECT_EQ(take(), budget.exceeded);
  EXPECT_EQ(outcome(client.getattr(Client::root())), "ok") << "who is refused is served on";
  hoard.clunk_one();
  EXPECT_EQ(take(), "ok");
  EXPECT_EQ(take(), budget.exceeded);
  hoard.clunk_all();
  EXPECT_EQ(take_all(), budget.exceeded);
  EXPECT_EQ(hoard.size(), budget.number);
  EXPECT_TRUE(witness.is_served());
}

constexpr Case kCases[] = {
    {"max_fids", "--max-fids", "16", &Hoard::clone, 15, "EMFILE"},   // and the root's
    {"max_nodes", "--max-nodes", "16", &Hoard::walk, 15, "ENOMEM"},  // and the root
    {"max_open_files", "--max-open-files", "9", &Hoard::open, 9, "EMFILE"},
    {"max_xattr_bytes", "--max-xattr-bytes", "65536", &Hoard::begin_xattr, 128, "ENOBUFS"},
    {"max_locks", "--max-locks", "5", &Hoard::lock, 5, "ENOLCK"},
    {"open_files_of_fd_limit", "--fd-limit", "64", &Hoard::open, 21, "EMFILE"},
    {"lock_owners_of_fd_limit", "--fd-limit", "64", &Hoard::lock, 6, "ENOLCK"},
};

INSTANTIATE_TEST_SUITE_P(Each, BudgetOption, testing::ValuesIn(kCases),
                         [](const auto& each) { return std::string(each.param.name); });

using NodeDescriptors = BudgetWorld;

// No number that a client runs into: it is served with as many as there are.
TEST_F(NodeDescriptors, AreSharedByAllNodes) {
  arguments_ = {"--fd-limit", "64", "--max-open-files", "1"};
  start();
  Witness witness(connect(kWitness));
  Client client = connect(kHostile);
  std::size_t before = support::descriptors_of(gofer().worker(kHostile)).size();
  std::vector<UniqueFid> walked;
  for (std::size_t i = 0; i < kFiles; ++i) {
    auto fid = client.walk(Hoard::file(i));
    ASSERT_EQ(outcome(fid), "ok");
    walked.push_back(*std::move(fid));
  }
  EXPECT_EQ(support::descriptors_of(gofer().worker(kHostile)).size(), before + 41);
  for (const UniqueFid& fid : walked) EXPECT_EQ(outcome(client.getattr(fid)), "ok");
  EXPECT_EQ(support::descriptors_of(gofer().worker(kHostile)).size(), before + 41);
  walked.clear();
  EXPECT_EQ(support::descriptors_of(gofer().worker(kHostile)).size(), before);
  EXPECT_TRUE(witness.is_served());
}

}  // namespace
}  // namespace cmd
