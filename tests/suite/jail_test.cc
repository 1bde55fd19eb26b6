// Every worker's jail as it is seen from outside, and what becomes of workers when others end.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "cmd/p9/client.h"
#include "tests/support/bundle.h"
#include "tests/support/gofer_process.h"
#include "tests/support/outcome.h"
#include "tests/support/proc.h"

namespace suite {
namespace {

using p9client::Client;
using support::End;
using support::outcome;
using support::path;
using Names = std::vector<std::string>;

// Attach points of the bundle that most tests serve.
constexpr std::size_t kRoot = 0;
constexpr std::size_t kWritable = 1;
constexpr std::size_t kReadOnly = 2;
constexpr std::size_t kFile = 3;  // read-only, panic-on-write
constexpr std::size_t kCount = 4;

constexpr const char* kReadWriteCaps = "000000000000001f";  // CHOWN ... FSETID
constexpr const char* kReadOnlyCaps = "0000000000000004";   // DAC_READ_SEARCH

class Jail : public testing::Test {
 protected:
  Jail() {
    support::make_file(bundle_.rootfs() / "etc" / "passwd", "root:x:0:0\n");
    support::make_file(bundle_.beside("data") / "notes", "notes");
    support::make_file(bundle_.beside("library") / "book", "book");
    support::make_file(bundle_.beside("files") / "motd", "hello");
    support::make_file(bundle_.beside("outside") / "secret", "secret");
    bundle_.mount("/data", bundle_.beside("data"))
        .mount("/library", bundle_.beside("library"), {"rbind", "ro"})
        .mount("/etc/motd", bundle_.beside("files") / "motd",
               {"bind", "ro", "x-gofer.panic-on-write"});
  }

  void start(std::vector<std::string> arguments = {}, std::vector<base::Fd> inherited = {}) {
    bundle_.write();
    gofer_.emplace(bundle_.config(), bundle_.attach_points(),
                   support::Gofer::Options{.binary = GOFER_BINARY,
                                           .arguments = std::move(arguments),
                                           .inherited = std::move(inherited),
                                           .user = user_});
    ASSERT_TRUE(gofer_->ready()) << gofer_->failure();
  }
  support::Gofer& gofer() { return *gofer_; }
  pid_t worker(std::size_t i) const { return gofer_->worker(i); }
  Client connect(std::size_t i) {
    auto client = Client::connect(gofer_->take_client(i));
    EXPECT_EQ(outcome(client), "ok");
    return client ? *std::move(client) : Client(base::UniqueFd());
  }
  path outside() const { return bundle_.beside("outside"); }

  support::Bundle bundle_;
  std::optional<uid_t> user_;

