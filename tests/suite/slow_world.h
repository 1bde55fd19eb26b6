// A world on a disk that takes its time: see HeldDisk.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "gofer/p9/flags.h"
#include "tests/suite/world.h"
#include "tests/support/held_disk.h"

namespace suite {

using support::HeldDisk;

class OnSlowDisk : public World {
 protected:
  explicit OnSlowDisk(bool donates = false) : donates_(donates) {}

  void SetUp() override {
    if (!HeldDisk::possible()) GTEST_SKIP() << "this host or user has no FUSE";
    disk_.emplace();
    // A channel for those tests that use one.
    serve_silently(disk_->path(), {.donate = donates_, .channels = 1});
    speak(p9::kNewestGoogle);
    file_.emplace(open(HeldDisk::kFiles[0], p9::kOpenRdwr));
  }
  void TearDown() override {
    if (!disk_) return;
    disk_->release();
    file_.reset();
    World::TearDown();
  }

  static constexpr p9::Tag kQuick{1000};

  HeldDisk& disk() { return *disk_; }
  p9::Fid file() const { return *file_; }
  p9::Fid release_file() { return file_->release(); }

  template <p9::Message M>
  void send(uint16_t tag, const M& request) {
    ASSERT_EQ(outcome(client().connection().send(p9::Tag{tag}, request)), "ok");
  }
  // "type tag" of the next reply.
  std::string next() {
    auto reply = client().connection().receive();
    if (!reply) return "nothing: " + outcome(reply);
    return std::to_string(reply->type()) + " " + std::to_string(reply->tag().value);
  }
  template <p9::Message R>
  static std::string said(uint16_t tag) {
    return std::to_string(R::kLine.type) + " " + std::to_string(tag);
  }
  // Something else is answered at once, and before what is held.
  void expect_others_pass(int times = 1) {
    for (int i = 0; i < times; ++i) {
      send(kQuick.value, p9::Tgetattr{Client::root(), p9::kGetattrBasic});
      EXPECT_EQ(next(), said<p9::Rgetattr>(kQuick.value));
    }
  }
  // When what is sent meanwhile waits for what is held.
  std::jthread release_soon() {
    return std::jthread([this] {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      disk().release();
    });
  }
  // The client goes while something is held.
  void expect_to_leave_once_it_answers() {
    release_file();
    std::jthread later = release_soon();
    EXPECT_EQ(hang_up(), "hangup");
  }
  // One that takes long, after which the server knows what to expect of this disk.
  template <p9::Message M>
  void teach(const M& request, HeldDisk::What what = HeldDisk::What::kData) {
    using namespace std::chrono_literals;
    disk().hold(what);
    send(1, request);
    ASSERT_TRUE(disk().holds(1));
    std::this_thread::sleep_for(50ms);
    disk().release();
    ASSERT_EQ(next(), said<typename M::Reply>(1));
  }

 private:
  bool donates_;
  std::optional<HeldDisk> disk_;
  std::optional<UniqueFid> file_;
};

}  // namespace suite
