// Good bundles: what is read, and which attach points come of it.
#include "spec/attach_plan.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <tuple>

#include "spec/mount_options.h"
#include "tests/spec/spec_support.h"
#include "tests/support/temp_dir.h"

namespace spec {
namespace {

using test::bind_with;
using test::bundle_with;
using test::notes;
using test::refusal;

// A container as an engine writes it: bind mounts among the usual ones, members of every section.
constexpr std::string_view kContainer = R"({
  "ociVersion": "1.0.2-dev",
  "process": {"terminal": false, "user": {"uid": 0, "gid": 0}, "args": ["sh"], "cwd": "/",
              "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024}]},
  "root": {"path": "rootfs"},
  "hostname": "box",
  "hooks": {"prestart": [{"path": "/bin/true"}]},
  "mounts": [
    {"destination": "/proc", "type": "proc", "source": "proc", "options": ["nosuid", "noexec"]},
    {"destination": "/data", "type": "bind", "source": "/srv/data",
     "options": ["rbind", "rprivate", "rw", "x-gofer.xattr=acl"]},
    {"destination": "/dev", "type": "tmpfs", "source": "tmpfs",
     "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]},
    {"destination": "/etc/resolv.conf", "type": "bind", "source": "run/resolv.conf",
     "options": ["bind", "ro", "rslave", "x-gofer.panic-on-write", "x-gofer.xattr=none",
                 "x-gofer.locks=off", "x-gofer.donate=off"]},
    {"destination": "/run/ipc", "type": "none", "source": "/run/ipc", "futureMember": [1, {}],
     "options": ["rbind", "x-gofer.mknod=fifo", "x-gofer.mknod=socket"]}
  ],
  "linux": {"rootfsPropagation": "rslave", "namespaces": [{"type": "pid"}, {"type": "mount"}],
            "resources": {"memory": {"limit": 1073741824}}, "maskedPaths": ["/proc/kcore"]},
  "annotations": {"org.example.x": "y", "org.gofer.root.options": "x-gofer.mknod=socket"},
  "futureSection": {"a": null}
})";

TEST(Bundle, KeepsWhatItHasAPlaceForAndIgnoresTheRest) {
  auto bundle = parse_bundle(kContainer, "config.json");
  ASSERT_TRUE(bundle.has_value()) << to_line(bundle.error());
  EXPECT_EQ(bundle->oci_version, "1.0.2-dev");
  EXPECT_EQ(bundle->root.path, "rootfs");
  EXPECT_FALSE(bundle->root.readonly);
  ASSERT_EQ(bundle->mounts.size(), 5U);
  EXPECT_EQ(bundle->mounts[1].source, "/srv/data");
  EXPECT_EQ(bundle->mounts[1].options,
            (std::vector<std::string>{"rbind", "rprivate", "rw", "x-gofer.xattr=acl"}));
  EXPECT_EQ(bundle->rootfs_propagation, Propagation::kSlave);
  EXPECT_FALSE(bundle->user_namespace);
  EXPECT_EQ(bundle->annotations.at("org.example.x"), "y");
  EXPECT_TRUE(bundle->notes.empty());
}

TEST(Bundle, KeepsTheMountsAsTheyStandInTheText) {
  auto bundle = parse_bundle(kContainer, "config.json");
  ASSERT_TRUE(bundle.has_value());
  ASSERT_EQ(bundle->raw_mounts.as<Json::Array>()->size(), 5U);
  EXPECT_EQ(dump((*bundle->raw_mounts.as<Json::Array>())[4]),
            R"({"destination":"/run/ipc","type":"none","source":"/run/ipc",)"
            R"("futureMember":[1,{}],)"
            R"("options":["rbind","x-gofer.mknod=fifo","x-gofer.mknod=socket"]})");
  auto none = parse_bundle(R"({"ociVersion":"1.0.2","root":{"path":"r"}})", "config.json");
  EXPECT_EQ(dump(none->raw_mounts), "[]");
}

TEST(AttachPlan, HasTheRootFirstAndThenTheBindMountsInOrder) {
  auto made = test::plan(kContainer, {.bundle = "/b"});
  ASSERT_TRUE(made.has_value()) << to_line(made.error());
  ASSERT_EQ(made->attach_points.size(), 4U);
  const auto& [root, data, resolv, ipc] = std::tie(made->attach_points[0], made->attach_points[1],
                                                   made->attach_points[2], made->attach_points[3]);
  EXPECT_EQ(root.where + " " + root.destination + " " + root.source, "/root / /b/rootfs");
  EXPECT_EQ(data.where + " " + data.destination + " " + data.source, "/mounts/1 /data /srv/data");
  EXPECT_EQ(resolv.where + " " + resolv.destination + " " + resolv.source,
            "/mounts/3 /etc/resolv.conf /b/run/resolv.conf");
  EXPECT_EQ(ipc.where + " " + ipc.destination + " " + ipc.source, "/mounts/4 /run/ipc /run/ipc");

  EXPECT_EQ(root.access, Access::kReadWrite);
  EXPECT_TRUE(root.recursive);
  EXPECT_EQ(root.propagation, Propagation::kSlave);
  EXPECT_EQ(root.options.special, (SpecialFiles{.socket = true}));
  EXPECT_EQ(data.access, Access::kReadWrite);
  EXPECT_TRUE(data.recursive);
  EXPECT_EQ(data.propagation, Propagation::kPrivate);
  EXPECT_EQ(resolv.access, Access::kReadOnly);
  EXPECT_EQ(resolv.options.on_write, OnWrite::kPanic);
  EXPECT_FALSE(resolv.recursive);
  EXPECT_EQ(resolv.propagation, Propagation::kSlave);
  EXPECT_EQ(ipc.options.special, (SpecialFiles{.fifo = true, .socket = true}));
  EXPECT_EQ(data.options.xattrs, (XattrNames{.user = true, .acl = true}));
  EXPECT_TRUE(data.options.locks);
  EXPECT_EQ(resolv.options.xattrs, (XattrNames{.user = false}));
  EXPECT_FALSE(resolv.options.locks);
  EXPECT_TRUE(data.options.donate);
  EXPECT_FALSE(resolv.options.donate);
  EXPECT_EQ(root.options.xattrs, (XattrNames{}));
  EXPECT_TRUE(made->notes.empty());
}

TEST(AttachPlan, ListsWhatItPassesOver) {
  auto made = test::plan(kContainer);
  ASSERT_TRUE(made.has_value());
  ASSERT_EQ(made->passed_over.size(), 2U);
  EXPECT_EQ(made->passed_over[0].where, "/mounts/0");
  EXPECT_EQ(made->passed_over[0].type, "proc");
  EXPECT_EQ(made->passed_over[1].destination, "/dev");
}

TEST(AttachPlan, PanicOnWriteForAllMeansTheReadOnlyOnes) {
  auto made = test::plan(
      bundle_with(bind_with(R"("bind","ro")") +
                  R"(,{"destination":"/rw","type":"bind","source":"/t","options":["bind"]})"),
      {.panic_on_write = true});
  ASSERT_TRUE(made.has_value());
  EXPECT_EQ(made->attach_points[0].options.on_write, OnWrite::kPanic);
  EXPECT_EQ(made->attach_points[1].options.on_write, OnWrite::kPanic);
  EXPECT_EQ(made->attach_points[2].options.on_write, OnWrite::kRefuse);
}

TEST(AttachPlan, WhatIsAskedForOnEveryAttachPointAddsToItsOwnWords) {
  auto made = test::plan(bundle_with(bind_with(R"("bind","x-gofer.channels=4")")),
                         {.uds = true, .fifo = true, .channels = 2});
  ASSERT_TRUE(made.has_value());
  EXPECT_EQ(made->attach_points[0].options,
            (GoferOptions{.uds = true, .fifo = true, .channels = 2}));
  EXPECT_EQ(made->attach_points[1].options,
            (GoferOptions{.uds = true, .fifo = true, .channels = 4}));
}

TEST(AttachPlan, RootOptionsComeFromTheAnnotation) {
  auto with = [](std::string_view list) {
    return bundle_with("",
                       R"(,"annotations":{"org.gofer.root.options":")" + std::string(list) + "\"}");
  };
  EXPECT_EQ(test::plan(with("x-gofer.panic-on-write"))->attach_points[0].options.on_write,
            OnWrite::kPanic);
  EXPECT_EQ(test::plan(with(""))->attach_points[0].options.on_write, OnWrite::kRefuse);
  EXPECT_EQ(refusal(with("x-gofer.panic")),
            "spec: /annotations/org.gofer.root.options: the option \"x-gofer.panic\" is not known; "
            "expected one of x-gofer.panic-on-write x-gofer.mknod=fifo x-gofer.mknod=socket "
            "x-gofer.xattr=none x-gofer.xattr=user x-gofer.xattr=acl x-gofer.xattr=security "
            "x-gofer.xattr=trusted x-gofer.locks=off x-gofer.donate=off x-gofer.uds=open "
            "x-gofer.fifo=open x-gofer.channels=1 x-gofer.channels=2 x-gofer.channels=3 "
            "x-gofer.channels=4");
  EXPECT_NE(refusal(test::replaced(with("x-gofer.panic-on-write"), ",\"readonly\":true", ""))
                .find("nothing would ever panic"),
            std::string::npos);
}

TEST(AttachPlan, SaysWhenMknodCanMakeNothing) {
  EXPECT_EQ(notes(bundle_with(bind_with(R"("bind","ro","x-gofer.mknod=fifo")"))),
            "/mounts/0/options: x-gofer.mknod has no effect on a read-only attach point");
  EXPECT_EQ(notes(bundle_with("", R"(,"annotations":{"org.gofer.root.options":)"
                                  R"("x-gofer.mknod=fifo"})")),
            "/annotations/org.gofer.root.options: x-gofer.mknod has no effect on a read-only "
            "attach point");
}

TEST(AttachPlan, SaysWhenSocketsAndFifosAreOfNoUse) {
  constexpr std::string_view kSockets =
      "/mounts/0: sockets (uds) have no effect with x-gofer.donate=off: clients use them by "
      "descriptor only";
  constexpr std::string_view kFifos =
      "/mounts/0: FIFOs (fifo) have no effect with x-gofer.donate=off: clients use them by "
      "descriptor only";
  auto of = [](std::string_view options) { return notes(bundle_with(bind_with(options))); };
  EXPECT_EQ(of(R"("bind","x-gofer.uds=open","x-gofer.fifo=open")"), "");
  EXPECT_EQ(of(R"("bind","ro","x-gofer.uds=open","x-gofer.fifo=open")"), "");
  EXPECT_EQ(of(R"("bind","x-gofer.uds=open","x-gofer.donate=off")"), kSockets);
  EXPECT_EQ(of(R"("bind","x-gofer.fifo=open","x-gofer.donate=off")"), kFifos);
  EXPECT_EQ(notes(bundle_with(bind_with(R"("bind","x-gofer.donate=off")")), {.uds = true}),
            kSockets);
}

TEST(AttachPlan, SaysWhichXattrsCostCapabilities) {
  auto of = [](std::string_view options) { return notes(bundle_with(bind_with(options))); };
  constexpr std::string_view kSecurity =
      "/mounts/0/options: x-gofer.xattr=security: the worker keeps CAP_SETFCAP, and its client can "
      "make files of the host privileged";
  constexpr std::string_view kTrusted =
      "/mounts/0/options: x-gofer.xattr=trusted: the worker keeps CAP_SYS_ADMIN";
  EXPECT_EQ(of(R"("bind","x-gofer.xattr=acl")"), "");
  EXPECT_EQ(of(R"("bind","x-gofer.xattr=security")"), kSecurity);
  EXPECT_EQ(of(R"("bind","ro","x-gofer.xattr=security")"), "");
  EXPECT_EQ(of(R"("bind","x-gofer.xattr=trusted")"), kTrusted);
  EXPECT_EQ(of(R"("bind","ro","x-gofer.xattr=trusted")"), kTrusted);
}

TEST(AttachPlan, NotesOfTheBundleComeFirst) {
  EXPECT_EQ(notes(test::replaced(bundle_with(bind_with("\"ro\"")), "1.0.2", "1.9.0")),
            "/ociVersion: version 1.9.0 is newer than 1.3; what it added is not honoured\n"
            "/mounts/0: type bind without the option bind or rbind; taken for bind");
}

TEST(Bundle, HasAWorkingDirectoryOnlyWhereItIsAPath) {
  auto cwd = [](const std::string& process) {
    auto bundle = parse_bundle(bundle_with("", R"(,"process":)" + process), "c");
    return bundle ? bundle->cwd : to_line(bundle.error());
  };
  EXPECT_EQ(cwd(R"({"cwd":"/work/x"})"), "/work/x");
  for (const char* none : {R"({})", R"({"cwd":7})", R"({"cwd":"/a\u0000b"})", R"("text")", "null"})
    EXPECT_EQ(cwd(none), "") << none;
  EXPECT_EQ(cwd(R"({"cwd":"/)" + std::string(256, 'x') + "\"}"), "");
  std::string deep;
  for (int i = 0; i < 2048; ++i) deep += "/a";
  EXPECT_EQ(cwd(R"({"cwd":")" + deep + "\"}"), "");
}

