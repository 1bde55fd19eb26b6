// Rig: what stands around the tree of a hostile client, so that harm shows wherever it is done.
//
// The launcher serves three trees. A is the test's own, and its client is hostile. B is the
// witness's: a thread asks there for attributes all the time. C is read-only and must stay as it
// is, byte for byte. World checks the rest: what lies outside, and how A's server ends.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "cmd/p9/client.h"
#include "tests/suite/served.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tree.h"

namespace suite {

// KiB that a worker may have in use, after whatever its client did: what its budgets add up to.
inline constexpr std::size_t kMostResident = 96 * 1024;

// Asks for the attributes of the root of B, over and over, until it is told to stop.
class Witness {
 public:
  // Returns once the first answer has come.
  explicit Witness(base::UniqueFd socket);
  Witness(const Witness&) = delete;
  Witness& operator=(const Witness&) = delete;
  ~Witness() { stop(); }

  // Asks once more and leaves. What came of it:
  struct Account {
    long answers = 0;
    std::chrono::microseconds worst{};  // that an answer took
    std::string failure;                // the errno of a request that was not answered as it should
  };
  const Account& stop();

 private:
  void ask_until_stopped(base::UniqueFd socket);
  void ask(p9client::Client& client);
  Account account_;
  std::atomic<bool> stop_ = false;
  std::atomic<bool> asked_ = false;
  std::thread thread_;
};

class Rig {
 public:
  Rig();

  // A, then B and C.
  std::vector<ServedTree> trees(const support::path& source, const Export& how) const;

  // From here on B is watched, and A's descriptors are counted against what they are now.
  void start(Served& served);
  // What must hold of A's server while its client is there. Begins a new session, in which no fid
  // is left, and fails the test unless the server answers exactly that, has no descriptor of the
  // old session open, and no more memory in use than a worker may.
  void expect_at_peace(Served& served, p9client::Client& client) const;
  // Ends the sessions of B and C; fails the test unless both were served to their end and C is what
  // it was. A's client is gone by then.
  void expect_unharmed(Served& served);

 private:
  support::path b() const { return dir_ / "b"; }
  support::path c() const { return dir_ / "c"; }

  support::TempDir dir_;
  support::Inventory before_;
  std::size_t descriptors_ = 0;
  std::optional<Witness> witness_;
  std::optional<p9client::Client> reader_;  // of C
};

}  // namespace suite
