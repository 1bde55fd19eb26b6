#include "bench/witness.h"

#include <chrono>
#include <cstdio>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bench/times.h"
#include "tests/suite/meanwhile.h"
#include "tests/support/bundle.h"
#include "tests/support/hoard.h"
#include "tests/support/serving.h"

namespace bench {
namespace {

using p9client::Client;
using support::Hoard;

constexpr std::size_t kGreedy = 1;
constexpr std::size_t kWitness = 2;
constexpr std::size_t kFiles = 4096;
constexpr auto kTime = std::chrono::seconds(2);
constexpr auto kPause = std::chrono::milliseconds(1);

struct Case {
  const char* budget;
  std::vector<std::string> options;
  std::function<std::string(Hoard&)> take;
};

const Case kCases[] = {
    {"nothing", {}, nullptr},
    {"fids", {"--max-fids", "4096"}, &Hoard::clone},
    {"nodes", {"--max-nodes", "4096"}, &Hoard::walk},
    {"open files", {}, &Hoard::open},
    {"bytes of attributes", {}, &Hoard::begin_xattr},
    {"owners of locks", {}, &Hoard::lock},
    {"locked ranges", {"--max-locks", "256"}, &Hoard::lock},
};

// Runs into the limit again and again.
class Greedy {
 public:
  Greedy(Client client, const Case& budget) : client_(std::move(client)), hoard_(client_) {
    if (budget.take) taking_.emplace([this, &budget] { take(budget); });
  }

  void stop() { taking_.reset(); }
  // Once it has stopped.
  std::size_t most() const { return most_; }
  std::size_t times() const { return times_; }
  const std::string& refusal() const { return refusal_; }

 private:
  void take(const Case& budget) {
    std::string answer = budget.take(hoard_);
    if (answer == "ok") return;
    refusal_ = answer;
    most_ = hoard_.size();
    ++times_;
    hoard_.clunk_all();
  }

  Client client_;
  Hoard hoard_;
  std::size_t most_ = 0;
  std::size_t times_ = 0;
  std::string refusal_ = "-";
  std::optional<suite::Meanwhile> taking_;
};

void measure(const std::string& gofer, const support::Bundle& bundle, const Case& budget) {
  support::Serving serving(bundle, {.binary = gofer, .arguments = budget.options});
  Client witness = serving.client(kWitness);
  Greedy greedy(serving.client(kGreedy), budget);
  Times times;
  for (auto end = steady_clock::now() + kTime; steady_clock::now() < end;) {
    times.take(1, [&] {
      if (!witness.getattr(Client::root())) throw std::runtime_error("the witness is not served");
    });
    std::this_thread::sleep_for(kPause);
  }
  greedy.stop();
  std::printf("%-20s %8zu %8s %8zu %10zu %10.1f %10.1f %10.1f\n", budget.budget, greedy.most(),
              greedy.refusal().c_str(), greedy.times(), times.count(), times.median(),
              times.quantile(0.99), times.quantile(1));
  std::fflush(stdout);
}

}  // namespace

void measure_witness(const std::string& gofer) {
  support::Bundle bundle;
  for (std::size_t i = 0; i < kFiles; ++i)
    support::make_file(bundle.beside("greedy") / Hoard::file(i), "content");
  support::make_file(bundle.beside("witness") / "file", "content");
  bundle.mount("/greedy", bundle.beside("greedy"));
  bundle.mount("/witness", bundle.beside("witness"));
  std::printf("%-20s %8s %8s %8s %10s %10s %10s %10s\n", "a client runs into", "at", "errno",
              "times", "witness", "median us", "99 % us", "worst us");
  for (const Case& budget : kCases) measure(gofer, bundle, budget);
}

}  // namespace bench
