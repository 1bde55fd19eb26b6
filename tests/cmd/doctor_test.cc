// `gofer doctor` on the running kernel, and on one that lacks something: a system call that fails.
#include <gtest/gtest.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

#include <cerrno>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "spec/json.h"
#include "tests/cmd/said.h"
#include "tests/support/gofer_process.h"

namespace cmd {
namespace {

using spec::Json;
using Words = std::vector<std::string>;

constexpr uid_t kUser = 4242;

struct Report {
  std::optional<int> status;
  std::string health;
  std::map<std::string, Json> findings;
  Words order;

  std::string of(const std::string& name, const char* member) const {
    auto found = findings.find(name);
    return found == findings.end() ? "no finding" : support::text_of(found->second, member);
  }
};

Report report_of(const Said& said) {
  Report report{.status = said.end.status, .health = {}, .findings = {}, .order = {}};
  auto json = spec::parse_json(said.out, "test", "output");
  if (!json) {
    ADD_FAILURE() << base::to_line(json.error()) << said.err;
    return report;
  }
  report.health = support::text_of(*json, "health");
  for (const Json& finding : *json->find("findings")->as<Json::Array>()) {
    report.order.push_back(support::text_of(finding, "name"));
    report.findings[report.order.back()] = finding;
  }
  return report;
}

Said start(Words words, std::optional<uid_t> user = {}) {
  support::Process process(
      {.words = std::move(words), .inherited = {}, .environment = {}, .user = user});
  support::End end = process.wait();
  return {end, process.out(), process.err()};
}

const std::map<std::string, int> kStatusOf{{"ok", 0}, {"degraded", 9}, {"missing", 69}};

TEST(Doctor, FindsThatTheTestsCanRunHere) {
  Report report = report_of(run({"doctor", "--json"}));
  EXPECT_EQ(report.order, (Words{"kernel", "system_calls", "user_namespaces", "namespaces",
                                 "mount_trees", "seccomp", "trace", "landlock", "mdwe", "proc",
                                 "ids", "descriptors", "memory_control"}));
  for (const char* needed : {"system_calls", "user_namespaces", "namespaces", "mount_trees",
                             "seccomp", "proc", "ids", "descriptors"})
    EXPECT_EQ(report.of(needed, "health"), "ok") << needed;
  ASSERT_TRUE(kStatusOf.contains(report.health));
  EXPECT_EQ(report.status, kStatusOf.at(report.health));
}

// What is not well says what it costs and how to mend it, and nothing else does.
TEST(Doctor, HasARemedyForWhateverIsNotWell) {
  Report report = report_of(start({GOFER_BINARY, "doctor", "--json"}, kUser));
  EXPECT_EQ(report.of("ids", "health"), "degraded");
  for (const auto& [name, finding] : report.findings) {
    bool well = support::text_of(finding, "health") == "ok";
    EXPECT_EQ(support::text_of(finding, "costs").empty(), well) << name;
    EXPECT_EQ(support::text_of(finding, "remedy").empty(), well) << name;
  }
}

TEST(Doctor, TellsPeopleTheSame) {
  Report report = report_of(run({"doctor", "--json"}));
  Said said = run({"doctor"});
  EXPECT_EQ(said.end.status, report.status);
  for (const auto& [name, finding] : report.findings)
    EXPECT_NE(said.out.find(support::text_of(finding, "found") + "\n"), said.out.npos) << name;
  EXPECT_NE(said.out.find("\ngofer works here, with "), said.out.npos) << said.out;
}

TEST(Doctor, AWrongLineIsStatusTwo) {
  for (const Words& words : {Words{"doctor", "x"}, Words{"doctor", "--json", "--json"}})
    EXPECT_EQ(run(words).end.status, 2);
}

struct Lack {
  std::string finding;
  std::string health;
  long call;
  int error;
  std::optional<unsigned long> first_argument;
  std::string remedy;  // part of it
};

class DoctorFinds : public testing::TestWithParam<Lack> {};

TEST_P(DoctorFinds, WhatTheKernelLacks) {
  const Lack& lack = GetParam();
  std::string first = lack.first_argument ? std::to_string(*lack.first_argument) : "any";
  Report report =
      report_of(start({WITHOUT_EFFECT, std::to_string(lack.call) + "=" + std::to_string(lack.error),
                       first, GOFER_BINARY, "doctor", "--json"}));
  EXPECT_EQ(report.of(lack.finding, "health"), lack.health);
  EXPECT_NE(report.of(lack.finding, "costs"), "");
  std::string remedy = report.of(lack.finding, "remedy");
  EXPECT_NE(remedy.find(lack.remedy), remedy.npos) << remedy;
  EXPECT_EQ(report.health, lack.health);
  EXPECT_EQ(report.status, kStatusOf.at(lack.health));
}

constexpr unsigned long kPrGetMdwe = 66;

INSTANTIATE_TEST_SUITE_P(
    Of, DoctorFinds,
    testing::Values(Lack{"system_calls", "missing", SYS_openat2, ENOSYS, {}, "Linux 5.6"},
                    Lack{"namespaces", "missing", SYS_unshare, EPERM, CLONE_NEWNET,
                         "forbids unshare"},
                    Lack{"mount_trees", "missing", SYS_mount_setattr, ENOSYS, {}, "Linux 5.14"},
                    Lack{"seccomp", "missing", SYS_seccomp, EOPNOTSUPP, SECCOMP_GET_ACTION_AVAIL,
                         "CONFIG_SECCOMP_FILTER"},
                    Lack{"trace", "degraded", SYS_ptrace, EPERM, PTRACE_SEIZE, "ptrace_scope"},
                    Lack{"landlock", "degraded", SYS_landlock_create_ruleset, ENOSYS, {}, "lsm="},
                    Lack{"mdwe", "degraded", SYS_prctl, EINVAL, kPrGetMdwe, "Linux 6.3"}),
    [](const auto& of) { return of.param.finding; });

}  // namespace
}  // namespace cmd
