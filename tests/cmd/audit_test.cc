// `gofer audit` as an operator reads it and as a program does.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>
#include <utility>
#include <vector>

#include "spec/json.h"
#include "tests/cmd/attached.h"
#include "tests/cmd/said.h"
#include "tests/support/gofer_process.h"
#include "tests/support/proc.h"
#include "tests/support/tree.h"

namespace cmd {
namespace {

using spec::Json;
using Words = std::vector<std::string>;

constexpr uid_t kUser = 4242;

// What is not the same on every host, for every policy and in every start; and without the rules,
// which have tests of their own.
std::string normalised(std::string text, const std::string& directory) {
  for (std::size_t at = 0; (at = text.find(directory)) != text.npos;)
    text.replace(at, directory.size(), "DIR");
  for (auto [pattern, by] :
       {std::pair("(policy +(ro|rw|init|supervisor))[a-z+]*: [0-9]+ rules, [0-9]+ instructions, "
                  "sha256 [0-9a-f]{64}",
                  "$1: RULES"),
        std::pair("landlock rights .*\n", "landlock rights         RIGHTS\n"),
        std::pair("device [0-9:]+, inode [0-9]+", "device D, inode I"),
        std::pair("landlock  .*\n", "landlock                ABI\n"),
        std::pair("mdwe  .*\n", "mdwe                    MDWE\n"),
        std::pair("  pid [0-9]+", "  pid P")})
    text = std::regex_replace(text, std::regex(pattern), by);
  return text.substr(0, text.find("\npolicy "));
}

void expect_golden(const std::string& name, const std::string& text) {
  std::string path = "tests/cmd/golden/" + name;
  // GOFER_UPDATE_GOLDEN=1: the diff of the file is then what is reviewed.
  if (::getenv("GOFER_UPDATE_GOLDEN") != nullptr) std::ofstream(path) << text;
  EXPECT_EQ(support::read_file(path), text) << path;
}

Json parsed(const std::string& text) {
  auto json = spec::parse_json(text, "test", "output");
  EXPECT_TRUE(json) << base::to_line(json.error());
  return json ? *std::move(json) : Json();
}

const Json::Array& array(const Json& object, std::string_view key) {
  return *object.find(key)->as<Json::Array>();
}

class Audit : public Attached {
 protected:
  Audit() {
    support::make_file(bundle_.rootfs() / "etc" / "motd");
    support::make_file(bundle_.beside("data") / "notes", "notes");
    support::make_file(bundle_.beside("files") / "motd", "hello");
    bundle_.mount("/data", bundle_.beside("data"), {"bind", "rw", "x-gofer.channels=2"})
        .mount("/library", bundle_.beside("data"), {"rbind", "ro", "x-gofer.uds=open"})
        .mount("/etc/motd", bundle_.beside("files") / "motd", {"bind", "rw"});
    bundle_.write();
  }
  std::string directory() const { return bundle_.directory(); }

