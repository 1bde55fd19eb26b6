// The binary with the server's own read-only check compiled out: the jail alone keeps the tree.
#include <gtest/gtest.h>

#include <string>

#include "cmd/p9/client.h"
#include "tests/suite/samples.h"
#include "tests/support/bundle.h"
#include "tests/support/gofer_process.h"
#include "tests/support/outcome.h"

namespace suite {
namespace {

using p9client::Client;
using support::outcome;

constexpr std::size_t kTree = 1;

class Mutant : public testing::Test {
 protected:
  Mutant() {
    support::make_file(tree() / "file", "0123456789");
    support::make_file(tree() / "directory" / "inside", "text");
    support::make_symlink(tree() / "link", "file");
    support::make_fifo(tree() / "fifo", 0666);
    support::make_socket(tree() / "socket");
    bundle_.mount("/tree", tree(), {"rbind", "ro", "x-gofer.uds=open", "x-gofer.fifo=open"});
    bundle_.write();
  }
  support::path tree() const { return bundle_.beside("tree"); }

  struct Answer {
    std::string said;   // an errno, or "ECONNRESET" when the filter ended the worker
    std::string cause;  // of the worker's end
    std::string call;   // the system call that its policy forbids
  };

  // Sends the sample, aimed at `where`, to a worker of its own.
  template <class M>
  Answer send(std::string_view where, Of<M> type) {
    support::Gofer gofer(bundle_.config(), bundle_.attach_points(), {.binary = GOFER_MUTANT});
    if (!gofer.ready()) throw std::runtime_error(gofer.failure());
    auto client =
        Client::connect(gofer.take_client(kTree), p9client::kDefaultMsize, p9::kNewestGoogle);
    auto fid = client->walk(where);
    Subject subject{fid->release(), Client::root(), client->new_fid(), *p9::Name::parse("inside"),
                    *p9::Name::parse("new")};
    Answer answer;
    answer.said = outcome(client->call(sample(type, subject)));
    // The attribute is set by the clunk alone.
    if constexpr (std::is_same_v<M, p9::Txattrcreate>)
      if (answer.said == "ok") answer.said = outcome(commit(*client, subject.fid));
    client = Client(base::UniqueFd());
    spec::Json end = gofer.worker_end(gofer.worker(kTree));
    answer.cause = support::text_of(end, "cause");
    answer.call = support::text_of(end, "syscall");
    return answer;
  }

  static base::Result<p9::Rclunk> commit(Client& client, p9::Fid draft) {
    (void)client.call(p9::Twrite{draft, 0, kSampleData});
    return client.call(p9::Tclunk{draft});
  }

  support::Bundle bundle_;
};

TEST_F(Mutant, L4_LeavesAReadOnlyTreeByteIdenticalUnderEveryMutatingMessage) {
  support::Inventory before = support::inventory(tree());
  Subject any{p9::Fid{}, p9::Fid{}, p9::Fid{}, *p9::Name::parse("inside"), *p9::Name::parse("new")};
  int killed = 0;
  for (const char* where : {"file", "directory", "link", "fifo", "socket"}) {
    for_each_sample(any, [&]<class M>(const M& message) {
      if (!p9::mutates(message)) return;
      Answer answer = send(where, Of<M>{});
      EXPECT_NE(answer.said, "ok") << M::kLine.name << " on " << where;
      EXPECT_EQ(support::inventory(tree()), before) << M::kLine.name << " on " << where;
      if (answer.cause == "policy-violation") ++killed;
    });
  }
  EXPECT_GE(killed, 8);
}

TEST_F(Mutant, TheViolationIsNamedWithItsSystemCall) {
  EXPECT_EQ(send("directory", Of<p9::Tmkdir>{}).cause, "policy-violation");
  EXPECT_EQ(send("directory", Of<p9::Tmkdir>{}).call, "mkdirat");
  EXPECT_EQ(send("directory", Of<p9::Tunlinkat>{}).call, "unlinkat");
  EXPECT_EQ(send("directory", Of<p9::Tsymlink>{}).call, "symlinkat");
  EXPECT_EQ(send("file", Of<p9::Tlopen>{}).call, "openat");
  EXPECT_EQ(send("fifo", Of<p9::Tlopen>{}).call, "openat");
  EXPECT_EQ(send("file", Of<p9::Txattrcreate>{}).call, "setxattr");
  EXPECT_EQ(send("file", Of<p9::Tsetxattr>{}).call, "setxattr");
  EXPECT_EQ(send("file", Of<p9::Tremovexattr>{}).call, "removexattr");
  EXPECT_EQ(send("directory", Of<p9::Tucreate>{}).call, "openat");
}

}  // namespace
}  // namespace suite