 private:
  std::optional<support::Gofer> gofer_;
};

TEST_F(Jail, L3_EveryWorkerIsUnderItsFilterAndWithoutNewPrivileges) {
  start();
  for (std::size_t i = 0; i < kCount; ++i) {
    EXPECT_EQ(support::status_field(worker(i), "Seccomp"), "2") << i;
    EXPECT_EQ(support::status_field(worker(i), "NoNewPrivs"), "1") << i;
    EXPECT_EQ(support::status_field(worker(i), "Threads"), "3") << i;
  }
}

TEST_F(Jail, L3_EveryWorkerHasExactlyTheCapabilitiesOfItsRole) {
  start();
  for (std::size_t i = 0; i < kCount; ++i) {
    const char* expected = i == kRoot || i == kWritable ? kReadWriteCaps : kReadOnlyCaps;
    for (const char* set : {"CapEff", "CapPrm", "CapBnd"})
      EXPECT_EQ(support::status_field(worker(i), set), expected) << set << " of " << i;
    for (const char* set : {"CapInh", "CapAmb"})
      EXPECT_EQ(support::status_field(worker(i), set), "0000000000000000") << set << " of " << i;
    EXPECT_EQ(support::status_field(worker(i), "Groups"), "") << i;
  }
}

TEST_F(Jail, L3_AWorkersRootHoldsOnlyItsAttachPoint) {
  start();
  EXPECT_EQ(support::names_in_root(worker(kRoot)), (Names{"data", "etc", "library"}));
  EXPECT_EQ(support::names_in_root(worker(kRoot), "data"), Names{});
  EXPECT_EQ(support::names_in_root(worker(kWritable)), Names{"notes"});
  EXPECT_EQ(support::names_in_root(worker(kReadOnly)), Names{"book"});
  EXPECT_EQ(support::names_in_root(worker(kFile)).size(), 1U);
  for (std::size_t i : {kRoot, kWritable, kReadOnly}) {
    auto mounts = support::mounts_of(worker(i));
    ASSERT_EQ(mounts.size(), 1U) << i;
    EXPECT_EQ(mounts[0].point, "/");
  }
  EXPECT_EQ(support::mounts_of(worker(kFile)).size(), 2U);
}

TEST_F(Jail, L3_EveryMountOfAWorkerHasTheAttributesOfItsJail) {
  start();
  for (std::size_t i = 0; i < kCount; ++i) {
    for (const support::MountInfo& mount : support::mounts_of(worker(i))) {
      for (const char* attribute : {"nosuid", "nodev", "noexec"})
        EXPECT_TRUE(mount.has(attribute)) << i << ' ' << mount.point << ' ' << mount.options;
      EXPECT_EQ(mount.has("ro"), i != kRoot && i != kWritable) << i << ' ' << mount.options;
    }
    EXPECT_TRUE(support::mounts_of(worker(i)).back().has("nosymfollow")) << i;
  }
}

void expect_documented_descriptors(pid_t worker) {
  std::map<int, std::string> all = support::descriptors_of(worker);
  ASSERT_EQ(all.size(), 6U);
  EXPECT_TRUE(all[0].ends_with("/null")) << all[0];
  EXPECT_TRUE(all[1].ends_with("/null")) << all[1];
  EXPECT_TRUE(all[2].starts_with("/memfd:stderr")) << all[2];
  EXPECT_TRUE(all[3].starts_with("socket:")) << all[3];
  EXPECT_EQ(all[4].front(), '/') << all[4];
  EXPECT_TRUE(all[5].ends_with("/fd") || all[5] == "/") << all[5];
}

TEST_F(Jail, L3_AWorkersDescriptorsAreExactlyTheDocumentedOnes) {
  start();
  for (std::size_t i = 0; i < kCount; ++i) {
    SCOPED_TRACE(i);
    expect_documented_descriptors(worker(i));
  }
}

TEST_F(Jail, M3_NothingOfTheCallersDescriptorsOrEnvironmentReachesAWorker) {
  base::UniqueFd host_root = support::open_path("/");
  base::UniqueFd host_directory(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  ::setenv("LD_LIBRARY_PATH", "/nowhere", 1);
  ::setenv("TZ", "/etc/localtime", 1);
  start({}, {host_root, host_directory});
  ::unsetenv("LD_LIBRARY_PATH");
  ::unsetenv("TZ");
  for (std::size_t i = 0; i < kCount; ++i) {
    SCOPED_TRACE(i);
    expect_documented_descriptors(worker(i));
    std::string environment =
        support::read_file(path("/proc") / std::to_string(worker(i)) / "environ");
    EXPECT_EQ(environment.find_first_not_of('\0'), environment.npos) << environment;
  }
}

TEST_F(Jail, EveryWorkerIsInNamespacesApart) {
  start();
  pid_t self = ::getpid();
  for (std::size_t i = 0; i < kCount; ++i) {
    for (const char* kind : {"mnt", "pid", "net", "ipc", "uts", "cgroup"})
      EXPECT_NE(support::namespace_of(worker(i), kind), support::namespace_of(self, kind))
          << kind << " of " << i;
    for (std::size_t j = 0; j < i; ++j)
      EXPECT_NE(support::namespace_of(worker(i), "mnt"), support::namespace_of(worker(j), "mnt"));
  }
}

TEST_F(Jail, TheSupervisorEndsUpUnderItsOwnFilterWithoutAnyCapability) {
  start();
  pid_t launcher = gofer().process().pid();
  auto deadline = std::chrono::steady_clock::now() + support::kDeadline;
  while (support::status_field(launcher, "Seccomp") != "2" &&
         std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_EQ(support::status_field(launcher, "Seccomp"), "2");
  for (const char* set : {"CapEff", "CapPrm", "CapBnd", "CapInh", "CapAmb"})
    EXPECT_EQ(support::status_field(launcher, set), "0000000000000000") << set;
}

TEST_F(Jail, R11_NoWorkerOutlivesTheLauncher) {
  start();
  std::vector<Client> clients;
  for (std::size_t i = 0; i < kCount; ++i) clients.push_back(connect(i));
  gofer().process().send_signal(SIGKILL);
  EXPECT_EQ(gofer().process().wait(), (End{.signal = SIGKILL}));
  for (std::size_t i = 0; i < kCount; ++i) support::wait_until_gone(worker(i));
  for (Client& client : clients) EXPECT_EQ(outcome(client.connection().receive()), "ECONNRESET");
}

TEST_F(Jail, L6_OneWorkersEndLeavesTheOthersServing) {
  start();
  Client writable = connect(kWritable);
  Client read_only = connect(kReadOnly);
  ::kill(worker(kWritable), SIGKILL);
  spec::Json end = gofer().worker_end(worker(kWritable));
  EXPECT_EQ(support::text_of(end, "cause"), "killed");
  EXPECT_EQ(support::number_of(end, "signal"), SIGKILL);
  EXPECT_EQ(support::text_of(end, "destination"), "/data");
  EXPECT_EQ(outcome(writable.getattr(Client::root())), "EPIPE");
  EXPECT_EQ(read_only.read_file("book"), "book");
  EXPECT_EQ(connect(kRoot).read_file("etc/passwd"), "root:x:0:0\n");
}

TEST_F(Jail, L6_AKilledWorkersLocksAreFree) {
  start();
  Client client = connect(kWritable);
  auto notes = client.open("notes", p9::kOpenRdwr);
  auto locked = client.call(p9::Tlock{*notes, p9::kLockWrite, 0, 0, 0, 1, "guest"});
  ASSERT_EQ(outcome(locked), "ok");
  base::UniqueFd host(::open((bundle_.beside("data") / "notes").c_str(), O_RDWR | O_CLOEXEC));
  struct flock range{.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 0, .l_pid = 0};
  ASSERT_EQ(::fcntl(host.raw(), F_OFD_SETLK, &range), -1);
  ::kill(worker(kWritable), SIGKILL);
  EXPECT_EQ(support::text_of(gofer().worker_end(worker(kWritable)), "cause"), "killed");
  EXPECT_EQ(::fcntl(host.raw(), F_OFD_SETLK, &range), 0);
}

TEST_F(Jail, L6_AStoppedWorkerHoldsUpNobodyElse) {
  start();
  Client read_only = connect(kReadOnly);
  Client writable = connect(kWritable);
  ::kill(worker(kWritable), SIGSTOP);
  EXPECT_EQ(read_only.read_file("book"), "book");
  ::kill(worker(kWritable), SIGCONT);
  EXPECT_EQ(writable.read_file("notes"), "notes");
}

TEST_F(Jail, TheLauncherEndsWithItsClientsAndSaysSo) {
  start();
  for (std::size_t i = 0; i < kCount; ++i) gofer().take_client(i).reset();
  for (std::size_t i = 0; i < kCount; ++i)
    EXPECT_EQ(support::text_of(gofer().worker_end(worker(i)), "cause"), "hangup");
  EXPECT_EQ(gofer().process().wait(), (End{.status = 0}));
}

TEST_F(Jail, RO4_APanicOnWriteWorkerEndsWithStatus4WhileOthersServe) {
  start();
  Client file = connect(kFile);
  EXPECT_EQ(file.read_file(""), "hello");
  EXPECT_EQ(outcome(file.open("", p9::kOpenWronly)), "ECONNRESET");
  spec::Json end = gofer().worker_end(worker(kFile));
  EXPECT_EQ(support::text_of(end, "cause"), "panic-on-write");
  EXPECT_EQ(support::number_of(end, "status"), 4);
  EXPECT_EQ(support::text_of(end, "destination"), "/etc/motd");
  EXPECT_NE(gofer().process().err().find("Tlopen"), std::string::npos) << gofer().process().err();
  for (std::size_t i : {kRoot, kWritable, kReadOnly}) {
    Client other = connect(i);
    EXPECT_EQ(outcome(other.getattr(Client::root())), "ok");
  }
  EXPECT_EQ(gofer().process().wait(), (End{.status = 4}));
}

TEST_F(Jail, AReadOnlyFileIsServedAsTheRootOfItsAttachPoint) {
  start();
  Client file = connect(kFile);
  EXPECT_TRUE(S_ISREG(file.getattr(Client::root())->mode));
  EXPECT_EQ(file.read_file(""), "hello");
  EXPECT_EQ(outcome(file.walk("x")), "ENOTDIR");
}

TEST_F(Jail, M1_DestinationsThroughLinksOfTheRootfsStayInside) {
  support::make_symlink(bundle_.rootfs() / "mnt", "/");
  support::make_symlink(bundle_.rootfs() / "a", "../../..");
  support::make_symlink(bundle_.rootfs() / "out", outside().native());
  support::make_symlink(bundle_.rootfs() / "var" / "run", "/run");
  support::Inventory before = support::inventory(outside());
  path data = bundle_.beside("data");
  bundle_.mount("/mnt/x", data)
      .mount("/a/etc/y", data)
      .mount("/out/z", data)
      .mount("/var/run/w", data);
  start();
  std::string mounts = gofer().mounts();
  auto parsed = spec::parse_json(mounts, "mounts", "--mounts-fd");
  ASSERT_TRUE(parsed.has_value()) << mounts;
  std::vector<std::string> destinations;
  for (const spec::Json& mount : *parsed->as<spec::Json::Array>())
    destinations.push_back(support::text_of(mount, "destination"));
  EXPECT_EQ(destinations, (Names{"/data", "/library", "/etc/motd", "/x", "/etc/y",
                                 outside().native() + "/z", "/run/w"}));
  EXPECT_EQ(support::inventory(outside()), before);
  EXPECT_FALSE(std::filesystem::exists("/x"));
  EXPECT_TRUE(std::filesystem::is_directory(bundle_.rootfs() / "x"));
  EXPECT_TRUE(std::filesystem::is_directory(bundle_.rootfs() / outside().relative_path() / "z"));
  for (std::size_t i = kCount; i < kCount + 4; ++i)
    EXPECT_EQ(connect(i).read_file("notes"), "notes");
}

// Its contents are out of reach. Its own attributes, read through a descriptor that was there
// before, still show: they tell the client nothing it could not have asked before the move.
TEST_F(Jail, ADirectoryThatTheHostMovesOutOfTheTreeIsNotOpenedAnyMore) {
  support::make_file(bundle_.beside("data") / "directory" / "inner" / "file", "inside");
  start();
  Client client = connect(kWritable);
  auto directory = client.walk("directory");
  auto inner = client.walk("directory/inner");
  auto file = client.walk("directory/inner/file");
  ASSERT_EQ(outcome(file), "ok");
  p9::Fid attribute = client.clone(*file)->release();
  ASSERT_EQ(outcome(client.call(p9::Txattrcreate{attribute, "user.a", 0, 0})), "ok");
  std::filesystem::rename(bundle_.beside("data") / "directory", outside() / "moved");
  support::Inventory before = support::inventory(outside());
  for (const auto* fid : {&*directory, &*inner}) {
    auto clone = client.clone(*fid);
    ASSERT_EQ(outcome(clone), "ok");
    EXPECT_EQ(outcome(client.open(*clone, p9::kOpenRdonly)), "ESTALE");
    EXPECT_EQ(outcome(client.open(*fid, p9::kOpenRdonly)), "ESTALE");
    EXPECT_NE(outcome(client.create(*fid, "new", p9::kOpenWronly, 0644)), "ok");
    EXPECT_EQ(outcome(client.getattr(*fid)), "ok");
  }
  for (uint32_t flags : {p9::kOpenRdonly, p9::kOpenWronly, p9::kOpenRdwr})
    EXPECT_NE(outcome(client.open(*file, flags)), "ok") << flags;
  EXPECT_EQ(outcome(client.call(p9::Tclunk{attribute})), "ESTALE");
  EXPECT_EQ(outcome(client.get_xattr(*file, "user.a")), "ESTALE");
  EXPECT_EQ(outcome(client.walk(*directory, "inner/file")), "ESTALE");
  EXPECT_EQ(support::inventory(outside()), before);
  EXPECT_EQ(client.read_file("notes"), "notes");
}

TEST_F(Jail, AHundredMountsAreAllServed) {
  for (std::size_t i = bundle_.attach_points(); i <= 100; ++i) {
    std::string name = "m" + std::to_string(i);
    support::make_file(bundle_.beside(name) / "which", name);
    bundle_.mount("/" + name, bundle_.beside(name), {"rbind", i % 2 == 0 ? "ro" : "rw"});
  }
  start();
  for (std::size_t i = kCount; i <= 100; ++i)
    EXPECT_EQ(connect(i).read_file("which"), "m" + std::to_string(i));
}

TEST_F(Jail, AnOrdinaryUserServesTheirOwnFilesFromTheSameJail) {
  constexpr uid_t kUser = 65534;
  user_ = kUser;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(bundle_.directory()))
    ASSERT_EQ(::lchown(entry.path().c_str(), kUser, kUser), 0);
  ASSERT_EQ(::chown(bundle_.directory().c_str(), kUser, kUser), 0);
  start();
  for (std::size_t i = 0; i < kCount; ++i) {
    EXPECT_EQ(support::status_field(worker(i), "Seccomp"), "2") << i;
    EXPECT_EQ(support::status_field(worker(i), "CapInh"), "0000000000000000") << i;
  }
  Client client = connect(kWritable);
  EXPECT_EQ(outcome(client.write_file("new", "text")), "ok");
  EXPECT_EQ(client.read_file("new"), "text");
  auto file = client.open("new", p9::kOpenRdwr);
  auto place = client.walk("new");
  EXPECT_EQ(outcome(client.set_xattr(*place, "user.a", "value")), "ok");
  EXPECT_EQ(client.get_xattr(*file, "user.a"), "value");
  auto locked = client.call(p9::Tlock{*file, p9::kLockWrite, 0, 0, 0, 1, "guest"});
  ASSERT_EQ(outcome(locked), "ok");
  EXPECT_EQ(locked->status, p9::kLockSuccess);
  EXPECT_EQ(outcome(connect(kReadOnly).write_file("new", "text")), "EROFS");
}

}  // namespace
}  // namespace suite
