// Sockets and FIFOs of the tree through the real binary: what only a worker in its jail shows.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/descriptors.h"
#include "tests/support/proc.h"
#include "tests/support/serving.h"
#include "tests/support/temp_dir.h"

namespace suite {
namespace {

using base::UniqueFd;
using p9client::Client;
using support::outcome;
using support::path;

constexpr std::size_t kReadWrite = 1;
constexpr std::size_t kReadOnly = 2;

// One tree that is served twice, with all that can be asked for.
class SpecialJail : public testing::Test {
 protected:
  SpecialJail()
      : listener_(support::bind_socket(tree() / "d" / "socket", SOCK_STREAM)),
        mailbox_(support::bind_socket(tree() / "mailbox", SOCK_DGRAM)) {
    support::make_fifo(tree() / "d" / "fifo", 0666);
    for (const char* access : {"rw", "ro"})
      bundle_.mount(std::string("/") + access, tree(),
                    {"rbind", access, "x-gofer.uds=open", "x-gofer.fifo=open"});
    serving_.emplace(bundle_, support::Gofer::Options{.binary = GOFER_BINARY});
  }
  path tree() const { return bundle_.beside("tree"); }
  path beyond() const { return bundle_.beside("beyond"); }

  Client connected(std::size_t attach_point) { return serving_->client(attach_point); }
  // A descriptor that came with opening or connecting; the answer must be "ok".
  static UniqueFd opened(Client& client, std::string_view where, uint32_t flags) {
    auto fid = client.open(where, flags);
    EXPECT_EQ(outcome(fid), "ok") << where;
    return client.connection().take_descriptor();
  }
  static UniqueFd connected_to(Client& client, std::string_view where, uint32_t type) {
    auto fid = client.walk(where);
    EXPECT_EQ(outcome(fid), "ok") << where;
    EXPECT_EQ(outcome(client.call(p9::Tlconnect{*fid, type})), "ok") << where;
    return client.connection().take_descriptor();
  }

  pid_t worker(std::size_t i) const { return serving_->worker(i); }
  support::Bundle bundle_;
  UniqueFd listener_;
  UniqueFd mailbox_;

