// World: the fixture of the suite. A tree that is served, beside things that must never be reached.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>

#include "cmd/p9/client.h"
#include "tests/suite/rig.h"
#include "tests/suite/served.h"
#include "tests/support/outcome.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tree.h"

namespace suite {

using p9client::Client;
using p9client::UniqueFid;
using support::outcome;
using support::path;

// Whatever a test does: what lies outside stays as it was, nobody connects to its socket or opens
// its FIFO, and the server ends as it should. The hostile cases are run with more to check (rig.h).
class World : public testing::Test {
 protected:
  World();
  void TearDown() override;

  path exported() const { return dir_ / "export"; }
  path outside() const { return dir_ / "outside"; }
  static constexpr std::string_view kSecret = "the secret of the outside\n";
  static constexpr uid_t kOutsideOwner = 54321;  // of every file there; no file inside is theirs

  // Starts serving exported() and connects. What the tree is to hold must be there before that
  // only if it is read-only.
  void serve(const Export& how = {}) { serve(exported(), how); }
  void serve(const path& source, const Export& how = {});
  // The same, without a word to the server yet.
  void serve_silently(const Export& how = {}) { serve_silently(exported(), how); }
  void serve_silently(const path& source, const Export& how);
  // Begins anew in the dialect 9P2000.L.Google.N.
  void speak(uint32_t google);
  Client& client() { return *client_; }
  Served& served() { return *served_; }
  // Closes the client's end and says why the server ended. Else TearDown() expects "hangup".
  std::string hang_up();
  // Asserts that the connection still answers.
  void expect_alive();

  p9::Name name(std::string_view text) const;
  // A walk that must succeed.
  UniqueFid walk(std::string_view path);
  UniqueFid open(std::string_view path, uint32_t flags);

 private:
  void expect_outside_untouched();

  support::TempDir dir_;
  base::UniqueFd listener_;  // of outside()/socket
  base::UniqueFd reader_;    // of outside()/fifo
  support::Inventory outside_before_;
  std::optional<Served> served_;
  std::optional<Rig> rig_;  // its clients go before their servers
  std::optional<Client> client_;
};

}  // namespace suite
