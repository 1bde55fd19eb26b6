// What `gofer policy show` prints, as the seccomp profile of a container: crun and runc load it and
// the kernel enforces it, conditions on arguments included.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "spec/json.h"
#include "tests/interop/tools.h"
#include "tests/support/temp_dir.h"

namespace interop {
namespace {

using spec::Json;
using Words = std::vector<std::string>;

constexpr int kKilled = 128 + 31;  // SIGSYS

// What the runtimes do in the container after they have loaded its filter, and what busybox does
// before it comes to its applet: no worker does any of it.
constexpr std::string_view kOfTheContainer[] = {
    "arch_prctl",      "capget",          "capset",
    "close",           "epoll_ctl",       "epoll_pwait",
    "execve",          "fcntl",           "fstatfs",
    "futex",           "getdents64",      "getrandom",
    "getuid",          "madvise",         "mprotect",
    "nanosleep",       "newfstatat",      "openat",
    "prctl",           "prlimit64",       "read",
    "readlink",        "readlinkat",      "rseq",
    "rt_sigaction",    "rt_sigreturn",    "sched_yield",
    "set_robust_list", "set_tid_address", "sigaltstack",
    "write",
};

Json parsed(const std::string& text) {
  auto json = spec::parse_json(text, "test", "output");
  if (!json) throw std::runtime_error(base::to_line(json.error()));
  return *std::move(json);
}

Json shown(Words words) {
  words.insert(words.begin(), {GOFER_BINARY, "policy", "show"});
  Result said = run(words);
  if (said.end != support::End{.status = 0}) throw std::runtime_error(said.err);
  return parsed(said.out);
}

// Without conditions.
void allow(Json& profile, const auto& calls) {
  Json::Array names;
  for (std::string_view call : calls) names.emplace_back(std::string(call));
  profile.find("syscalls")
      ->as<Json::Array>()
      ->emplace_back(Json::Object{{"names", Json(std::move(names))},
                                  {"action", Json(std::string("SCMP_ACT_ALLOW"))}});
}

void set(Json& object, std::string_view key, Json value) {
  if (Json* member = object.find(key))
    *member = std::move(value);
  else
    object.as<Json::Object>()->emplace_back(std::string(key), std::move(value));
}

class PolicyIn : public testing::TestWithParam<std::string> {
 protected:
  PolicyIn() {
    make_busybox_rootfs(dir_ / "rootfs");
    must_run({GetParam(), "spec", "--bundle", dir_.path()});
    support::make_file(dir_ / "rootfs" / "tmp" / "file");
  }

  // Runs an applet of busybox in a container with this profile and what no container is without.
  Result contain(Json profile, const Words& applet) {
    allow(profile, kOfTheContainer);
    Json config = parsed(support::read_file(dir_ / "config.json"));
    Json::Array words{Json(std::string("/bin/busybox"))};
    for (const std::string& word : applet) words.emplace_back(word);
    Json& process = *config.find("process");
    set(process, "args", Json(std::move(words)));
    set(process, "terminal", Json(false));
    set(*config.find("root"), "readonly", Json(false));
    Json& linux_part = *config.find("linux");
    set(linux_part, "seccomp", std::move(profile));
    support::make_file(dir_ / "config.json", dump(config));
    return run_container();
  }

 private:
  // The cgroups of the machine that this runs on may be of a kind that a runtime does not take.
  Result run_container() {
    const std::string script =
        "umount -lR /sys/fs/cgroup 2>/dev/null; mount -t cgroup2 none /sys/fs/cgroup && cd \"$1\" "
        "&& "
        "shift && exec \"$@\" --root state run gofer-policy-$$";
    Words words{"unshare", "-m", "sh", "-c", script, "sh", dir_.path(), GetParam()};
    if (GetParam() == "crun") words.emplace_back("--cgroup-manager=disabled");
    return run(words);
  }

  support::TempDir dir_;
};

INSTANTIATE_TEST_SUITE_P(Runtime, PolicyIn, testing::Values("crun", "runc"),
                         [](const auto& of) { return of.param; });

TEST_P(PolicyIn, AllowsWhatTheRoleMayDoAndKillsTheRest) {
  Words fallocate{"fallocate", "-l", "10", "/tmp/file"};
  Result of_rw = contain(shown({"rw", "--oci"}), fallocate);
  EXPECT_EQ(of_rw.end.status, 0) << of_rw.err;
  Result of_ro = contain(shown({"ro", "--oci"}), fallocate);
  EXPECT_EQ(of_ro.end.status, kKilled) << of_ro.err;
  Result mkdir = contain(shown({"rw", "--oci"}), {"mkdir", "/tmp/new"});
  EXPECT_EQ(mkdir.end.status, kKilled) << mkdir.err;
}

// A worker makes a FIFO below a descriptor alone, and busybox below the working directory.
TEST_P(PolicyIn, EnforcesTheConditionsOnArguments) {
  Words mkfifo{"mkfifo", "/tmp/fifo"};
  Json profile = shown({"rw", "--oci"});
  Result under_condition = contain(profile, mkfifo);
  EXPECT_EQ(under_condition.end.status, kKilled) << under_condition.err;
  allow(profile, std::vector<std::string_view>{"mknodat"});
  Result without = contain(profile, mkfifo);
  EXPECT_EQ(without.end.status, 0) << without.err;
}

TEST_P(PolicyIn, IsTakenWithItsReasonsToo) {
  Json profile = shown({"rw"});
  ASSERT_NE((*profile.find("syscalls")->as<Json::Array>())[0].find("why"), nullptr);
  EXPECT_EQ(contain(profile, {"echo", "hello"}).out, "hello\n");
}

}  // namespace
}  // namespace interop