TEST(Bundle, HasAnOomScoreOnlyWhereItIsOne) {
  auto score = [](const std::string& value) {
    auto bundle = parse_bundle(bundle_with("", R"(,"process":{"oomScoreAdj":)" + value + "}"), "c");
    return bundle->oom_score_adj;
  };
  EXPECT_EQ(score("0"), 0);
  EXPECT_EQ(score("1000"), 1000);
  EXPECT_EQ(score("-1000"), -1000);
  for (const char* none : {"1001", "-1001", "18446744073709551615", "1.5", "\"1\"", "null", "{}"})
    EXPECT_EQ(score(none), std::nullopt) << none;
}

TEST(AttachPlan, IsReadOnlyWhereTheCallerSaysSoWhateverTheSpecSays) {
  auto accesses = [](const PlanOptions& options) {
    std::string text = test::replaced(bundle_with(bind_with(R"("bind","rw")")), "true", "false");
    std::string access;
    for (const AttachPoint& point : test::plan(text, options)->attach_points)
      access += point.access == Access::kReadOnly ? "ro " : "rw ";
    return access;
  };
  EXPECT_EQ(accesses({}), "rw rw ");
  EXPECT_EQ(accesses({.read_only_root = true}), "ro rw ");
  EXPECT_EQ(accesses({.read_only = true}), "ro ro ");
  EXPECT_EQ(accesses({.read_only_root = true, .read_only = true}), "ro ro ");
}

