// What is served to a runsc-like sandbox, and what it is told of it: trees, access, mount points,
// and the list of mounts, byte by byte.
#include <sys/mount.h>
#include <sys/socket.h>

#include <algorithm>
#include <thread>

#include "gofer/p9/flags.h"
#include "tests/interop/runsc_world.h"
#include "tests/interop/tools.h"
#include "tests/support/descriptors.h"

namespace interop {
namespace {

using p9client::Client;
using support::outcome;
using support::path;

std::string quoted(const path& text) {
  return "\"" + text.native() + "\"";
}

// An entry of the list as support::Bundle writes it.
std::string entry(const std::string& destination, const path& source, const std::string& options) {
  return R"({"destination":")" + destination + R"(","type":"bind","source":)" + quoted(source) +
         R"(,"options":[)" + options + "]}";
}

class RunscTree : public Runsc {
 protected:
  // A directory beside the rootfs that holds a file of its name.
  path source(const std::string& name) {
    path directory = bundle_.beside(name);
    support::make_file(directory / "name", name);
    return directory;
  }
  std::string name_at(std::size_t attach_point) {
    Client client = connect(attach_point);
    auto name = client.read_file("name");
    return name ? *name : outcome(name);
  }
  std::string write_at(std::size_t attach_point) {
    Client client = connect(attach_point);
    return outcome(client.write_file("new", "text"));
  }
};

TEST_F(RunscTree, OfARootAloneIsServed) {
  support::make_file(rootfs() / "name", "root");
  serve();
  EXPECT_EQ(list_, "[]");
  EXPECT_EQ(name_at(0), "root");
  EXPECT_EQ(end(), kGoodEnd) << runtime_->debug_log();
}

TEST_F(RunscTree, OfEachMountComesWithTheSocketOfItsPlaceInTheSpec) {
  support::make_file(bundle_.directory() / "hosts", "a file");
  bundle_.mount("/second", source("second"))
      .mount_type("/proc", "proc")
      .mount("/first", source("first"), {"bind", "ro"})
      .mount("/etc/hosts", bundle_.directory() / "hosts");
  serve();
  EXPECT_EQ(list_, "[" + entry("/second", bundle_.beside("second"), R"("rbind","rw")") +
                       R"(,{"destination":"/proc","type":"proc","source":"proc"},)" +
                       entry("/first", bundle_.beside("first"), R"("bind","ro")") + "," +
                       entry("/etc/hosts", bundle_.directory() / "hosts", R"("rbind","rw")") + "]");
  EXPECT_EQ(name_at(1), "second");
  EXPECT_EQ(name_at(2), "first");
  Client file = connect(3);
  EXPECT_EQ(file.read_file(""), "a file");
}

TEST_F(RunscTree, OfNestedMountsMayBeListedInAnyOrder) {
  support::make_file(bundle_.directory() / "file", "a file");
  bundle_.mount("/p/child", source("child"), {"rbind", "ro"})
      .mount_type("/p/tmp", "tmpfs")
      .mount("/p", source("parent"))
      .mount("/p/child/deep/file", bundle_.directory() / "file")
      .mount("/p/other", source("other"));
  serve();
  EXPECT_EQ(name_at(1), "child");
  EXPECT_EQ(name_at(2), "parent");
  EXPECT_EQ(name_at(4), "other");
  Client file = connect(3);
  EXPECT_EQ(file.read_file(""), "a file");
  EXPECT_EQ(mode_of(bundle_.beside("parent") / "child"), "0755") << "where the sandbox mounts it";
  EXPECT_EQ(mode_of(bundle_.beside("child") / "deep" / "file"), "0755") << "though it is read-only";
  EXPECT_EQ(mode_of(rootfs() / "p" / "child"), "missing");
  EXPECT_NE(list_.find(R"([{"destination":"/p/child",)"), std::string::npos) << "as in the spec";
}

TEST_F(RunscTree, IsDrivenByTheClientOfGvisor) {
  constexpr std::size_t kPlaces = 4;  // descriptors that a worker keeps of places
  path tree = source("tree");
  make_tree_for_gvisor(tree);
  bundle_.mount("/tree", tree);
  Runtime& runtime = serve();
  pid_t worker = runtime.worker(1);
  std::size_t most = support::count_descriptors(worker) + kPlaces;
  base::UniqueFd socket = runtime.take_socket(1);
  support::Process client({.words = {GVISOR_CLIENT, "-socket", std::to_string(socket.raw()),
                                     "-tree", tree.native(), "-ask", "13", "-want", "13", "-worker",
                                     std::to_string(worker), "-descriptors", std::to_string(most)},
                           .inherited = {socket},
                           .environment = {},
                           .user = {}});
  socket.reset();
  EXPECT_EQ(client.wait(), support::End{.status = 0}) << client.out() << client.err();
  EXPECT_EQ(end(), kGoodEnd) << runtime.debug_log();
}

TEST_F(RunscTree, IsReadOnlyWhereTheSpecSaysSo) {
  bundle_.read_only_root().mount("/a", source("a"), {"bind", "ro"}).mount("/b", source("b"));
  serve();
  EXPECT_EQ(write_at(0), "EROFS");
  EXPECT_EQ(write_at(1), "EROFS");
  EXPECT_EQ(write_at(2), "ok");
}

struct Covered {
  const char* flag;
  const char* root;
  const char* mount;
};

class RunscOverlay : public RunscTree, public testing::WithParamInterface<Covered> {};

INSTANTIATE_TEST_SUITE_P(Of, RunscOverlay,
                         testing::Values(Covered{"--overlay2=root:memory", "EROFS", "ok"},
                                         Covered{"--overlay2=all:dir=/tmp", "EROFS", "EROFS"},
                                         Covered{"--overlay=true", "EROFS", "EROFS"},
                                         Covered{"--overlay2=none", "ok", "ok"}));

TEST_P(RunscOverlay, IsServedReadOnlyAndGetsItsMountPointsAllTheSame) {
  bundle_.mount("/made/a", source("a"));
  start_.globals.emplace_back(GetParam().flag);
  serve();
  EXPECT_EQ(write_at(0), GetParam().root);
  EXPECT_EQ(write_at(1), GetParam().mount);
  EXPECT_EQ(mode_of(rootfs() / "made" / "a"), "0755");
}

struct Opened {
  const char* flag;
  const char* answers;  // to a connect to a socket, and to the opening of a FIFO
};

class RunscSpecial : public RunscTree, public testing::WithParamInterface<Opened> {};

INSTANTIATE_TEST_SUITE_P(
    Files, RunscSpecial,
    testing::Values(Opened{"--host-uds=none", "EOPNOTSUPP, EPERM"},
                    Opened{"--host-uds=create", "EOPNOTSUPP, EPERM"},
                    Opened{"--host-uds=open", "ok with a descriptor, EPERM"},
                    Opened{"--host-uds=all", "ok with a descriptor, EPERM"},
                    Opened{"--fsgofer-host-uds=true", "ok with a descriptor, EPERM"},
                    Opened{"--host-fifo=open", "EOPNOTSUPP, ok with a descriptor"}));

TEST_P(RunscSpecial, AreOpenedAsTheRuntimeSays) {
  base::UniqueFd listener = support::bind_socket(source("a") / "socket", SOCK_DGRAM);
  support::make_fifo(bundle_.beside("a") / "fifo");
  bundle_.mount("/a", bundle_.beside("a"));
  start_.globals.emplace_back(GetParam().flag);
  serve();
  auto client =
      Client::connect(runtime_->take_socket(1), p9client::kDefaultMsize, p9::kNewestGoogle);
  ASSERT_EQ(outcome(client), "ok");
  auto socket = client->walk("socket");
  std::string answers = outcome(client->call(p9::Tlconnect{*socket, p9::kSocketDatagram}));
  if (client->connection().take_descriptor().valid()) answers += " with a descriptor";
  auto fifo = client->walk("fifo");
  answers += ", " + outcome(client->open(*fifo, p9::kOpenRdonly));
  if (client->connection().take_descriptor().valid()) answers += " with a descriptor";
  EXPECT_EQ(answers, GetParam().answers);
}

TEST_F(RunscTree, HasChannelsForTheProcessorsOfTheMachine) {
  bundle_.mount("/one", source("one"), {"rbind", "x-gofer.channels=1"});
  serve();
  auto count = [this](std::size_t attach_point) {
    auto client = Client::connect(runtime_->take_socket(attach_point), p9client::kDefaultMsize,
                                  p9::kNewestGoogle);
    uint32_t id = 0;
    while (client->call(p9::Tchannel{id, 0}) && client->connection().take_descriptor().valid() &&
           client->call(p9::Tchannel{id, 1}) && client->connection().take_descriptor().valid())
      ++id;
    return id;
  };
  EXPECT_EQ(count(0), std::clamp(std::thread::hardware_concurrency(), 2U, 4U));
  EXPECT_EQ(count(1), 1U);
}

TEST_F(RunscTree, GetsMissingMountPointsUnderTheUmaskOfTheRuntime) {
  support::make_file(bundle_.directory() / "file");
  bundle_.mount("/one/two/three", source("a")).mount("/four/file", bundle_.directory() / "file");
  start_.umask = 027;
  serve();
  for (const char* made : {"one", "one/two", "one/two/three", "four", "four/file"})
    EXPECT_EQ(mode_of(rootfs() / made), "0750") << made;
  EXPECT_TRUE(std::filesystem::is_regular_file(rootfs() / "four" / "file"));
  EXPECT_EQ(owner_of(rootfs() / "one"), "0:0");
}

TEST_F(RunscTree, KeepsMountPointsThatAreThere) {
  support::make_directory(rootfs() / "there", 0711);
  support::make_file(rootfs() / "file", "old", 0604);
  support::make_file(bundle_.directory() / "file", "new");
  bundle_.mount("/there", source("a")).mount("/file", bundle_.directory() / "file");
  serve();
  EXPECT_EQ(mode_of(rootfs() / "there"), "0711");
  EXPECT_EQ(mode_of(rootfs() / "file"), "0604");
  EXPECT_EQ(support::read_file(rootfs() / "file"), "old");
}

TEST_F(RunscTree, HasLinksOnTheWayToAMountPointResolvedInside) {
  path outside = bundle_.beside("outside");
  support::make_symlink(rootfs() / "var" / "run", "/run");
  support::make_symlink(rootfs() / "absolute", outside.native());
  support::make_symlink(rootfs() / "climbing", "../../../../../../up");
  bundle_.mount("/var/run/a", source("a"))
      .mount("/absolute/b", source("b"))
      .mount("/climbing//c/", source("c"));
  serve();
  EXPECT_EQ(list_, "[" + entry("/run/a", bundle_.beside("a"), R"("rbind","rw")") + "," +
                       entry(outside.native() + "/b", bundle_.beside("b"), R"("rbind","rw")") +
                       "," + entry("/up/c", bundle_.beside("c"), R"("rbind","rw")") + "]");
  EXPECT_TRUE(std::filesystem::is_empty(outside));
  EXPECT_EQ(mode_of(rootfs() / "run" / "a"), "0755");
  EXPECT_EQ(mode_of(path(rootfs().native() + outside.native()) / "b"), "0755");
  EXPECT_EQ(mode_of(rootfs() / "up" / "c"), "0755");
}

TEST_F(RunscTree, GetsTheWorkingDirectoryOfTheProcessInTheMountThatItIsIn) {
  support::make_symlink(rootfs() / "home", "/data");
  bundle_.mount("/data", source("data"), {"rbind", "ro"})
      .process("cwd", spec::Json(std::string("/home/user/work")));
  start_.umask = 002;
  serve();
  EXPECT_EQ(mode_of(bundle_.beside("data") / "user" / "work"), "0755");
}

TEST_F(RunscTree, IsServedWithAWorkingDirectoryThatIsNone) {
  support::make_file(rootfs() / "name", "root");
  bundle_.process("cwd", spec::Json(std::string("/name")));
  Runtime& runtime = serve();
  EXPECT_EQ(name_at(0), "root");
  EXPECT_NE(runtime.debug_log().find("'/name' is a file"), std::string::npos)
      << runtime.debug_log();
}

TEST_F(RunscTree, WithTheRootForAWorkingDirectoryStaysAsItIs) {
  support::make_symlink(rootfs() / "up", "..");
  bundle_.process("cwd", spec::Json(std::string("/up")));
  auto before = support::inventory(rootfs());
  serve();
  EXPECT_EQ(support::inventory(rootfs()), before);
}

TEST_F(RunscTree, OnOverlayfsIsMarkedAsOne) {
  path merged = bundle_.beside("merged");
  source("lower");
  std::string layers = "lowerdir=" + bundle_.beside("lower").native() +
                       ",upperdir=" + bundle_.beside("upper").native() +
                       ",workdir=" + bundle_.beside("work").native();
  start_.before_exec = [&] {
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("overlay", merged.c_str(), "overlay", 0, layers.c_str()) != 0)
      ::_exit(124);
  };
  bundle_.mount("/marked", merged)
      .mount("/plain", source("plain"))
      .mount("/again", merged, {"bind", "overlayfs_stale_read", "ro"});
  serve();
  EXPECT_EQ(list_, "[" + entry("/marked", merged, R"("rbind","rw","overlayfs_stale_read")") + "," +
                       entry("/plain", bundle_.beside("plain"), R"("rbind","rw")") + "," +
                       entry("/again", merged, R"("bind","overlayfs_stale_read","ro")") + "]");
  EXPECT_EQ(name_at(1), "lower");
}

TEST_F(RunscTree, KeepsMembersOfMountsThatNobodyHereKnows) {
  bundle_.mount("/a", source("a"), {"rbind", "x-of.others", "rslave"}).map_ids(0, 100'000, 1);
  serve();
  std::string mapping = R"([{"containerID":0,"hostID":100000,"size":1}])";
  std::string mount = entry("/a", bundle_.beside("a"), R"("rbind","x-of.others","rslave")");
  mount.pop_back();
  EXPECT_EQ(list_,
            "[" + mount + R"(,"uidMappings":)" + mapping + R"(,"gidMappings":)" + mapping + "}]");
}

}  // namespace
}  // namespace interop
