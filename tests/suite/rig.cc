#include "tests/suite/rig.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "tests/support/outcome.h"

namespace suite {
namespace {

using p9client::Client;
using std::chrono::microseconds;
using std::chrono::steady_clock;
using support::outcome;

constexpr std::size_t kWitnessed = 1;
constexpr std::size_t kReadOnly = 2;

// Between two questions of the witness: on a machine with few processors it must not be the load.
constexpr std::chrono::milliseconds kPause{1};

constexpr std::string_view kContent = "what nobody may change\n";

}  // namespace

Witness::Witness(base::UniqueFd socket)
    : thread_(
          [this, socket = std::move(socket)]() mutable { ask_until_stopped(std::move(socket)); }) {
  asked_.wait(false);
}

const Witness::Account& Witness::stop() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
  return account_;
}

void Witness::ask(Client& client) {
  auto begin = steady_clock::now();
  auto answer = client.getattr(Client::root());
  auto took = std::chrono::duration_cast<microseconds>(steady_clock::now() - begin);
  account_.worst = std::max(account_.worst, took);
  if (answer)
    ++account_.answers;
  else
    account_.failure = outcome(answer);
}

void Witness::ask_until_stopped(base::UniqueFd socket) {
  auto client = Client::connect(std::move(socket));
  if (!client) account_.failure = outcome(client);
  for (bool last = false; !last && account_.failure.empty();) {
    last = stop_;
    ask(*client);
    if (!asked_.exchange(true)) asked_.notify_all();
    std::this_thread::sleep_for(kPause);
  }
  asked_ = true;
  asked_.notify_all();
}

Rig::Rig() {
  support::make_directory(b());
  support::make_file(c() / "file", kContent);
  support::make_file(c() / "directory" / "file", kContent);
  support::make_symlink(c() / "link", "file");
  support::set_xattr(c() / "file", "user.kept", kContent);
  before_ = support::inventory(c());
}

std::vector<ServedTree> Rig::trees(const support::path& source, const Export& how) const {
  return {{.source = source, .how = how},
          {.source = b(), .how = {}},
          {.source = c(), .how = {.read_only = true}}};
}

void Rig::start(Served& served) {
  witness_.emplace(served.take_client(kWitnessed));
  auto reader = Client::connect(served.take_client(kReadOnly));
  ASSERT_EQ(outcome(reader), "ok");
  reader_.emplace(*std::move(reader));
  descriptors_ = served.descriptors();
}

void Rig::expect_at_peace(Served& served, Client& client) const {
  // Another reply than this one's would be one that nobody asked for.
  ASSERT_EQ(outcome(client.version()), "ok");
  ASSERT_EQ(outcome(client.attach(Client::root())), "ok");
  EXPECT_EQ(outcome(client.getattr(Client::root())), "ok");
  EXPECT_LE(served.descriptors(), descriptors_);
  std::vector<std::size_t> resident = served.resident();
  for (std::size_t each : resident) {
    EXPECT_LE(each, kMostResident);
  }
  if (!resident.empty()) testing::Test::RecordProperty("resident_kib", std::to_string(resident[0]));
}

void Rig::expect_unharmed(Served& served) {
  const Witness::Account& account = witness_->stop();
  EXPECT_EQ(account.failure, "") << "the witness was not answered";
  EXPECT_GT(account.answers, 1);
  testing::Test::RecordProperty("witness_worst_us", std::to_string(account.worst.count()));
  EXPECT_EQ(outcome(reader_->read_file("file")), "ok");
  reader_.reset();
  EXPECT_EQ(served.end(kWitnessed), "hangup");
  EXPECT_EQ(served.end(kReadOnly), "hangup");
  EXPECT_EQ(support::inventory(c()), before_);
}

}  // namespace suite
