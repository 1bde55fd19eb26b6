// Attached: the fixture of tests that serve a bundle with the real binary and talk to its workers.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cmd/p9/client.h"
#include "tests/support/bundle.h"
#include "tests/support/gofer_process.h"
#include "tests/support/outcome.h"

namespace cmd {

class Attached : public testing::Test {
 protected:
  // Attach point 0 is the root; the mounts of bundle_ follow.
  void start() {
    launch();
    ASSERT_TRUE(gofer_->ready()) << gofer_->failure();
  }
  // The one line of a start that must fail.
  std::string refusal() {
    launch();
    EXPECT_FALSE(gofer_->ready());
    return gofer_->process().wait() == support::End{.status = 0} ? "status 0"
                                                                 : gofer_->process().err();
  }
  // Everything in the bundle belongs to `user`, who starts gofer.
  void become(uid_t user) {
    user_ = user;
    bundle_.write();
    const auto& top = bundle_.directory();
    EXPECT_EQ(::chown(top.c_str(), user, user), 0);
    for (const auto& entry : std::filesystem::recursive_directory_iterator(top))
      EXPECT_EQ(::lchown(entry.path().c_str(), user, user), 0);
  }
  support::Gofer& gofer() { return *gofer_; }
  p9client::Client connect(std::size_t attach_point) {
    auto client = p9client::Client::connect(gofer_->take_client(attach_point));
    EXPECT_EQ(support::outcome(client), "ok");
    return client ? *std::move(client) : p9client::Client(base::UniqueFd());
  }

  support::Bundle bundle_;
  std::vector<std::string> arguments_;

 private:
  void launch() {
    bundle_.write();
    gofer_.emplace(
        bundle_.config(), bundle_.attach_points(),
        support::Gofer::Options{
            .binary = GOFER_BINARY, .arguments = arguments_, .inherited = {}, .user = user_});
  }

  std::optional<uid_t> user_;
  std::optional<support::Gofer> gofer_;
};

}  // namespace cmd
