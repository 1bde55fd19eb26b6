// Batch: requests that go out in one send, so that whoever races with the server does so between
// two of them, and not while the client sleeps. Over a channel they go one after the other.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

#include "cmd/p9/client.h"
#include "tests/support/outcome.h"
#include "tests/support/raw_frame.h"

namespace suite {

class Batch {
 public:
  template <p9::Message M>
  void add(const M& message) {
    auto frame = support::RawFrame::of(p9::Tag{++count_}, message);
    frames_.insert(frames_.end(), frame.begin(), frame.end());
  }

  // Sends all of them and hands each reply to `see`, in the order of the requests. Fatal failure
  // when one does not come.
  template <class See>
  void run(p9client::Client& client, See&& see) {
    if (client.channel() != nullptr)
      run_over(*client.channel(), see);
    else
      run_over(client.connection(), see);
    frames_.clear();
    count_ = 0;
  }

 private:
  template <class See>
  void run_over(p9client::Connection& connection, See&& see) {
    ASSERT_EQ(support::outcome(connection.send_raw(frames_)), "ok");
    // On a busy host a request may take so long that the server lets others pass those behind it.
    std::vector<std::optional<p9client::Frame>> replies(count_);
    for (uint16_t i = 0; i < count_; ++i) {
      auto reply = connection.receive();
      ASSERT_EQ(support::outcome(reply), "ok");
      uint16_t tag = reply->tag().value;
      ASSERT_TRUE(tag >= 1 && tag <= count_ && !replies[tag - 1U]) << tag;
      replies[tag - 1U] = *std::move(reply);
    }
    for (const auto& reply : replies) see(*reply);
  }

  template <class See>
  void run_over(p9client::Channel& channel, See&& see) {
    for (p9::Bytes rest = frames_; !rest.empty();) {
      uint32_t size = 0;
      std::memcpy(&size, rest.data(), sizeof size);
      p9client::Frame reply;
      ASSERT_EQ(support::outcome(channel.exchange(rest.first(size), reply)), "ok");
      see(reply);
      rest = rest.subspan(size);
    }
  }

  std::vector<std::byte> frames_;
  uint16_t count_ = 0;
};

// The reply as an M, or nothing if it is something else.
template <p9::Message M>
std::optional<M> as(const p9client::Frame& reply) {
  auto message = p9client::read_reply<M>(reply);
  return message ? std::optional(*message) : std::nullopt;
}

}  // namespace suite