  Said audit_spec(Words more = {}) {
    Words words{"audit", "--bundle", directory()};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }
  // Of the launcher, once it is locked down, too.
  Said audit_live(Words more = {}) {
    pid_t launcher = gofer().process().pid();
    while (support::status_field(launcher, "Seccomp") != "2") ::usleep(1000);
    Words words{"audit", "--live", std::to_string(launcher)};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }
};

TEST_F(Audit, OfABundleIsWhatItsProcessesWouldGet) {
  Said said = audit_spec();
  EXPECT_EQ(said.end.status, 0) << said.err;
  expect_golden("audit-spec.txt", normalised(said.out, directory()));
}

TEST_F(Audit, OfALauncherIsWhatItsProcessesHave) {
  start();
  Said said = audit_live();
  EXPECT_EQ(said.end.status, 0) << said.err << said.out;
  expect_golden("audit-live.txt", normalised(said.out, directory()));
}

// Each fact of the plan is seen, and is as it was planned.
TEST_F(Audit, SeesEveryPlannedFactOfEveryProcess) {
  start();
  Json audit = parsed(audit_live({"--json"}).out);
  const Json::Array& processes = array(audit, "processes");
  ASSERT_EQ(processes.size(), bundle_.attach_points() + 2);
  for (const Json& process : processes) {
    EXPECT_GT(array(process, "facts").size(), 15U);
    for (const Json& fact : array(process, "facts")) {
      if (fact.find("expected") == nullptr) continue;
      EXPECT_EQ(support::text_of(fact, "found"), support::text_of(fact, "expected"))
          << support::text_of(fact, "fact");
    }
  }
  for (std::size_t i = 0; i < bundle_.attach_points(); ++i)
    EXPECT_EQ(support::number_of(processes[i], "pid"), gofer().worker(i));
}

TEST_F(Audit, HasEachPolicyWithItsReasonsAndItsDigest) {
  Json audit = parsed(audit_spec({"--json"}).out);
  std::string programs = run({"policy", "programs"}).out;
  Words names;
  for (const Json& policy : array(audit, "policies")) {
    names.push_back(support::text_of(policy, "name"));
    EXPECT_NE(programs.find("policy " + names.back() + ": "), programs.npos) << names.back();
    EXPECT_NE(programs.find(support::text_of(policy, "sha256")), programs.npos);
    EXPECT_GE(array(policy, "syscalls").size(), 1U);
    for (const Json& rule : array(policy, "syscalls")) EXPECT_NE(support::text_of(rule, "why"), "");
  }
  EXPECT_EQ(names.size(), 5U);  // two workers have the same
  for (const Json& process : array(audit, "processes"))
    EXPECT_EQ(std::ranges::count(names, support::text_of(process, "policy")), 1);
}

TEST_F(Audit, OptionsOfAStartMeanWhatTheyMeanThere) {
  std::string text = audit_spec({"--fd-limit", "100", "--without", "limits"}).out;
  EXPECT_EQ(text.find("limit open files"), text.npos);
  text = audit_spec({"--fd-limit", "100", "--without", "landlock", "--host-fifo"}).out;
  EXPECT_NE(text.find("limit open files        100\n"), text.npos);
  EXPECT_NE(text.find("landlock                none\n"), text.npos);
  EXPECT_NE(text.find("+fifo"), text.npos);
}

// A policy of the start, on a process that somebody has changed since.
TEST_F(Audit, ShowsWhatIsNotAsPlanned) {
  start();
  rlimit limit{.rlim_cur = 77, .rlim_max = 77};
  ASSERT_EQ(::prlimit(gofer().worker(1), RLIMIT_NOFILE, &limit, nullptr), 0);
  Said said = audit_live();
  EXPECT_EQ(said.end.status, 8);
  EXPECT_NE(said.out.find("! limit open files        77   (expected: 4096)\n"), said.out.npos)
      << said.out;
}

TEST_F(Audit, PassesOverWorkersThatHaveEnded) {
  start();
  gofer().take_client(1).reset();
  gofer().worker_end(gofer().worker(1));
  Said said = audit_live();
  EXPECT_EQ(said.end.status, 0) << said.out;
  EXPECT_EQ(said.out.find("/data  pid"), said.out.npos);
  EXPECT_NE(said.out.find("note: 1 processes have ended\n"), said.out.npos);
}

TEST_F(Audit, IsForThoseWhoMayLookIntoTheLauncher) {
  start();
  support::Process process(
      {.words = {GOFER_BINARY, "audit", "--live", std::to_string(gofer().process().pid())},
       .inherited = {},
       .environment = {},
       .user = kUser});
  EXPECT_EQ(process.wait().status, 77) << process.err();
  EXPECT_NE(process.err().find("CAP_SYS_PTRACE"), std::string::npos) << process.err();
}

TEST_F(Audit, AWrongLineIsOneLineAndStatusTwo) {
  for (const Words& words :
       {Words{}, Words{"--live"}, Words{"--live", "x"}, Words{"--live", "0"},
        Words{"--live", "1", "--spec", "c"}, Words{"--help"},
        Words{"--live", std::to_string(::getpid())}, Words{"--bundle", "d", "--io-fds", "3"}}) {
    Words line{"audit"};
    line.insert(line.end(), words.begin(), words.end());
    Said said = run(line);
    EXPECT_EQ(said.end.status, 2) << said.out;
    EXPECT_EQ(std::ranges::count(said.err, '\n'), 1) << said.err;
    EXPECT_TRUE(said.err.starts_with("gofer: options: ")) << said.err;
  }
}

}  // namespace
}  // namespace cmd
