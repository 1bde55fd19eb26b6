// How gofer takes the state in which a runsc-like runtime starts it: the line, descriptors,
// namespaces, logs; and what comes of a start that fails.
#include <fcntl.h>

#include <fstream>

#include "spec/json.h"
#include "tests/interop/runsc_world.h"
#include "tests/support/descriptors.h"

namespace interop {
namespace {

using p9client::Client;
using support::outcome;
using support::path;

class RunscStart : public Runsc {
 protected:
  // The failure that the shim finds in its log.
  std::string told_to_shim() {
    std::string line = runtime_->log();
    auto object = spec::parse_json(line.substr(0, line.find('\n')), "log", "line");
    if (!object) return "no JSON: " + line;
    EXPECT_EQ(support::text_of(*object, "level"), "error");
    EXPECT_NE(support::text_of(*object, "time"), "");
    return support::text_of(*object, "msg");
  }
  // Nothing was served, the sandbox sees the end at once, and both logs say why.
  void expect_failure(int status, const std::string& why) {
    start_.log = true;
    Runtime& runtime = launch();
    EXPECT_EQ(runtime.mount_list(), "");
    EXPECT_EQ(runtime.process().wait(), support::End{.status = status});
    char byte = 0;
    EXPECT_EQ(::read(runtime.take_socket(0).raw(), &byte, 1), 0);
    EXPECT_NE(told_to_shim().find(why), std::string::npos) << told_to_shim();
    EXPECT_NE(runtime.debug_log().find(why), std::string::npos) << runtime.debug_log();
  }
  void serve_and_end() {
    support::make_file(rootfs() / "name", "root");
    serve();
    {
      Client client = connect(0);
      EXPECT_EQ(client.read_file("name"), "root");
    }
    EXPECT_EQ(end(), kGoodEnd) << runtime_->debug_log();
  }
  // Those that the runtime has made go into files, for seen_by_the_runtime().
  void note_namespaces() {
    start_.before_exec = [this] {
      for (const char* kind : {"net", "ipc", "uts"})
        std::ofstream(bundle_.directory() / kind)
            << std::filesystem::read_symlink(path("/proc/self/ns") / kind).native();
    };
  }
  std::string seen_by_the_runtime(const char* name) const {
    std::ifstream in(bundle_.directory() / name);
    std::string text;
    std::getline(in, text);
    return text;
  }
};

TEST_F(RunscStart, IsKnownByTheWordGofer) {
  start_.name = "/usr/sbin/gofer";
  serve_and_end();
}

TEST_F(RunscStart, TakesEverythingThatARuntimePasses) {
  start_.globals = {"--root=state",         "--debug=true",
                    "--log=l.json",         "--log-format=json",
                    "--debug-log=log/",     "--debug-log-format=text",
                    "--overlay2=none",      "--host-uds=all",
                    "--host-fifo=open",     "--network=none",
                    "--profile=true",       "--profile-cpu=prof",
                    "--lisafs=false",       "--TESTONLY-unsafe-nonroot=true",
                    "--fdlimit=500",        "--allow-flag-override=true",
                    "--ignore-cgroups=true"};
  start_.log = start_.profile = true;
  serve_and_end();
  EXPECT_EQ(runtime_->log(), "") << "it is for failures";
}

TEST_F(RunscStart, LeavesNothingOpenThatTheLineDoesNotName) {
  auto [reading, writing] = support::make_pipe();
  start_.strays.emplace_back(writing);
  Runtime& runtime = serve();
  writing.reset();
  char byte = 0;
  EXPECT_EQ(::read(reading.raw(), &byte, 1), 0) << "a writer is left";
  wait_for_supervisor();
  for (const auto& [number, what] : support::descriptors_of(runtime.process().pid()))
    EXPECT_TRUE(number <= 2 || what.starts_with("/memfd:gofer plan")) << what;
}

TEST_F(RunscStart, UsesTheNamespacesOfTheRuntime) {
  note_namespaces();
  Runtime& runtime = serve();
  for (const char* kind : {"net", "ipc", "uts"}) {
    EXPECT_EQ(support::namespace_of(runtime.worker(0), kind), seen_by_the_runtime(kind));
    EXPECT_NE(support::namespace_of(::getpid(), kind), seen_by_the_runtime(kind));
  }
  for (const char* kind : {"pid", "mnt", "cgroup"})
    EXPECT_NE(support::namespace_of(runtime.worker(0), kind),
              support::namespace_of(::getpid(), kind));
  EXPECT_EQ(support::status_field(runtime.worker(0), "Umask"), "0000");
  wait_for_supervisor();
}

TEST_F(RunscStart, HasANetworkNamespaceOfItsOwnForSockets) {
  note_namespaces();
  start_.globals.emplace_back("--host-uds=open");
  Runtime& runtime = serve();
  wait_for_supervisor();
  std::string worker = support::namespace_of(runtime.worker(0), "net");
  EXPECT_NE(worker, seen_by_the_runtime("net"));
  EXPECT_NE(worker, support::namespace_of(::getpid(), "net"));
}

TEST_F(RunscStart, LimitsDescriptorsAsTold) {
  start_.globals.emplace_back("--fdlimit=500");
  Runtime& runtime = serve();
  std::string limits =
      support::read_file(path("/proc") / std::to_string(runtime.worker(0)) / "limits");
  EXPECT_NE(limits.find("Max open files            500                  500"), std::string::npos)
      << limits;
}

TEST_F(RunscStart, IsAsSoonToGoForWantOfMemoryAsItsContainer) {
  bundle_.process("oomScoreAdj", spec::Json(uint64_t{321}));
  Runtime& runtime = serve();
  for (pid_t pid : {runtime.process().pid(), runtime.worker(0)})
    EXPECT_EQ(support::read_file(path("/proc") / std::to_string(pid) / "oom_score_adj"), "321\n");
}

TEST_F(RunscStart, ServesWhereItMayNotLastLonger) {
  bundle_.process("oomScoreAdj", spec::Json(int64_t{-1000}));
  give_bundle_to(100'000);
  start_.users = Users::kMapped;
  start_.id_map = "0 100000 65536";
  Runtime& runtime = serve();
  EXPECT_NE(
      runtime.debug_log().find("limits: oom_score_adj: cannot set it to -1000 (write: EACCES"),
      std::string::npos)
      << runtime.debug_log();
}

TEST_F(RunscStart, LogsToTheDebugLog) {
  serve_and_end();
  EXPECT_NE(runtime_->debug_log().find(" info gofer: ready attach_points=1\n"), std::string::npos)
      << runtime_->debug_log();
  EXPECT_NE(runtime_->debug_log().find(R"(worker ended destination="/" cause="hangup")"),
            std::string::npos)
      << runtime_->debug_log();
}

TEST_F(RunscStart, LogsAsJsonIfTold) {
  start_.globals.emplace_back("--debug-log-format=json");
  serve_and_end();
  EXPECT_NE(runtime_->debug_log().find(R"("who":"gofer","event":"ready","attach_points":1})"),
            std::string::npos)
      << runtime_->debug_log();
}

TEST_F(RunscStart, LogsOnlyErrorsWhereOnlyTheShimReads) {
  start_.log = true;
  start_.debug_log = false;
  bundle_.mount("/a", bundle_.beside("a"));
  Runtime& runtime = serve();
  EXPECT_EQ(runtime.log(), "");
  pid_t worker = runtime.worker(1);
  ASSERT_EQ(::kill(worker, SIGKILL), 0);
  EXPECT_EQ(end(), support::End{.status = 5});
  EXPECT_EQ(told_to_shim().find(R"(gofer: worker ended destination="/a" cause="killed")"), 0U)
      << runtime.log();
}

TEST_F(RunscStart, MayBeToldMoreByAnAnnotation) {
  bundle_.annotate("dev.gvisor.flag.debug", "true").annotate("dev.gvisor.flag.overlay2", "all:x");
  serve_and_end();
  EXPECT_NE(runtime_->debug_log().find(R"( debug gofer: serving destination="/" source=")" +
                                       rootfs().native() + R"(" access="rw" pid=)"),
            std::string::npos)
      << runtime_->debug_log();
  EXPECT_NE(runtime_->debug_log().find("dev.gvisor.flag.overlay2: not honoured"), std::string::npos)
      << runtime_->debug_log();
}

TEST_F(RunscStart, MayBeToldAnythingByAnAnnotationIfTheRuntimeAllowsIt) {
  bundle_.annotate("dev.gvisor.flag.overlay2", "all:memory");
  start_.globals.emplace_back("--allow-flag-override=true");
  serve();
  Client client = connect(0);
  EXPECT_EQ(outcome(client.write_file("new", "")), "EROFS");
}

TEST_F(RunscStart, FailsAtOnceForASandboxThatWillSpeakLisafs) {
  start_.globals = {"--root=state"};
  expect_failure(2, "--lisafs: this gofer speaks 9P");
}

TEST_F(RunscStart, FailsForALineThatIsWrong) {
  start_.more = {"--setup-root=false"};
  expect_failure(2, "--setup-root=false: is no option");
}

TEST_F(RunscStart, FailsForADebugLogThatIsNotOpen) {
  start_.log = true;
  start_.debug_log = false;
  start_.globals.emplace_back("--debug-log-fd=77");
  EXPECT_EQ(launch().process().wait(), support::End{.status = 2});
  EXPECT_NE(told_to_shim().find("--debug-log-fd: descriptor 77 is not open"), std::string::npos);
}

TEST_F(RunscStart, FailsForASourceThatIsMissing) {
  bundle_.mount("/a", bundle_.directory() / "nowhere");
  expect_failure(65, "/mounts/0: cannot open");
}

TEST_F(RunscStart, FailsForOneSocketTooFew) {
  bundle_.mount("/a", bundle_.beside("a"));
  bundle_.write();
  start_.log = true;
  start_.directory = bundle_.directory();
  start_.bundle = ".";
  Runtime& runtime = runtime_.emplace(start_);
  EXPECT_EQ(runtime.mount_list(), "");
  EXPECT_EQ(runtime.process().wait(), support::End{.status = 2});
  EXPECT_NE(told_to_shim().find("1 descriptors for 2 attach points"), std::string::npos);
}

// User namespaces. Ids of the host are given for those of the container.

TEST_F(RunscStart, ServesFromAUserNamespaceWithMaps) {
  constexpr uid_t kRoot = 100'000;
  support::make_file(rootfs() / "name", "root");
  bundle_.mount("/data", bundle_.beside("data"));
  give_bundle_to(kRoot);
  support::make_file(rootfs() / "foreign");
  start_.users = Users::kMapped;
  start_.id_map = "0 100000 65536";
  serve();
  Client root = connect(0);
  EXPECT_EQ(root.read_file("name"), "root");
  EXPECT_EQ(root.stat("foreign")->uid, 65534U);
  Client data = connect(1);
  ASSERT_EQ(outcome(data.write_file("new", "text")), "ok");
  EXPECT_EQ(owner_of(bundle_.beside("data") / "new"), "100000:100000");
  auto fid = data.walk("new");
  EXPECT_EQ(outcome(data.call(p9::Tsetattr{.fid = *fid, .valid = p9::kSetattrUid, .uid = 7})),
            "ok");
  EXPECT_EQ(owner_of(bundle_.beside("data") / "new"), "100007:100000");
}

TEST_F(RunscStart, ServesARootlessCallersIdAlone) {
  give_bundle_to(4242);
  start_.users = Users::kMapped;
  start_.id_map = "0 4242 1";
  serve();
  Client client = connect(0);
  ASSERT_EQ(outcome(client.write_file("new", "text")), "ok");
  EXPECT_EQ(owner_of(rootfs() / "new"), "4242:4242");
  auto fid = client.walk("new");
  EXPECT_EQ(outcome(client.call(p9::Tsetattr{.fid = *fid, .valid = p9::kSetattrUid, .uid = 7})),
            "EINVAL");
}

TEST_F(RunscStart, MakesTheNamespacesThatNobodyHasMade) {
  give_bundle_to(4242);
  start_.users = Users::kPlain;
  start_.user = 4242;
  start_.globals.emplace_back("--TESTONLY-unsafe-nonroot=true");
  Runtime& runtime = serve();
  Client client = connect(0);
  ASSERT_EQ(outcome(client.write_file("new", "text")), "ok");
  EXPECT_EQ(owner_of(rootfs() / "new"), "4242:4242");
  for (const char* kind : {"user", "net", "ipc", "uts", "pid", "mnt"})
    EXPECT_NE(support::namespace_of(runtime.worker(0), kind),
              support::namespace_of(::getpid(), kind))
        << kind;
}

TEST_F(RunscStart, WaitsForTheMapsOfItsUserNamespace) {
  bundle_.mount("/data", bundle_.beside("data"));
  give_bundle_to(4242);
  start_.users = Users::kSynced;
  start_.user = 4242;
  start_.id_map = "0 4242 1\n1 100000 65536";
  Runtime& runtime = launch();
  runtime.write_id_maps();
  EXPECT_NE(runtime.mount_list(), "") << runtime.debug_log();
  Client client = connect(1);
  ASSERT_EQ(outcome(client.write_file("new", "text")), "ok");
  EXPECT_EQ(owner_of(bundle_.beside("data") / "new"), "4242:4242");
  auto fid = client.walk("new");
  EXPECT_EQ(outcome(client.call(p9::Tsetattr{.fid = *fid, .valid = p9::kSetattrUid, .uid = 7})),
            "ok");
  EXPECT_EQ(owner_of(bundle_.beside("data") / "new"), "100006:4242");
  EXPECT_EQ(support::status_field(runtime.worker(1), "Uid"), "4242\t4242\t4242\t4242");
  EXPECT_EQ(support::status_field(runtime.worker(1), "CapAmb"), "0000000000000000");
}

TEST_F(RunscStart, FailsWithoutMaps) {
  start_.users = Users::kSynced;
  start_.user = 4242;
  start_.log = true;
  Runtime& runtime = launch();
  runtime.end_sync();
  EXPECT_EQ(runtime.mount_list(), "");
  EXPECT_EQ(runtime.process().wait(), support::End{.status = 69});
  EXPECT_NE(told_to_shim().find("cannot become root of the user namespace"), std::string::npos);
}

}  // namespace
}  // namespace interop
