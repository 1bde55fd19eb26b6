// An independent client of the Google dialects: the 9P package of gVisor, in a Go program of ours
// (tests/interop/gvisor) that drives everything it can do, in one dialect at a time.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <string>
#include <vector>

#include "tests/interop/tools.h"
#include "tests/support/descriptors.h"
#include "tests/support/serving.h"

namespace interop {
namespace {

constexpr std::size_t kServed = 1;
constexpr unsigned kNewest = 13;

class Gvisor : public testing::TestWithParam<unsigned> {
 protected:
  Gvisor() { make_tree_for_gvisor(tree()); }
  support::path tree() const { return bundle_.beside("tree"); }

  // Serves the tree with these options and runs the client, which has its end of the connection.
  Result run_client(std::vector<std::string> options, std::vector<std::string> words) {
    bundle_.mount("/tree", tree(), std::move(options));
    support::Serving gofer(bundle_, {.binary = GOFER_BINARY});
    pid_t worker = gofer.worker(kServed);
    std::size_t most = support::count_descriptors(worker) + kPlaces;
    base::UniqueFd socket = gofer.take_client(kServed);
    words.insert(words.begin(),
                 {GVISOR_CLIENT, "-socket", std::to_string(socket.raw()), "-tree", tree().native(),
                  "-worker", std::to_string(worker), "-descriptors", std::to_string(most)});
    support::Process client(
        {.words = std::move(words), .inherited = {socket}, .environment = {}, .user = {}});
    socket.reset();
    support::End end = client.wait(deadline_);
    EXPECT_EQ(support::text_of(gofer.worker_end(worker), "cause"), "hangup");
    return {end, client.out(), client.err()};
  }
  // Descriptors that a worker keeps of places that nobody has a fid of any more.
  static constexpr std::size_t kPlaces = 4;
  static std::vector<std::string> ask(unsigned version) {
    return {"-ask", std::to_string(version), "-want", std::to_string(std::min(version, kNewest))};
  }
  void be_patient() { deadline_ = std::chrono::minutes(4); }

  static void expect_success(const Result& result) {
    EXPECT_EQ(result.end, support::End{.status = 0}) << result.out << result.err;
    EXPECT_EQ(result.out, "");
  }

 private:
  support::Bundle bundle_;
  std::chrono::milliseconds deadline_ = support::kDeadline;
};

class GvisorAt : public Gvisor {};
INSTANTIATE_TEST_SUITE_P(Version, GvisorAt, testing::Range(0U, kNewest + 2),
                         testing::PrintToStringParamName());

TEST_P(GvisorAt, DoesEverythingWithDonatedDescriptors) {
  expect_success(run_client({"rbind", "rw"}, ask(GetParam())));
}

TEST_P(GvisorAt, DoesEverythingWithoutDescriptors) {
  auto words = ask(GetParam());
  words.emplace_back("-donate=false");
  expect_success(run_client({"rbind", "rw", "x-gofer.donate=off"}, words));
}

TEST_P(GvisorAt, ConnectsToSocketsAndOpensFifos) {
  auto words = ask(GetParam());
  words.emplace_back("-special");
  expect_success(run_client({"rbind", "rw", "x-gofer.uds=open", "x-gofer.fifo=open"}, words));
}

TEST_P(GvisorAt, ChangesNothingOfAReadOnlyTree) {
  auto words = ask(GetParam());
  words.emplace_back("-read-only");
  support::Inventory before = support::inventory(tree());
  expect_success(run_client({"rbind", "ro"}, words));
  EXPECT_EQ(support::inventory(tree()), before);
}

// The package opens channels by itself where the worker has some, from version 8 on.
class GvisorOverChannelsAt : public Gvisor {
 protected:
  static std::vector<std::string> ask() {
    auto words = Gvisor::ask(GetParam());
    words.insert(words.end(), {"-channels", "3"});
    return words;
  }
};
INSTANTIATE_TEST_SUITE_P(Version, GvisorOverChannelsAt, testing::Range(7U, kNewest + 2),
                         testing::PrintToStringParamName());

TEST_P(GvisorOverChannelsAt, DoesEverythingWithDonatedDescriptors) {
  expect_success(run_client({"rbind", "rw", "x-gofer.channels=3"}, ask()));
}

TEST_P(GvisorOverChannelsAt, DoesEverythingWithoutDescriptors) {
  auto words = ask();
  words.emplace_back("-donate=false");
  expect_success(run_client({"rbind", "rw", "x-gofer.channels=3", "x-gofer.donate=off"}, words));
}

TEST_P(GvisorOverChannelsAt, ChangesNothingOfAReadOnlyTree) {
  auto words = ask();
  words.emplace_back("-read-only");
  support::Inventory before = support::inventory(tree());
  expect_success(run_client({"rbind", "ro", "x-gofer.channels=3"}, words));
  EXPECT_EQ(support::inventory(tree()), before);
}

// Channels that have more to do than they can: gVisor's goroutines wait for one that is free.
class GvisorChannels : public Gvisor {};
INSTANTIATE_TEST_SUITE_P(Channels, GvisorChannels, testing::Values(1U, 2U, 4U),
                         testing::PrintToStringParamName());

// A million requests over two channels. Over one and over four, a tenth: each million takes a
// minute.
TEST_P(GvisorChannels, AnswerTheLoadOf64GoroutinesAndLeaveNothingInTheWorker) {
  std::string channels = std::to_string(GetParam());
  std::string requests = GetParam() == 2 ? "1000000" : "100000";
  auto words = ask(kNewest);
  words.insert(words.end(), {"-channels", channels, "-load", requests});
  be_patient();
  Result result = run_client({"rbind", "rw", "x-gofer.channels=" + channels}, words);
  expect_success(result);
  std::cout << result.err;
}

}  // namespace
}  // namespace interop
