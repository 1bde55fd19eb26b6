// gofer in the place of a runsc-like runtime's own: every clause of docs/runsc.md, with the real
// binary in the state in which such a runtime starts it.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "cmd/p9/client.h"
#include "tests/interop/runtime.h"
#include "tests/support/bundle.h"
#include "tests/support/outcome.h"
#include "tests/support/proc.h"

namespace interop {
namespace {

using p9client::Client;
using support::outcome;
using support::path;

class Runsc : public testing::Test {
 protected:
  Runsc() { start_.debug_log = true; }

  // The bundle as it is, started from the directory that it is in.
  Runtime& run() {
    bundle_.write();
    start_.directory = bundle_.directory().parent_path();
    start_.bundle = bundle_.directory().filename();
    start_.sockets = bundle_.attach_points();
    return runtime_.emplace(start_);
  }
  Runtime& serve() {
    Runtime& runtime = run();
    list_ = runtime.mount_list();
    return runtime;
  }
  Client connect(std::size_t attach_point) {
    auto client = Client::connect(runtime_->take_socket(attach_point));
    EXPECT_EQ(outcome(client), "ok") << runtime_->debug_log();
    return client ? *std::move(client) : Client(base::UniqueFd());
  }

  support::Bundle bundle_;
  RuntimeStart start_;
  std::optional<Runtime> runtime_;
  std::string list_;
};

TEST_F(Runsc, ServesARootAlone) {
  support::make_file(bundle_.rootfs() / "file", "of the root");
  Runtime& runtime = serve();
  EXPECT_EQ(list_, "[]");
  {
    Client client = connect(0);
    EXPECT_EQ(client.read_file("file"), "of the root");
  }
  EXPECT_EQ(runtime.process().wait(), support::End{.status = 0}) << runtime.debug_log();
}

}  // namespace
}  // namespace interop
