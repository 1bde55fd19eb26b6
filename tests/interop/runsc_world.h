// Runsc: the fixture of tests that start gofer as a runsc-like runtime does.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "cmd/p9/client.h"
#include "tests/interop/runtime.h"
#include "tests/support/bundle.h"
#include "tests/support/outcome.h"
#include "tests/support/proc.h"

namespace interop {

class Runsc : public testing::Test {
 protected:
  Runsc() { start_.debug_log = true; }

  // Starts gofer on the bundle, from the directory that the bundle is in.
  Runtime& launch() {
    if (!written_) write_bundle();
    start_.directory = bundle_.directory().parent_path();
    start_.bundle = bundle_.directory().filename();
    start_.sockets = bundle_.attach_points();
    return runtime_.emplace(start_);
  }
  // The same, until everything is served.
  Runtime& serve() {
    Runtime& runtime = launch();
    list_ = runtime.mount_list();
    EXPECT_NE(list_, "") << runtime.debug_log();
    return runtime;
  }
  // Everything in the bundle belongs to this id of the host.
  void give_bundle_to(uid_t user) {
    write_bundle();
    const auto& top = bundle_.directory();
    EXPECT_EQ(::chown(top.c_str(), user, user), 0);
    for (const auto& entry : std::filesystem::recursive_directory_iterator(top))
      EXPECT_EQ(::lchown(entry.path().c_str(), user, user), 0);
  }
  p9client::Client connect(std::size_t attach_point) {
    auto client = p9client::Client::connect(runtime_->take_socket(attach_point));
    EXPECT_EQ(support::outcome(client), "ok") << runtime_->debug_log();
    return client ? *std::move(client) : p9client::Client(base::UniqueFd());
  }
  // Until gofer is under its own filter, which comes after the list.
  void wait_for_supervisor() {
    auto deadline = std::chrono::steady_clock::now() + support::kDeadline;
    while (support::status_field(runtime_->process().pid(), "Seccomp") != "2") {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << runtime_->debug_log();
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  support::End end() {
    runtime_->close_sockets();
    return runtime_->process().wait();
  }
  support::path rootfs() const { return bundle_.rootfs(); }

  support::Bundle bundle_;
  RuntimeStart start_;
  std::optional<Runtime> runtime_;
  std::string list_;

 private:
  void write_bundle() {
    bundle_.write();
    written_ = true;
  }
  bool written_ = false;
};

inline const support::End kGoodEnd{.status = 0, .signal = {}};

// "0755", or "missing".
inline std::string mode_of(const support::path& file) {
  struct stat status{};
  if (::lstat(file.c_str(), &status) != 0) return "missing";
  char text[8];
  (void)std::snprintf(text, sizeof text, "%04o", status.st_mode & 07777U);
  return text;
}

// "0:0", or "missing".
inline std::string owner_of(const support::path& file) {
  struct stat status{};
  if (::lstat(file.c_str(), &status) != 0) return "missing";
  return std::to_string(status.st_uid) + ":" + std::to_string(status.st_gid);
}

}  // namespace interop
