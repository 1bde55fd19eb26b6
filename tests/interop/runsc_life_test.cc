// Life and death in the hands of a runsc-like runtime: who ends when who else does, and what is
// left behind.
#include <sys/wait.h>

#include <array>
#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>

#include "tests/interop/runsc_world.h"
#include "tests/support/descriptors.h"

namespace interop {
namespace {

using p9client::Client;
using support::outcome;

class RunscLife : public Runsc {
 protected:
  RunscLife() {
    support::make_file(rootfs() / "name", "root");
    support::make_file(bundle_.beside("data") / "name", "data");
    bundle_.mount("/data", bundle_.beside("data"));
  }
  // A list that does not fit into a pipe.
  void lengthen_list() {
    for (int i = 0; i < 40; ++i)
      bundle_.mount_type("/" + std::to_string(i) + std::string(200, 'x'), std::string(4000, 't'));
  }
  std::vector<pid_t> processes() {
    std::vector<pid_t> all = runtime_->children();
    all.push_back(runtime_->process().pid());
    return all;
  }
  // Lines of this process's mountinfo that have to do with the bundle.
  std::string mounts_of_bundle() const {
    std::ifstream in("/proc/self/mountinfo");
    std::string found;
    for (std::string line; std::getline(in, line);)
      if (line.find(bundle_.directory().native()) != line.npos) found += line + "\n";
    return found;
  }
  static bool at_end(const base::UniqueFd& socket) {
    char byte = 0;
    return ::read(socket.raw(), &byte, 1) == 0;
  }
  // By what came of a request: not a deadline that passed.
  static bool has_hung_up(const std::string& answer) {
    return answer == "EPIPE" || answer == "ECONNRESET";
  }
  static std::string name_seen_by(Client& client) {
    auto name = client.read_file("name");
    return name ? *name : outcome(name);
  }
};

TEST_F(RunscLife, EndsWellWithTheLastConnection) {
  serve();
  auto root = runtime_->take_socket(0);
  auto data = runtime_->take_socket(1);
  root.reset();
  data.reset();
  EXPECT_EQ(runtime_->process().wait(), kGoodEnd) << runtime_->debug_log();
}

TEST_F(RunscLife, OfTheOthersGoesOnWhenOneConnectionCloses) {
  serve();
  Client root = connect(0);
  pid_t worker = runtime_->worker(1);
  runtime_->take_socket(1).reset();
  support::wait_until_gone(worker);
  EXPECT_EQ(name_seen_by(root), "root");
  EXPECT_FALSE(runtime_->process().ended());
}

TEST_F(RunscLife, OfAMountGoesOnWhenTheRootsConnectionCloses) {
  serve();
  Client data = connect(1);
  pid_t worker = runtime_->worker(0);
  runtime_->take_socket(0).reset();
  support::wait_until_gone(worker);
  EXPECT_EQ(name_seen_by(data), "data");
}

TEST_F(RunscLife, OfAWorkerThatIsKilledIsOverForItsClientAtOnce) {
  serve();
  auto root = runtime_->take_socket(0);
  Client data = connect(1);
  ASSERT_EQ(::kill(runtime_->worker(0), SIGKILL), 0);
  EXPECT_TRUE(at_end(root));
  EXPECT_EQ(name_seen_by(data), "data");
}

TEST_F(RunscLife, LeavesNothingBehindWhenItIsKilled) {
  serve();
  auto all = processes();
  ASSERT_EQ(all.size(), 4U) << "pid 1 of the workers, two of them, and gofer";
  auto root = runtime_->take_socket(0);
  Client data = connect(1);
  ASSERT_EQ(outcome(data.write_file("new", "text")), "ok");
  runtime_->process().send_signal(SIGKILL);
  EXPECT_EQ(runtime_->process().wait(), support::End{.signal = SIGKILL});
  EXPECT_TRUE(at_end(root));
  for (pid_t pid : all) support::wait_until_gone(pid);
  EXPECT_EQ(support::read_file(bundle_.beside("data") / "new"), "text");
  EXPECT_EQ(mounts_of_bundle(), "");
}

TEST_F(RunscLife, LeavesNothingBehindWhenItIsKilledDuringItsStart) {
  for (int start = 0; start < 20; ++start) {
    launch();
    std::this_thread::sleep_for(std::chrono::microseconds(300 * start));
    auto all = processes();
    runtime_->process().send_signal(SIGKILL);
    runtime_->process().wait();
    for (pid_t pid : all) support::wait_until_gone(pid);
    EXPECT_TRUE(at_end(runtime_->take_socket(1)));
    EXPECT_EQ(mounts_of_bundle(), "");
  }
}

TEST_F(RunscLife, EndsOnASignalThatPid1WouldIgnore) {
  serve();
  auto all = processes();
  runtime_->process().send_signal(SIGTERM);
  EXPECT_EQ(runtime_->process().wait(), support::End{.status = 128 + SIGTERM});
  for (pid_t pid : all) support::wait_until_gone(pid);
}

TEST_F(RunscLife, DoesNotDependOnAReaderOfTheList) {
  lengthen_list();
  launch();
  Client root = connect(0);
  EXPECT_EQ(name_seen_by(root), "root");
  Client data = connect(1);
  ASSERT_EQ(::kill(runtime_->worker(1), SIGKILL), 0);
  EXPECT_TRUE(has_hung_up(name_seen_by(data))) << "its end must come though the list is unread";
  EXPECT_EQ(name_seen_by(root), "root");
}

TEST_F(RunscLife, EndsWithTheLastConnectionThoughTheListIsUnread) {
  lengthen_list();
  launch();
  EXPECT_EQ(end(), kGoodEnd) << runtime_->debug_log();
}

TEST_F(RunscLife, EndsOnASignalThoughTheListIsUnread) {
  lengthen_list();
  launch();
  Client root = connect(0);
  EXPECT_EQ(name_seen_by(root), "root");
  runtime_->process().send_signal(SIGTERM);
  EXPECT_EQ(runtime_->process().wait(), support::End{.status = 128 + SIGTERM});
}

TEST_F(RunscLife, GivesALongListWholeToAReaderThatTakesItsTime) {
  lengthen_list();
  launch();
  Client root = connect(0);
  EXPECT_EQ(name_seen_by(root), "root");
  std::string list = runtime_->mount_list();
  auto mounts = spec::parse_json(list, "list", "list");
  ASSERT_TRUE(mounts.has_value()) << base::to_line(mounts.error());
  EXPECT_EQ(mounts->as<spec::Json::Array>()->size(), 41U);
}

TEST_F(RunscLife, EndsWhenTheReaderOfTheListHasGone) {
  lengthen_list();
  launch().close_mounts();
  EXPECT_EQ(runtime_->process().wait(), support::End{.status = 1});
  EXPECT_TRUE(at_end(runtime_->take_socket(0)));
  EXPECT_NE(runtime_->debug_log().find("--mounts-fd cannot be written"), std::string::npos)
      << runtime_->debug_log();
}

class RunscAttached : public RunscLife, public testing::WithParamInterface<Users> {
 protected:
  // A runtime that hands the sandbox's ends to `test`, and then the processes' numbers.
  void tell_and_wait(base::Fd test) {
    launch();
    if (GetParam() == Users::kSynced) runtime_->write_id_maps();
    if (runtime_->mount_list().empty()) return;
    for (std::size_t i : {0U, 1U}) {
      base::UniqueFd socket = runtime_->take_socket(i);
      support::send_descriptor(test, socket);
    }
    auto all = processes();
    if (::write(test.raw(), all.data(), all.size() * sizeof(pid_t)) < 0) return;
    for (;;) ::pause();
  }
};

INSTANTIATE_TEST_SUITE_P(With, RunscAttached, testing::Values(Users::kHost, Users::kSynced));

TEST_P(RunscAttached, EndsWithARuntimeThatIsKilled) {
  if (GetParam() == Users::kSynced) give_bundle_to(100'000);
  start_.users = GetParam();
  start_.user = 4242;
  start_.id_map = "0 100000 65536";  // another id than before, at which the kernel forgets
  auto [ours, theirs] = support::socket_pair();
  pid_t runtime = ::fork();
  ASSERT_GE(runtime, 0);
  if (runtime == 0) {
    tell_and_wait(theirs);
    ::_exit(1);
  }
  theirs.reset();
  // What the sandbox holds: that gofer ends is not for want of clients.
  std::array sockets = {support::receive_descriptor(ours), support::receive_descriptor(ours)};
  std::vector<pid_t> all(4);
  auto size = static_cast<ssize_t>(all.size() * sizeof(pid_t));
  ASSERT_EQ(::read(ours.raw(), all.data(), static_cast<std::size_t>(size)), size);
  ASSERT_EQ(::kill(runtime, SIGKILL), 0);
  ::waitpid(runtime, nullptr, 0);
  for (pid_t pid : all) support::wait_until_gone(pid);
  EXPECT_TRUE(at_end(sockets[0]));
}

}  // namespace
}  // namespace interop