 private:
  std::optional<support::Serving> serving_;
};

TEST_F(SpecialJail, L3_TakesNoCapabilityAndNoDescriptor) {
  EXPECT_EQ(support::status_field(worker(kReadWrite), "CapBnd"), "000000000000001f");
  EXPECT_EQ(support::status_field(worker(kReadOnly), "CapBnd"), "0000000000000004");
  for (std::size_t i : {kReadWrite, kReadOnly}) {
    EXPECT_EQ(support::status_field(worker(i), "CapEff"),
              support::status_field(worker(i), "CapBnd"));
    EXPECT_EQ(support::status_field(worker(i), "Seccomp"), "2");
    EXPECT_EQ(support::count_descriptors(worker(i)), 6U);
  }
}

TEST_F(SpecialJail, ASocketsServerSeesTheWorkerAsItsPeer) {
  for (std::size_t i : {kReadWrite, kReadOnly}) {
    Client client = connected(i);
    UniqueFd here = connected_to(client, "d/socket", p9::kSocketStream);
    UniqueFd there(::accept4(listener_.raw(), nullptr, nullptr, SOCK_CLOEXEC));
    ucred peer{};
    socklen_t size = sizeof peer;
    ASSERT_EQ(::getsockopt(there.raw(), SOL_SOCKET, SO_PEERCRED, &peer, &size), 0);
    EXPECT_EQ(peer.pid, worker(i));
    EXPECT_EQ(peer.uid, 0U);
    EXPECT_EQ(peer.gid, 0U);
  }
}

TEST_F(SpecialJail, ASocketThatItsModeKeepsFromTheWorkerIsRefused) {
  ASSERT_EQ(::chown((tree() / "d" / "socket").c_str(), 1000, 1000), 0);
  ASSERT_EQ(::chmod((tree() / "d" / "socket").c_str(), 0700), 0);
  for (std::size_t i : {kReadWrite, kReadOnly}) {
    Client client = connected(i);
    auto fid = client.walk("d/socket");
    ASSERT_EQ(outcome(fid), "ok");
    // Only a read-write worker may pass over permissions.
    EXPECT_EQ(outcome(client.call(p9::Tlconnect{*fid, p9::kSocketStream})),
              i == kReadWrite ? "ok" : "EACCES");
  }
}

TEST_F(SpecialJail, D3_WhatTheHostMovedOutIsOutOfReach) {
  Client client = connected(kReadWrite);
  auto socket = client.walk("d/socket");
  auto fifo = client.walk("d/fifo");
  ASSERT_EQ(outcome(socket), "ok");
  ASSERT_EQ(outcome(fifo), "ok");
  std::filesystem::rename(tree() / "d", beyond());
  EXPECT_EQ(outcome(client.call(p9::Tlconnect{*socket, p9::kSocketStream})), "ESTALE");
  EXPECT_EQ(outcome(client.open(*fifo, p9::kOpenRdonly)), "ESTALE");
  EXPECT_FALSE(client.connection().take_descriptor().valid());
  pollfd state{listener_.raw(), POLLIN, 0};
  EXPECT_EQ(::poll(&state, 1, 0), 0);
}

// A socket belongs to the network namespace in which it was made, whoever holds it.
TEST_F(SpecialJail, ADonatedSocketReachesNoAbstractSocketOfTheHost) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  constexpr std::string_view kName("\0gofer-test", 11);
  std::memcpy(address.sun_path, kName.data(), kName.size());
  const auto* name = reinterpret_cast<const sockaddr*>(&address);
  socklen_t size = offsetof(sockaddr_un, sun_path) + kName.size();
  UniqueFd abstract(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::bind(abstract.raw(), name, size), 0);
  Client client = connected(kReadWrite);
  UniqueFd here = connected_to(client, "mailbox", p9::kSocketDatagram);
  EXPECT_EQ(::connect(here.raw(), name, size), -1);
  EXPECT_EQ(errno, ECONNREFUSED);
  EXPECT_EQ(::sendto(here.raw(), "x", 1, 0, name, size), -1);
  EXPECT_EQ(errno, ECONNREFUSED);
  UniqueFd own(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(::connect(own.raw(), name, size), 0);
}

TEST_F(SpecialJail, RO5_AFifoOfAReadOnlyTreeIsNotChangedThroughItsDescriptor) {
  Client client = connected(kReadOnly);
  UniqueFd fifo = opened(client, "d/fifo", p9::kOpenRdonly);
  ASSERT_TRUE(fifo.valid());
  std::string link = "/proc/self/fd/" + std::to_string(fifo.raw());
  support::Inventory before = support::inventory(tree());
  const std::array<timespec, 2> times{timespec{1, 0}, timespec{1, 0}};
  using Trick = std::pair<const char*, std::function<int()>>;
  const Trick kTricks[] = {
      {"fchmod", [&] { return ::fchmod(fifo.raw(), 0777); }},
      {"chmod", [&] { return ::chmod(link.c_str(), 0777); }},
      {"fchown", [&] { return ::fchown(fifo.raw(), 1, 1); }},
      {"futimens", [&] { return ::futimens(fifo.raw(), times.data()); }},
      {"fsetxattr", [&] { return ::fsetxattr(fifo.raw(), "trusted.new", "v", 1, 0); }},
      {"fremovexattr", [&] { return ::fremovexattr(fifo.raw(), "trusted.new"); }},
  };
  for (const auto& [what, trick] : kTricks) {
    errno = 0;
    EXPECT_EQ(trick(), -1) << what;
    EXPECT_EQ(errno, EROFS) << what;
  }
  EXPECT_EQ(::write(fifo.raw(), "x", 1), -1);
  EXPECT_EQ(support::inventory(tree()), before);
}

}  // namespace
}  // namespace suite
