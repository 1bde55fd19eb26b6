// A worker in its whole jail, seen from inside and from outside.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/securebits.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "policies/programs.h"
#include "sandbox/capabilities.h"
#include "sandbox/descriptors.h"
#include "sandbox/landlock.h"
#include "spec/base/worker_fd.h"
#include "tests/sandbox/child.h"
#include "tests/sandbox/prison.h"
#include "tests/support/descriptors.h"
#include "tests/support/proc.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tree.h"

namespace sandbox_test {
namespace {

namespace fs = std::filesystem;

constexpr int kRoot = base::kWorkerRoot.raw();
constexpr int kOwnFds = base::kWorkerOwnFds.raw();
constexpr uid_t kUser = 65534;

std::string nothing() {
  return "ready";
}

std::string names_in(const char* directory) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(directory))
    names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  std::string text;
  for (const std::string& name : names) text += name + " ";
  return text;
}

std::string open_said(int directory, const char* path, int flags, mode_t mode = 0) {
  int fd = ::openat(directory, path, flags | O_CLOEXEC, mode);
  std::string text = said(fd);
  if (fd >= 0) ::close(fd);
  return text;
}

// Opens for real what an O_PATH descriptor stands for, as the server does.
std::string reopen_said(const char* name, int flags) {
  int pinned = ::openat(kRoot, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  if (pinned < 0) return "not found";
  std::string text = open_said(kOwnFds, std::to_string(pinned).c_str(), flags);
  ::close(pinned);
  return text;
}

std::string hexadecimal(uint64_t bits) {
  char text[17];
  (void)std::snprintf(text, sizeof text, "%016lx", bits);
  return text;
}

std::vector<std::string> open_fds(pid_t pid) {
  std::vector<std::string> all;
  for (const auto& entry : fs::directory_iterator("/proc/" + std::to_string(pid) + "/fd"))
    all.push_back(entry.path().filename().string() + " " + fs::read_symlink(entry).string());
  std::sort(all.begin(), all.end());
  return all;
}

std::vector<std::string> mounts_of(pid_t pid) {
  std::vector<std::string> lines;
  std::ifstream file("/proc/" + std::to_string(pid) + "/mountinfo");
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

// Each jail is tried as root and as an ordinary user, who gets a user namespace.
class WorkerJail : public testing::TestWithParam<uid_t> {
 protected:
  WorkerJail() {
    support::make_file(dir_ / "tree/file", "content");
    support::make_file(dir_ / "tree/tool", "#!/bin/true\n", 0755);
    support::make_directory(dir_ / "tree/sub");
    support::make_symlink(dir_ / "tree/link", "file");
    support::make_file(dir_ / "outside", "secret", 0666);
    for (const char* name : {"", "tree", "tree/file", "tree/tool", "tree/sub"})
      EXPECT_EQ(::chown((dir_ / name).c_str(), GetParam(), GetParam()), 0);
    options_.source = dir_ / "tree";
    options_.user = GetParam();
  }
  bool unprivileged() const { return GetParam() != 0; }
  PrisonOptions read_only() const {
    PrisonOptions options = options_;
    options.access = spec::Access::kReadOnly;
    return options;
  }

  support::TempDir dir_;
  PrisonOptions options_;
};

TEST_P(WorkerJail, ItsRootIsItsTree) {
  Prison prison(options_, [] { return names_in("/") + open_said(AT_FDCWD, "/..", O_PATH); });
  ASSERT_TRUE(prison.started()) << prison.problem();
  EXPECT_EQ(prison.said(), "file link sub tool ok");
  auto mounts = mounts_of(prison.worker());
  ASSERT_EQ(mounts.size(), 1U) << mounts.front();
  EXPECT_TRUE(has(mounts[0], "/tree / rw,nosuid,nodev,noexec")) << mounts[0];
  EXPECT_TRUE(has(mounts[0], "nosymfollow")) << mounts[0];
  EXPECT_FALSE(has(mounts[0], "shared:")) << mounts[0];
  EXPECT_FALSE(has(mounts[0], "master:")) << mounts[0];
}

TEST_P(WorkerJail, NothingOfTheHostIsLeft) {
  Prison prison(options_, [] {
    return open_said(AT_FDCWD, "/proc/self", O_PATH) + " " +
           open_said(AT_FDCWD, "/dev/null", O_PATH) + " " +
           open_said(AT_FDCWD, "/../outside", O_PATH) + " " +
           open_said(kRoot, "../outside", O_PATH);
  });
  EXPECT_EQ(prison.said(), "ENOENT ENOENT ENOENT ENOENT") << prison.problem();
}

TEST_P(WorkerJail, ReopensItsOwnDescriptorsAndNothingElse) {
  Prison prison(options_, [] {
    return reopen_said("file", O_RDONLY) + " " + reopen_said("file", O_RDWR) + " " +
           open_said(kOwnFds, "../environ", O_PATH) + " " +
           open_said(kOwnFds, "../../self", O_PATH) + " " + open_said(kOwnFds, "../cwd", O_PATH);
  });
  EXPECT_EQ(prison.said(), "ok ok ENOENT ENOENT ENOENT") << prison.problem();
}

// What a number means as a path, for the calls on extended attributes.
TEST_P(WorkerJail, StandsInTheDirectoryOfItsOwnDescriptors) {
  Prison prison(options_, [] {
    int pinned = ::openat(kRoot, "file", O_PATH | O_NOFOLLOW | O_CLOEXEC);
    std::string number = std::to_string(pinned);
    char value[16];
    std::string set = said(::setxattr(number.c_str(), "user.sample", "value", 5, 0));
    std::string got = said(::getxattr(number.c_str(), "user.sample", value, sizeof value));
    return set + " " + got + " " + open_said(AT_FDCWD, "..", O_PATH) + " " +
           open_said(AT_FDCWD, "../outside", O_PATH) + " " + open_said(AT_FDCWD, "999", O_PATH);
  });
  EXPECT_EQ(prison.said(), "ok ok ok ENOENT ENOENT") << prison.problem();
  std::string proc = "/proc/" + std::to_string(prison.worker());
  struct stat directory{};
  struct stat descriptors{};
  ASSERT_EQ(::stat((proc + "/cwd").c_str(), &directory), 0);
  ASSERT_EQ(::stat((proc + "/fd/" + std::to_string(kOwnFds)).c_str(), &descriptors), 0);
  EXPECT_EQ(directory.st_dev, descriptors.st_dev);
  EXPECT_EQ(directory.st_ino, descriptors.st_ino);
  struct stat root{};
  ASSERT_EQ(::stat((proc + "/root").c_str(), &root), 0);
  EXPECT_NE(directory.st_dev, root.st_dev);
}

TEST_P(WorkerJail, AReadOnlyTreeCannotBeChangedWhateverTheFilterAllows) {
  Prison prison(read_only(), [] {
    int file = ::openat(kRoot, "file", O_RDONLY | O_CLOEXEC);
    return said(file) + " " + said(::fchmod(file, 0600)) + " " + said(::futimens(file, nullptr)) +
           " " + open_said(kRoot, "new", O_CREAT | O_WRONLY, 0600) + " " +
           said(::mkdirat(kRoot, "dir", 0700)) + " " + said(::unlinkat(kRoot, "file", 0)) + " " +
           reopen_said("file", O_RDONLY | O_TRUNC) + " " + reopen_said("file", O_WRONLY);
  });
  EXPECT_EQ(prison.said(), "ok EROFS EROFS EROFS EROFS EROFS EROFS EROFS") << prison.problem();
  EXPECT_EQ(support::read_file(dir_ / "tree/file"), "content");
}

TEST_P(WorkerJail, LandlockHoldsAReadOnlyRoleWhateverTheMountAllows) {
  PrisonOptions options = read_only();
  options.tree_access = spec::Access::kReadWrite;
  auto write = [] {
    return open_said(kRoot, "new", O_CREAT | O_WRONLY, 0600) + " " +
           said(::mkdirat(kRoot, "dir", 0700)) + " " + said(::unlinkat(kRoot, "file", 0)) + " " +
           reopen_said("tool", O_WRONLY);
  };
  Prison prison(options, write);
  ASSERT_TRUE(prison.started()) << prison.problem();
  if (prison.report().landlock_abi == 0) GTEST_SKIP() << "the kernel has no Landlock";
  EXPECT_EQ(prison.said(), "EACCES EACCES EACCES EACCES");
  options.skips.add(sandbox::Skippable::kLandlock);
  Prison open(options, write);
  EXPECT_EQ(open.said(), "ok ok ok ok") << open.problem();
}

TEST_P(WorkerJail, LandlockGrantsItsTreeAlone) {
  auto list_own_fds = [] { return open_said(kOwnFds, ".", O_RDONLY | O_DIRECTORY); };
  Prison prison(options_, list_own_fds);
  ASSERT_TRUE(prison.started()) << prison.problem();
  EXPECT_EQ(prison.said(), prison.report().landlock_abi > 0 ? "EACCES" : "ok");
}

TEST_P(WorkerJail, SupplementaryGroupsAreDroppedOrReported) {
  Prison prison(in_group(options_, 4242), nothing);
  ASSERT_TRUE(prison.started()) << prison.problem();
  EXPECT_EQ(prison.report().groups_kept, unprivileged() ? 1 : 0);
  EXPECT_EQ(support::status_field(prison.worker(), "Groups"), unprivileged() ? "4242" : "");
}

TEST_P(WorkerJail, AReadWriteTreeCanBeChanged) {
  Prison prison(options_, [] {
    return open_said(kRoot, "new", O_CREAT | O_WRONLY, 0666) + " " +
           said(::mkdirat(kRoot, "dir", 0777)) + " " + said(::unlinkat(kRoot, "file", 0)) + " " +
           said(::renameat(kRoot, "tool", kRoot, "sub/tool"));
  });
  EXPECT_EQ(prison.said(), "ok ok ok ok") << prison.problem();
  EXPECT_EQ(fs::status(dir_ / "tree/new").permissions(), fs::perms(0666)) << "umask is 0";
}

TEST_P(WorkerJail, SymbolicLinksAreNotFollowedAndProgramsNotRun) {
  Prison prison(options_, [] {
    char* none[] = {nullptr};
    return open_said(kRoot, "link", O_RDONLY) + " " + said(::execve("/tool", none, none));
  });
  EXPECT_EQ(prison.said(), "ELOOP EACCES") << prison.problem();
}

TEST_P(WorkerJail, NothingCanBeMountedOrLeft) {
  Prison prison(options_, [] {
    return said(::mount("none", "/sub", "tmpfs", 0, nullptr)) + " " + said(::chroot("/sub")) + " " +
           said(::umount2("/", MNT_DETACH)) + " " +
           said(::open_tree(AT_FDCWD, "/sub", OPEN_TREE_CLONE));
  });
  EXPECT_EQ(prison.said(), "EPERM EPERM EPERM EPERM") << prison.problem();
}

TEST_P(WorkerJail, L5_ThereIsNoNetworkAndNoOtherProcess) {
  Prison prison(options_, [] {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(9);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int socket = ::socket(AF_INET, SOCK_DGRAM, 0);
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): how the call takes an address
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    return said(::connect(socket, generic, sizeof address)) + " pid " + std::to_string(::getpid()) +
           " parent " + std::to_string(::getppid());
  });
  EXPECT_EQ(prison.said(), "ENETUNREACH pid 2 parent 0") << prison.problem();
}

TEST_P(WorkerJail, ItsRuntimeIsInAKnownState) {
  PrisonOptions options = options_;
  options.before_launch = [] { ::setenv("GOFER_SECRET", "token", 1); };
  options.before_lockdown = [] {
    ::umask(077);
    (void)std::signal(SIGUSR1, SIG_IGN);
    sigset_t all;
    ::sigfillset(&all);
    ::sigprocmask(SIG_BLOCK, &all, nullptr);
  };
  options.limits.descriptors = 100;
  Prison prison(options, [] {
    rlimit files{};
    rlimit core{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    ::getrlimit(RLIMIT_CORE, &core);
    return std::string(*environ == nullptr ? "empty " : *environ) + std::to_string(files.rlim_max) +
           " " + std::to_string(core.rlim_max);
  });
  ASSERT_TRUE(prison.started()) << prison.problem();
  EXPECT_EQ(prison.said(), "empty 100 0");
  pid_t worker = prison.worker();
  EXPECT_EQ(support::status_field(worker, "Umask"), "0000");
  EXPECT_EQ(support::status_field(worker, "SigBlk"), hexadecimal(0));
  EXPECT_EQ(support::status_field(worker, "SigIgn"),
            hexadecimal((1UL << (SIGPIPE - 1)) | (1UL << (SIGXFSZ - 1))));
  EXPECT_EQ(support::status_field(worker, "SigCgt"), hexadecimal(0));
  EXPECT_FALSE(has(support::read_file("/proc/" + std::to_string(worker) + "/environ"), "token"));
}

TEST_P(WorkerJail, MemoryIsNeverWritableAndExecutable) {
  Prison prison(options_, [] {
    void* page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return said(::mprotect(page, 4096, PROT_READ | PROT_EXEC));
  });
  ASSERT_TRUE(prison.started()) << prison.problem();
  EXPECT_EQ(prison.report().mdwe, in_child([] { return said(::prctl(65, 1, 0, 0, 0)); }) == "ok");
  EXPECT_EQ(prison.said(), prison.report().mdwe ? "EACCES" : "ok");
}

TEST_P(WorkerJail, ProcShowsItFromOutside) {
  for (spec::Access access : {spec::Access::kReadOnly, spec::Access::kReadWrite}) {
    PrisonOptions options = options_;
    options.access = access;
    options.filter = policies::program(spec::worker_role(access));
    options.init_filter = policies::program(spec::Role::kInit);
    Prison prison(options, nothing);
    ASSERT_EQ(prison.said(), "ready") << prison.problem();
    pid_t worker = prison.worker();
    uint64_t capabilities = sandbox::capabilities_of(spec::worker_role(access));
    for (const char* set : {"CapPrm", "CapEff", "CapBnd"})
      EXPECT_EQ(support::status_field(worker, set), hexadecimal(capabilities)) << set;
    for (const char* set : {"CapInh", "CapAmb"})
      EXPECT_EQ(support::status_field(worker, set), hexadecimal(0)) << set;
    EXPECT_EQ(support::status_field(worker, "NoNewPrivs"), "1");
    EXPECT_EQ(support::status_field(worker, "Seccomp"), "2");
    EXPECT_EQ(support::status_field(worker, "Threads"), "1");
    EXPECT_EQ(support::status_field(worker, "Groups"), "");
    EXPECT_EQ(support::status_field(worker, "TracerPid"), std::to_string(prison.launcher()));
    auto fds = open_fds(worker);
    ASSERT_EQ(fds.size(), 6U);
    EXPECT_EQ(fds[0], "0 /dev/null");
    EXPECT_EQ(fds[1], "1 /dev/null");
    EXPECT_TRUE(fds[3].starts_with("3 socket:")) << fds[3];
    EXPECT_EQ(fds[4], "4 /");
    EXPECT_EQ(prison.report().user_namespace, unprivileged());
    EXPECT_EQ(prison.report().landlock_abi, std::min(sandbox::landlock_abi(), 8));
  }
}

TEST_P(WorkerJail, ItDiesWithItsLauncher) {
  Prison prison(options_, nothing);
  ASSERT_EQ(prison.said(), "ready") << prison.problem();
  EXPECT_TRUE(prison.end_with_launcher());
}

TEST_P(WorkerJail, ItDiesWithItsLauncherEvenUntraced) {
  PrisonOptions options = options_;
  options.skips.add(sandbox::Skippable::kTrace);
  Prison prison(options, nothing);
  ASSERT_EQ(prison.said(), "ready") << prison.problem();
  EXPECT_EQ(support::status_field(prison.worker(), "TracerPid"), "0");
  EXPECT_TRUE(prison.end_with_launcher());
}

TEST_P(WorkerJail, AFileIsServedAlone) {
  PrisonOptions options = options_;
  options.source = dir_ / "tree/file";
  Prison prison(options, [] {
    return open_said(kOwnFds, "4", O_RDWR) + " " +
           open_said(AT_FDCWD, "/new", O_CREAT | O_WRONLY, 0600);
  });
  EXPECT_EQ(prison.said(), "ok EROFS") << prison.problem();
  auto mounts = mounts_of(prison.worker());
  std::sort(mounts.begin(), mounts.end(),
            [](const auto& a, const auto&) { return has(a, " / / "); });
  ASSERT_EQ(mounts.size(), 2U);
  EXPECT_TRUE(has(mounts[0], " / / ro,nosuid,nodev,noexec")) << mounts[0];
  EXPECT_TRUE(has(mounts[0], "nosymfollow")) << mounts[0];
  EXPECT_TRUE(has(mounts[1], " /file rw,nosuid,nodev,noexec")) << mounts[1];
}

TEST_P(WorkerJail, AReadOnlyFileStaysAsItIs) {
  PrisonOptions options = read_only();
  options.source = dir_ / "tree/file";
  Prison prison(options, [] {
    return open_said(kOwnFds, "4", O_RDONLY) + " " + open_said(kOwnFds, "4", O_RDWR) + " " +
           said(::fchmodat(kOwnFds, "4", 0600, 0));
  });
  EXPECT_EQ(prison.said(), "ok EROFS EROFS") << prison.problem();
}

std::string namespace_of(pid_t pid, const std::string& kind) {
  return fs::read_symlink("/proc/" + std::to_string(pid) + "/ns/" + kind).string();
}

TEST_P(WorkerJail, ItsNamespacesAreItsLaunchersButMountsAreItsOwn) {
  Prison prison(options_, nothing);
  ASSERT_EQ(prison.said(), "ready") << prison.problem();
  for (const char* kind : {"net", "ipc", "uts", "cgroup", "user"}) {
    EXPECT_EQ(namespace_of(prison.worker(), kind), namespace_of(prison.launcher(), kind)) << kind;
    bool own = unprivileged() || std::string(kind) != "user";
    EXPECT_EQ(namespace_of(prison.worker(), kind) != namespace_of(::getpid(), kind), own) << kind;
  }
  EXPECT_EQ(namespace_of(prison.worker(), "pid"), namespace_of(prison.init(), "pid"));
  EXPECT_NE(namespace_of(prison.worker(), "pid"), namespace_of(prison.launcher(), "pid"));
  for (pid_t other : {prison.launcher(), prison.init(), ::getpid()})
    EXPECT_NE(namespace_of(prison.worker(), "mnt"), namespace_of(other, "mnt"));
}

TEST_P(WorkerJail, ItsTransportTakesNoDescriptors) {
  Prison prison(options_, nothing);
  ASSERT_EQ(prison.said(), "ready") << prison.problem();
  auto [here, there] = support::socket_pair();
  bool kernel_can = sandbox::refuse_passed_descriptors(here).value();
  EXPECT_EQ(prison.report().pass_rights, !kernel_can);
  EXPECT_EQ(pass_descriptor(prison.client()), kernel_can ? "EPERM" : "ok");
}

TEST_P(WorkerJail, DescriptorsOfTheLauncherAreClosed) {
  PrisonOptions options = options_;
  options.before_launch = [] {
    for (int fd : {40, 400}) ::dup2(::open("/", O_PATH), fd);
  };
  Prison prison(options,
                [] { return said(::fcntl(40, F_GETFD)) + " " + said(::fcntl(400, F_GETFD)); });
  EXPECT_EQ(prison.said(), "EBADF EBADF") << prison.problem();
}

TEST_P(WorkerJail, ItsSecurebitsAreLocked) {
  constexpr int kLocked = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
                          SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED |
                          SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;
  Prison prison(options_, [] { return std::to_string(::prctl(PR_GET_SECUREBITS)); });
  EXPECT_EQ(prison.said(), std::to_string(kLocked)) << prison.problem();
}

TEST_P(WorkerJail, L5_ItIsHiddenFromOtherProcessesOfItsUser) {
  Prison prison(options_, [] { return std::to_string(::prctl(PR_GET_DUMPABLE)); });
  EXPECT_EQ(prison.said(), "0") << prison.problem();
}

std::string name_of(const testing::TestParamInfo<uid_t>& user) {
  return user.param == 0 ? "Root" : "User";
}

INSTANTIATE_TEST_SUITE_P(As, WorkerJail, testing::Values(uid_t{0}, kUser), name_of);

}  // namespace
}  // namespace sandbox_test
