// Replies that take a descriptor with them: Transport::send_with().
#include "gofer/transport.h"

#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <thread>
#include <utility>
#include <vector>

#include "cmd/p9/connection.h"
#include "tests/support/descriptors.h"

namespace gofer {
namespace {

using base::UniqueFd;

constexpr p9::Tag kTag{42};

void fill(Transport& transport, std::size_t size, char with) {
  auto room = transport.reply_room(size);
  ASSERT_TRUE(room.has_value());
  std::ranges::fill(room->first(size), static_cast<std::byte>(with));
}

Answer with_descriptor(std::size_t size, base::Fd file, Alone alone = Alone::kGood) {
  return {.size = size, .donation = Donation(file, alone)};
}

TEST(TransportWithDescriptors, SendsWhatWasCollectedFirstAndTheDescriptorWithTheFirstByte) {
  auto [server, client] = support::socket_pair();
  UniqueFd file = support::make_memory_file("donated");
  Outlet outlet(server);
  Transport transport(server, outlet, 4096);
  fill(transport, 10, 'a');
  transport.collect(10);
  fill(transport, 20, 'b');
  ASSERT_TRUE(transport.send_with(with_descriptor(20, file)).has_value());
  fill(transport, 5, 'c');
  transport.collect(5);
  ASSERT_TRUE(transport.flush().has_value());
  std::string text;
  for (std::size_t i = 0; i < 35; ++i) {
    std::byte byte{};
    support::Received one = support::receive_descriptors(client, {&byte, 1});
    ASSERT_EQ(one.bytes, 1U);
    EXPECT_EQ(one.descriptors.size(), i == 10 ? 1U : 0U) << i;
    text += static_cast<char>(byte);
  }
  EXPECT_EQ(text, std::string(10, 'a') + std::string(20, 'b') + std::string(5, 'c'));
}

// The socket takes a part of it at a time.
TEST(TransportWithDescriptors, SendsAReplyWholeThatIsLargerThanTheSocketsBuffer) {
  constexpr std::size_t kSize = std::size_t{1} << 20;
  auto [server, client] = support::socket_pair();
  UniqueFd file = support::make_memory_file("donated");
  Outlet outlet(server);
  Transport transport(server, outlet, kSize);
  fill(transport, kSize, 'x');
  std::thread sender(
      [&] { EXPECT_TRUE(transport.send_with(with_descriptor(kSize, file)).has_value()); });
  std::vector<std::byte> room(3000);
  std::size_t bytes = 0;
  std::size_t fds = 0;
  while (bytes < kSize) {
    support::Received some = support::receive_descriptors(client, room);
    if (some.bytes == 0) break;
    EXPECT_EQ(some.descriptors.size(), bytes == 0 ? 1U : 0U);
    bytes += some.bytes;
    fds += some.descriptors.size();
  }
  sender.join();
  EXPECT_EQ(bytes, kSize);
  EXPECT_EQ(fds, 1U);
}

TEST(TransportWithDescriptors, ReportsAPeerThatIsGone) {
  auto [server, client] = support::socket_pair();
  UniqueFd file = support::make_memory_file("donated");
  Outlet outlet(server);
  Transport transport(server, outlet, 4096);
  fill(transport, 20, 'b');
  client.reset();
  auto sent = transport.send_with(with_descriptor(20, file));
  ASSERT_FALSE(sent.has_value());
  EXPECT_EQ(sent.error().code(), EPIPE);
}

// As a user whose descriptors in flight nobody else counts, and without the privilege to have more
// of them than the limit: sends `replies` with a descriptor each. 0 if all went out.
int send_as_nobody(base::Fd server, base::Fd file, int replies, rlim_t limit, Alone alone) {
  uid_t nobody_else = 60'000 + static_cast<uid_t>(::getpid()) % 5'000;
  rlimit few{limit, limit};
  Outlet outlet(server);
  Transport transport(server, outlet, 4096);
  auto room = transport.reply_room(4096);
  if (!room) return 10;
  if (::setgroups(0, nullptr) != 0 || ::setresuid(nobody_else, nobody_else, nobody_else) != 0 ||
      ::setrlimit(RLIMIT_NOFILE, &few) != 0)
    return 11;
  for (int i = 0; i < replies; ++i) {
    auto size = p9::encode_frame(*room, kTag, p9::Rlopen{});
    if (!size || !transport.send_with(with_descriptor(*size, file, alone))) return 12;
  }
  return 0;
}

// What came of such replies.
struct Seen {
  int with = 0;    // with a descriptor
  int alone = 0;   // without one
  int errors = 0;  // an Rlerror instead, ETOOMANYREFS
};

Seen seen_of(Alone alone, int replies, rlim_t limit) {
  auto [server, client] = support::socket_pair();
  UniqueFd file = support::make_memory_file("donated");
  pid_t child = ::fork();
  if (child == 0) ::_exit(send_as_nobody(server, file, replies, limit, alone));
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  server.reset();
  p9client::Connection connection(std::move(client));
  Seen seen;
  for (int i = 0; i < replies; ++i) {
    auto reply = connection.receive();
    if (!reply) break;
    EXPECT_EQ(reply->tag(), kTag);
    auto opened = p9client::read_reply<p9::Rlopen>(*reply);
    if (opened)
      ++(reply->descriptor.valid() ? seen.with : seen.alone);
    else
      seen.errors += opened.error().code() == ETOOMANYREFS && !reply->descriptor.valid() ? 1 : 0;
  }
  return seen;
}

TEST(TransportWithDescriptors, H6_SendsRepliesAloneWhereTheKernelHoldsTooManyDescriptors) {
  constexpr int kReplies = 60;
  constexpr int kLimit = 20;
  Seen seen = seen_of(Alone::kGood, kReplies, kLimit);
  EXPECT_GE(seen.with, kLimit);
  EXPECT_LE(seen.with, kLimit + 1);
  EXPECT_EQ(seen.with + seen.alone, kReplies);
}

TEST(TransportWithDescriptors, H6_SendsAnErrorForAReplyThatIsUselessAlone) {
  constexpr int kReplies = 60;
  constexpr int kLimit = 20;
  Seen seen = seen_of(Alone::kUseless, kReplies, kLimit);
  EXPECT_GE(seen.with, kLimit);
  EXPECT_LE(seen.with, kLimit + 1);
  EXPECT_EQ(seen.with + seen.errors, kReplies);
}

}  // namespace
}  // namespace gofer