TEST(AttachPlan, LeavesFlagsOfRunscToACallerThatHonoursThem) {
  std::string text = bundle_with("", R"(,"annotations":{"dev.gvisor.flag.debug":"true"})");
  EXPECT_NE(notes(text), "");
  EXPECT_EQ(notes(text, {.for_runsc = true}), "");
}

// What `tool spec` writes into an empty directory; empty if there is no such tool here.
std::string spec_written_by(const std::string& tool) {
  support::TempDir dir;
  std::string command = "cd " + dir.path().string() + " && " + tool + " spec >/dev/null 2>&1";
  if (std::system(command.c_str()) != 0) return {};  // NOLINT(concurrency-mt-unsafe): one thread
  std::ifstream file(dir / "config.json");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

class SpecWrittenBy : public testing::TestWithParam<std::string> {};

TEST_P(SpecWrittenBy, GivesOneAttachPointAndNothingToSay) {
  std::string text = spec_written_by(GetParam());
  if (text.empty()) GTEST_SKIP() << GetParam() << " is not installed";
  auto made = test::plan(text, {.bundle = "/b"});
  ASSERT_TRUE(made.has_value()) << to_line(made.error());
  ASSERT_EQ(made->attach_points.size(), 1U);
  EXPECT_EQ(made->attach_points[0].source, "/b/rootfs");
  EXPECT_EQ(made->attach_points[0].access, Access::kReadOnly);
  EXPECT_EQ(made->passed_over.size(), 7U);
  EXPECT_TRUE(made->notes.empty());
}

INSTANTIATE_TEST_SUITE_P(AttachPlan, SpecWrittenBy, testing::Values("runc", "crun"),
                         [](const auto& tool) { return tool.param; });

}  // namespace
}  // namespace spec
