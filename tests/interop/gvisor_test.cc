// An independent client of the Google dialects: the 9P package of gVisor, in a Go program of ours
// (tests/interop/gvisor) that drives everything it can do, in one dialect at a time.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/interop/tools.h"
#include "tests/support/bundle.h"
#include "tests/support/descriptors.h"

namespace interop {
namespace {

constexpr std::size_t kServed = 1;
constexpr unsigned kNewest = 13;

class GvisorAt : public testing::TestWithParam<unsigned> {
 protected:
  GvisorAt() { make_tree_for_gvisor(tree()); }
  support::path tree() const { return bundle_.beside("tree"); }

  // Serves the tree with these options and runs the client, which has its end of the connection.
  Result run_client(std::vector<std::string> options, std::vector<std::string> words) {
    bundle_.mount("/tree", tree(), std::move(options)).write();
    support::Gofer gofer(bundle_.config(), bundle_.attach_points(), {.binary = GOFER_BINARY});
    if (!gofer.ready()) throw std::runtime_error(gofer.failure());
    pid_t worker = gofer.worker(kServed);
    std::size_t most = support::count_descriptors(worker) + kPlaces;
    base::UniqueFd socket = gofer.take_client(kServed);
    words.insert(words.begin(), {GVISOR_CLIENT, "-socket", std::to_string(socket.raw()), "-tree",
                                 tree().native(), "-want", std::to_string(want()), "-worker",
                                 std::to_string(worker), "-descriptors", std::to_string(most)});
    support::Process client(
        {.words = std::move(words), .inherited = {socket}, .environment = {}, .user = {}});
    socket.reset();
    support::End end = client.wait();
    EXPECT_EQ(support::text_of(gofer.worker_end(worker), "cause"), "hangup");
    return {end, client.out(), client.err()};
  }
  // Descriptors that a worker keeps of places that nobody has a fid of any more.
  static constexpr std::size_t kPlaces = 4;
  static unsigned want() { return std::min(GetParam(), kNewest); }
  static std::vector<std::string> ask() { return {"-ask", std::to_string(GetParam())}; }

  static void expect_success(const Result& result) {
    EXPECT_EQ(result.end, support::End{.status = 0}) << result.out << result.err;
    EXPECT_EQ(result.out, "");
  }

 private:
  support::Bundle bundle_;
};

INSTANTIATE_TEST_SUITE_P(Version, GvisorAt, testing::Range(0U, kNewest + 2),
                         testing::PrintToStringParamName());

TEST_P(GvisorAt, DoesEverythingWithDonatedDescriptors) {
  expect_success(run_client({"rbind", "rw"}, ask()));
}

TEST_P(GvisorAt, DoesEverythingWithoutDescriptors) {
  auto words = ask();
  words.emplace_back("-donate=false");
  expect_success(run_client({"rbind", "rw", "x-gofer.donate=off"}, words));
}

TEST_P(GvisorAt, ConnectsToSocketsAndOpensFifos) {
  auto words = ask();
  words.emplace_back("-special");
  expect_success(run_client({"rbind", "rw", "x-gofer.uds=open", "x-gofer.fifo=open"}, words));
}

TEST_P(GvisorAt, ChangesNothingOfAReadOnlyTree) {
  auto words = ask();
  words.emplace_back("-read-only");
  support::Inventory before = support::inventory(tree());
  expect_success(run_client({"rbind", "ro"}, words));
  EXPECT_EQ(support::inventory(tree()), before);
}

}  // namespace
}  // namespace interop
