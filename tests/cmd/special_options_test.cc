// The words x-gofer.uds= and x-gofer.fifo=, and their options, from the command line to what a
// client gets.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <string>
#include <string_view>
#include <vector>

#include "gofer/p9/flags.h"
#include "tests/cmd/attached.h"
#include "tests/support/proc.h"
#include "tests/support/tree.h"

namespace cmd {
namespace {

using p9client::Client;
using support::outcome;
using support::path;

constexpr uid_t kUser = 65534;
constexpr std::size_t kRoot = 0;
constexpr std::size_t kFirst = 1;
constexpr std::size_t kSecond = 2;

class SpecialOptions : public Attached {
 protected:
  SpecialOptions() {
    for (const char* name : {"first", "second"}) {
      fill(bundle_.beside(name));
      fill(bundle_.rootfs());
    }
  }
  void mount(const char* name, std::vector<std::string> options) {
    options.insert(options.begin(), "rbind");
    bundle_.mount(std::string("/") + name, bundle_.beside(name), std::move(options));
  }
  // What connecting and opening come to, "ok" only with a descriptor.
  std::string tried(std::size_t attach_point) {
    auto client = Client::connect(gofer().take_client(attach_point), p9client::kDefaultMsize,
                                  p9::kNewestGoogle);
    auto socket = client->walk("socket");
    std::string text = outcome(client->call(p9::Tlconnect{*socket, p9::kSocketDatagram}));
    if (client->connection().take_descriptor().valid()) text += " with a descriptor";
    auto fifo = client->walk("fifo");
    text += ", " + outcome(client->open(*fifo, p9::kOpenRdonly));
    if (client->connection().take_descriptor().valid()) text += " with a descriptor";
    return text;
  }
  static constexpr std::string_view kNeither = "EOPNOTSUPP, EPERM";
  static constexpr std::string_view kSockets = "ok with a descriptor, EPERM";
  static constexpr std::string_view kFifos = "EOPNOTSUPP, ok with a descriptor";
  static constexpr std::string_view kBoth = "ok with a descriptor, ok with a descriptor";

 private:
  void fill(const path& tree) {
    if (std::filesystem::exists(tree / "socket")) return;
    listeners_.push_back(support::bind_socket(tree / "socket", SOCK_DGRAM));
    support::make_fifo(tree / "fifo");
  }
  std::vector<base::UniqueFd> listeners_;
};

TEST_F(SpecialOptions, AreForTheMountThatHasTheWord) {
  mount("first", {"x-gofer.uds=open"});
  mount("second", {"ro", "x-gofer.fifo=open"});
  start();
  EXPECT_EQ(tried(kRoot), kNeither);
  EXPECT_EQ(tried(kFirst), kSockets);
  EXPECT_EQ(tried(kSecond), kFifos);
}

TEST_F(SpecialOptions, OfTheCommandLineAreForEveryMountAndTheRoot) {
  mount("first", {"ro"});
  mount("second", {"x-gofer.donate=off"});
  arguments_ = {"--host-uds", "--host-fifo"};
  start();
  EXPECT_EQ(tried(kRoot), kBoth);
  EXPECT_EQ(tried(kFirst), kBoth);
  EXPECT_EQ(tried(kSecond), kNeither);
}

TEST_F(SpecialOptions, NeedNoPrivilege) {
  mount("first", {"x-gofer.uds=open", "x-gofer.fifo=open"});
  mount("second", {"ro", "x-gofer.uds=open", "x-gofer.fifo=open"});
  become(kUser);
  start();
  EXPECT_EQ(tried(kRoot), kNeither);
  EXPECT_EQ(tried(kFirst), kBoth);
  EXPECT_EQ(tried(kSecond), kBoth);
}

TEST_F(SpecialOptions, WorkWithAndWithoutChannels) {
  mount("first", {"x-gofer.uds=open", "x-gofer.channels=2"});
  mount("second", {"ro", "x-gofer.uds=open", "x-gofer.fifo=open", "x-gofer.channels=1"});
  start();
  EXPECT_EQ(tried(kFirst), kSockets);
  EXPECT_EQ(tried(kSecond), kBoth);
}

// A mount of a single socket, or a single FIFO: an agent's, a log daemon's.
TEST_F(SpecialOptions, ASocketOrAFifoIsServedByItself) {
  for (const char* access : {"rw", "ro"}) {
    bundle_.mount(std::string("/run/socket-") + access, bundle_.beside("first") / "socket",
                  {"bind", access, "x-gofer.uds=open"});
    bundle_.mount(std::string("/run/fifo-") + access, bundle_.beside("first") / "fifo",
                  {"bind", access, "x-gofer.fifo=open"});
  }
  start();
  for (std::size_t i : {kFirst, kFirst + 2}) {
    auto client =
        Client::connect(gofer().take_client(i), p9client::kDefaultMsize, p9::kNewestGoogle);
    ASSERT_EQ(outcome(client), "ok");
    EXPECT_TRUE(S_ISSOCK(client->stat("")->mode));
    EXPECT_EQ(outcome(client->call(p9::Tlconnect{Client::root(), p9::kSocketDatagram})), "ok");
    EXPECT_TRUE(client->connection().take_descriptor().valid());
    EXPECT_EQ(outcome(client->call(p9::Tremove{client->clone(Client::root())->release()})),
              i == kFirst ? "EBUSY" : "EROFS");
  }
  for (std::size_t i : {kFirst + 1, kFirst + 3}) {
    auto client =
        Client::connect(gofer().take_client(i), p9client::kDefaultMsize, p9::kNewestGoogle);
    ASSERT_EQ(outcome(client), "ok");
    EXPECT_TRUE(S_ISFIFO(client->stat("")->mode));
    auto fifo = client->open("", p9::kOpenRdonly);
    EXPECT_EQ(outcome(fifo), "ok");
    EXPECT_TRUE(client->connection().take_descriptor().valid());
  }
}

TEST_F(SpecialOptions, SocketsNeedTheNetworkNamespace) {
  mount("first", {});
  mount("second", {"x-gofer.uds=open"});
  arguments_ = {"--without", "network"};
  EXPECT_EQ(refusal(),
            "gofer: options: --without network: /mounts/1 serves sockets, by which a client would "
            "reach the host's network namespace; expected neither --host-uds nor x-gofer.uds=open "
            "with it\n");
}

TEST_F(SpecialOptions, FifosDoNotNeedTheNetworkNamespace) {
  mount("first", {"x-gofer.fifo=open"});
  arguments_ = {"--without", "network"};
  start();
  EXPECT_EQ(tried(kFirst), kFifos);
}

}  // namespace
}  // namespace cmd
