// The program as an operator and a runtime meet it: output, exit statuses, status lines, CMD.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "cmd/p9/client.h"
#include "tests/cmd/said.h"
#include "tests/support/bundle.h"
#include "tests/support/descriptors.h"
#include "tests/support/gofer_process.h"
#include "tests/support/tree.h"

namespace cmd {
namespace {

using p9client::Client;
using support::Bundle;
using support::Gofer;
using support::Process;
using Words = std::vector<std::string>;

// A root and a read-only mount, with something in each.
class Cli : public testing::Test {
 protected:
  Cli() {
    support::make_file(bundle_.rootfs() / "in-root", "root");
    support::make_file(bundle_.beside("ro") / "in-ro", "ro");
    bundle_.mount("/ro", bundle_.beside("ro"), {"rbind", "ro"});
  }
  void write() { bundle_.write(); }
  Said run_command(Words command, Words options = {}) {
    write();
    Words words{"--spec", bundle_.config()};
    words.insert(words.end(), options.begin(), options.end());
    words.emplace_back("--");
    words.insert(words.end(), command.begin(), command.end());
    return run(words);
  }
  Gofer serve(Words arguments = {}) {
    write();
    return {
        bundle_.config(),
        bundle_.attach_points(),
        {.binary = GOFER_BINARY, .arguments = std::move(arguments), .inherited = {}, .user = {}}};
  }
  Bundle bundle_;
};

using Help = testing::Test;

std::set<std::string> options_in(const std::string& text, const std::string& pattern) {
  std::regex option(pattern);
  std::set<std::string> found;
  for (std::sregex_iterator at(text.begin(), text.end(), option), end; at != end; ++at)
    found.insert((*at)[1]);
  return found;
}

TEST_F(Help, AndTheManualPageNameTheSameOptions) {
  Said help = run({"--help"});
  EXPECT_EQ(help.end.status, 0);
  std::string manual = support::read_file("docs/man/gofer.8");
  manual = std::regex_replace(manual, std::regex(R"(\\-)"), "-");
  auto in_help = options_in(help.out, R"(\n  --([a-z-]+))");
  in_help.erase("");
  // An option is described where its name opens a paragraph of the manual page.
  auto in_manual = options_in(manual, R"(\n\.TP\n\.BI?R? "?--([a-z-]+))");
  EXPECT_EQ(in_help, in_manual);
  EXPECT_GE(in_help.size(), 15U);
}

TEST_F(Help, AndTheManualPageNameTheSameSubcommands) {
  std::string help = run({"--help"}).out;
  help.erase(0, help.find("Besides serving:"));
  auto in_help = options_in(help, R"(\n  gofer ([a-z]+) )");
  EXPECT_EQ(in_help, (std::set<std::string>{"audit", "doctor", "policy"}));
  std::string manual = support::read_file("docs/man/gofer.8");
  manual.erase(0, manual.find("\n.SH BESIDES SERVING\n"));
  manual.resize(manual.find("\n.SH ", 1));
  EXPECT_EQ(options_in(manual, R"(\n\.SS ([a-z]+)\n)"), in_help);
}

TEST_F(Help, NamesThePoliciesInTheVersion) {
  Said version = run({"--version"});
  EXPECT_EQ(version.end.status, 0);
  for (const char* role : {"ro", "rw", "supervisor", "init"})
    EXPECT_TRUE(std::regex_search(
        version.out, std::regex(std::string("policy ") + role + ": [0-9]+ rules, .*[0-9a-f]{64}")))
        << version.out;
}

TEST_F(Cli, AWrongCommandLineIsOneLineAndStatusTwo) {
  for (const Words& words : {Words{}, Words{"--unheard-of"},
                             Words{"--spec", "c", "--status-fd", "99", "--io-fds", "3"}}) {
    Said said = run(words);
    EXPECT_EQ(said.end.status, 2) << said.err;
    EXPECT_EQ(std::count(said.err.begin(), said.err.end(), '\n'), 1) << said.err;
    EXPECT_TRUE(said.err.starts_with("gofer: options: ")) << said.err;
  }
}

TEST_F(Cli, TheManualNamesEveryStepThatMayBeLeftOut) {
  Said said = run({"--spec", "c", "--io-fds", "3", "--without", "seccomp"});
  EXPECT_EQ(said.end.status, 2);
  std::string manual = support::read_file("docs/man/gofer.8");
  auto steps = manual.find(".SH STEPS");
  ASSERT_NE(steps, manual.npos);
  for (const char* name :
       {"network", "ipc", "uts", "cgroup", "landlock", "limits", "mdwe", "trace", "groups"}) {
    EXPECT_NE(said.err.find(name), said.err.npos) << said.err;
    EXPECT_NE(manual.find(name, steps), manual.npos) << name;
  }
}

TEST_F(Cli, EndsWithTheStatusOfTheCommand) {
  EXPECT_EQ(run_command({"sh", "-c", "exit 7"}).end.status, 7);
  EXPECT_EQ(run_command({"true"}).end.status, 0);
  EXPECT_EQ(run_command({"sh", "-c", "kill -TERM $$"}).end.status, 128 + SIGTERM);
  EXPECT_EQ(run_command({"/does/not/exist"}).end.status, 127);
  EXPECT_EQ(run_command({"/etc"}).end.status, 126);
}

TEST_F(Cli, TellsTheCommandItsEnds) {
  Said said = run_command({"sh", "-c", R"(echo "$GOFER_MOUNTS")"});
  std::regex expected(R"(\[\{"fd":[0-9]+,"destination":"/","readonly":false\},)"
                      R"(\{"fd":[0-9]+,"destination":"/ro","readonly":true\}\]\n)");
  EXPECT_TRUE(std::regex_match(said.out, expected)) << said.out;
}

TEST_F(Cli, RunsNoCommandWhenTheStartFails) {
  bundle_.mount("/missing", bundle_.directory() / "nowhere");
  Said said = run_command({"touch", bundle_.directory() / "ran"});
  EXPECT_EQ(said.end.status, 65);
  EXPECT_FALSE(std::filesystem::exists(bundle_.directory() / "ran"));
}

TEST_F(Cli, StartedWithoutStandardDescriptorsKeepsItsLogOutOfItsSockets) {
  write();
  // The notes of a start go to the log, which a client must never find in its connection.
  Process shell({.words = {"/bin/sh", "-c",
                           "exec \"$0\" --log-level debug --spec \"$1\" -- "
                           "sh -c 'echo \"$GOFER_MOUNTS\" >\"$0\"' \"$2\" 0<&- 1>&- 2>&-",
                           GOFER_BINARY, bundle_.config(), bundle_.directory() / "mounts"},
                 .inherited = {},
                 .environment = {},
                 .user = {}});
  EXPECT_EQ(shell.wait().status, 0);
  auto mounts = spec::parse_json(support::read_file(bundle_.directory() / "mounts"), "test", "m");
  ASSERT_TRUE(mounts.has_value());
  for (const spec::Json& mount : *mounts->as<spec::Json::Array>())
    EXPECT_GT(support::number_of(mount, "fd"), 2);
}

TEST_F(Cli, PassesASignalOnToTheCommand) {
  write();
  auto [reading, writing] = support::make_pipe();
  Process gofer({.words = {GOFER_BINARY, "--spec", bundle_.config(), "--", "sh", "-c",
                           "trap 'exit 42' TERM; echo ready >&" + std::to_string(writing.raw()) +
                               "; while :; do sleep 0.05; done"},
                 .inherited = {writing},
                 .environment = {},
                 .user = {}});
  char buffer[6];
  ASSERT_EQ(::read(reading.raw(), buffer, sizeof buffer), 6);
  gofer.send_signal(SIGTERM);
  EXPECT_EQ(gofer.wait().status, 42);
}

TEST_F(Cli, ReadsTheSpecFromADescriptorWhoseFileIsGone) {
  write();
  base::UniqueFd spec(::open(bundle_.config().c_str(), O_RDONLY | O_CLOEXEC));
  std::filesystem::remove(bundle_.config());
  ASSERT_EQ(::lseek(spec.raw(), 5, SEEK_SET), 5);
  Said said =
      run({"--check", "--spec-fd", std::to_string(spec.raw()), "--bundle", bundle_.directory()},
          {spec});
  EXPECT_EQ(said.end.status, 0) << said.err;
  EXPECT_NE(said.out.find("/ro"), said.out.npos);
}

TEST_F(Cli, TakesTheSpecFromTheBundleAlone) {
  write();
  EXPECT_EQ(run({"--check", "--bundle", bundle_.directory()}).end.status, 0);
}

TEST_F(Cli, ChecksWithoutChangingAnything) {
  bundle_.mount("/made/later", bundle_.beside("ro"), {"bind", "ro"});
  write();
  auto before = support::inventory(bundle_.directory());
  Said said = run({"--check", "--json", "--spec", bundle_.config()});
  EXPECT_EQ(said.end.status, 0);
  auto plan = spec::parse_json(said.out, "test", "plan");
  ASSERT_TRUE(plan.has_value()) << said.out;
  ASSERT_NE(plan->find("attach_points"), nullptr);
  EXPECT_EQ(plan->find("attach_points")->as<spec::Json::Array>()->size(), 3U);
  EXPECT_EQ(support::inventory(bundle_.directory()), before);
}

TEST_F(Cli, SaysHowEachAttachPointIsServed) {
  bundle_.annotate("org.gofer.root.options", "x-gofer.xattr=acl,x-gofer.xattr=security")
      .mount("/plain", bundle_.beside("plain"),
             {"rbind", "x-gofer.xattr=none", "x-gofer.locks=off", "x-gofer.donate=off"})
      .mount("/more", bundle_.beside("plain"),
             {"rbind", "x-gofer.uds=open", "x-gofer.fifo=open", "x-gofer.channels=2"});
  write();
  Said table = run({"--check", "--spec", bundle_.config()});
  EXPECT_TRUE(std::regex_search(table.out, std::regex(R"(\n/ +rw +user,acl,security +on )")))
      << table.out;
  EXPECT_TRUE(std::regex_search(table.out, std::regex(R"(\n/ro +ro +user +on )"))) << table.out;
  EXPECT_TRUE(std::regex_search(table.out, std::regex(R"(\n/plain +rw +none +off )"))) << table.out;
  EXPECT_TRUE(std::regex_search(table.out, std::regex(R"(\n/more .* uds,fifo,channels=2 )")))
      << table.out;
  Said json = run({"--check", "--json", "--spec", bundle_.config()});
  Gofer gofer = serve();
  ASSERT_TRUE(gofer.ready()) << gofer.failure();
  const auto plan = spec::parse_json(json.out, "test", "plan");
  ASSERT_TRUE(plan.has_value());
  for (const spec::Json* object : {&*plan, &gofer.ready_event()}) {
    const auto& points = *object->find("attach_points")->as<spec::Json::Array>();
    ASSERT_EQ(points.size(), 4U);
    EXPECT_EQ(dump(*points[0].find("xattr")), R"(["user","acl","security"])");
    EXPECT_EQ(dump(*points[0].find("locks")), "true");
    EXPECT_EQ(dump(*points[0].find("donate")), "true");
    EXPECT_EQ(dump(*points[1].find("xattr")), R"(["user"])");
    EXPECT_EQ(dump(*points[2].find("xattr")), "[]");
    EXPECT_EQ(dump(*points[2].find("locks")), "false");
    EXPECT_EQ(dump(*points[2].find("donate")), "false");
    EXPECT_EQ(dump(*points[2].find("uds")), "false");
    EXPECT_EQ(dump(*points[3].find("uds")), "true");
    EXPECT_EQ(dump(*points[3].find("fifo")), "true");
    EXPECT_EQ(dump(*points[3].find("channels")), "2");
  }
}

TEST_F(Cli, WritesTheMountsWithResolvedDestinations) {
  std::filesystem::create_directory(bundle_.rootfs() / "run");
  std::filesystem::create_directory_symlink("/run", bundle_.rootfs() / "link");
  bundle_.mount("/link/here", bundle_.beside("ro"), {"rbind", "ro", "nosuid"});
  bundle_.mount_type("/proc", "proc");
  Gofer gofer = serve();
  ASSERT_TRUE(gofer.ready()) << gofer.failure();
  auto mounts = spec::parse_json(gofer.mounts(), "test", "mounts");
  ASSERT_TRUE(mounts.has_value());
  const auto& array = *mounts->as<spec::Json::Array>();
  ASSERT_EQ(array.size(), 3U);
  EXPECT_EQ(support::text_of(array[0], "destination"), "/ro");
  EXPECT_EQ(support::text_of(array[1], "destination"), "/run/here");
  EXPECT_EQ(array[1].find("options")->as<spec::Json::Array>()->size(), 3U);
  EXPECT_EQ(support::text_of(array[2], "type"), "proc");
  EXPECT_TRUE(std::filesystem::is_directory(bundle_.rootfs() / "run/here"));
}

TEST_F(Cli, SaysOnTheStatusDescriptorWhyAStartFailed) {
  bundle_.mount("/missing", bundle_.directory() / "nowhere");
  Gofer gofer = serve();
  EXPECT_FALSE(gofer.ready());
  EXPECT_EQ(gofer.process().wait().status, 65);
  std::string last = gofer.status().seen().back();
  auto failed = spec::parse_json(last, "test", "status");
  ASSERT_TRUE(failed.has_value()) << last;
  EXPECT_EQ(support::text_of(*failed, "event"), "failed");
  EXPECT_EQ(support::text_of(*failed, "errno"), "ENOENT");
  EXPECT_EQ(support::text_of(*failed, "where").rfind("/mounts/1", 0), 0U) << last;
  EXPECT_NE(support::text_of(*failed, "syscall"), "");
  EXPECT_EQ(support::number_of(*failed, "exit"), 65);
  EXPECT_EQ(gofer.mounts(), "");
}

TEST_F(Cli, LogsAsJsonWhenAskedTo) {
  bundle_.mount("/missing", bundle_.directory() / "nowhere");
  write();
  Said said = run({"--spec", bundle_.config(), "--log-format", "json", "--", "true"});
  auto line = spec::parse_json(said.err.substr(0, said.err.size() - 1), "test", "log");
  ASSERT_TRUE(line.has_value()) << said.err;
  EXPECT_EQ(support::text_of(*line, "level"), "error");
}

TEST_F(Cli, EndsWithZeroWhenEveryClientHasLeft) {
  Gofer gofer = serve();
  ASSERT_TRUE(gofer.ready()) << gofer.failure();
  for (std::size_t i = 0; i < 2; ++i) {
    gofer.take_client(i).reset();
    EXPECT_EQ(support::text_of(gofer.worker_end(gofer.worker(i)), "cause"), "hangup");
  }
  EXPECT_EQ(gofer.process().wait().status, 0);
}

TEST_F(Cli, EndsWithFiveWhenAWorkerWasKilled) {
  Gofer gofer = serve();
  ASSERT_TRUE(gofer.ready()) << gofer.failure();
  ::kill(gofer.worker(1), SIGKILL);
  auto end = gofer.worker_end(gofer.worker(1));
  EXPECT_EQ(support::text_of(end, "cause"), "killed");
  EXPECT_EQ(support::number_of(end, "signal"), SIGKILL);
  auto client = Client::connect(gofer.take_client(0));
  ASSERT_TRUE(client.has_value());
  EXPECT_EQ(client->read_file("in-root"), "root");
  client = base::fail(0);  // hangs up
  EXPECT_EQ(gofer.process().wait().status, 5);
}

TEST_F(Cli, EndsWithFourAfterAWriteToAPanicOnWriteMount) {
  Gofer gofer = serve({"--panic-on-write"});
  ASSERT_TRUE(gofer.ready()) << gofer.failure();
  auto witness = Client::connect(gofer.take_client(0));
  auto client = Client::connect(gofer.take_client(1));
  ASSERT_TRUE(witness.has_value() && client.has_value());
  EXPECT_EQ(client->read_file("in-ro"), "ro");
  EXPECT_EQ(client->write_file("new", "x").error().code(), ECONNRESET);
  EXPECT_EQ(support::text_of(gofer.worker_end(gofer.worker(1)), "cause"), "panic-on-write");
  EXPECT_NE(gofer.process().err().find("Tlcreate"), std::string::npos) << gofer.process().err();
  EXPECT_EQ(witness->read_file("in-root"), "root");
  EXPECT_TRUE(witness->write_file("new", "x").has_value());
  witness = base::fail(0);
  EXPECT_EQ(gofer.process().wait().status, 4);
}

TEST_F(Cli, StopsItsWorkersWhenItIsAskedToEnd) {
  Gofer gofer = serve();
  ASSERT_TRUE(gofer.ready()) << gofer.failure();
  gofer.process().send_signal(SIGTERM);
  EXPECT_EQ(support::text_of(gofer.worker_end(gofer.worker(0)), "cause"), "stopped");
  EXPECT_EQ(gofer.process().wait().status, 128 + SIGTERM);
  for (std::size_t i = 0; i < 2; ++i) support::wait_until_gone(gofer.worker(i));
}

TEST_F(Cli, AWorkerThatIsStoppedStaysStoppedUntilItIsContinued) {
  Gofer gofer = serve();
  ASSERT_TRUE(gofer.ready()) << gofer.failure();
  auto client = Client::connect(gofer.take_client(0));
  auto witness = Client::connect(gofer.take_client(1));
  ASSERT_TRUE(client.has_value() && witness.has_value());
  ::kill(gofer.worker(0), SIGSTOP);
  while (support::process_state(gofer.worker(0)) != "t") ::usleep(1000);
  EXPECT_EQ(witness->read_file("in-ro"), "ro");
  ::kill(gofer.worker(0), SIGCONT);
  EXPECT_EQ(client->read_file("in-root"), "root");
}

}  // namespace
}  // namespace cmd
