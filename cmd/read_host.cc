#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string_view>

#include "cmd/budgets.h"
#include "cmd/host_health.h"
#include "sandbox/mountinfo.h"

namespace cmd {
namespace {

constexpr uint64_t kUsualDescriptors = Budgets{}.fd_limit;

std::string read(const HostFiles& host, const std::string& path) {
  std::ifstream file(host.root + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

bool has_word(const std::string& text, std::string_view wanted) {
  std::istringstream words(text);
  return std::ranges::any_of(std::istream_iterator<std::string>(words),
                             std::istream_iterator<std::string>(),
                             [&](const std::string& word) { return word == wanted; });
}

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// The super options are the last field of a line of mountinfo; hidepid is one of them.
Finding find_proc(const HostFiles& host) {
  Finding finding{.name = "proc", .found = "mounted at /proc, processes are visible"};
  std::string mountinfo = read(host, "/proc/self/mountinfo");
  bool mounted = std::ranges::any_of(sandbox::parse_mountinfo(mountinfo), [](const auto& mount) {
    return mount.path == "/proc" && mount.type == "proc";
  });
  if (!mounted)
    return {.name = "proc",
            .health = Health::kMissing,
            .found = "not mounted at /proc",
            .costs = "gofer does not start",
            .remedy = "mount -t proc proc /proc"};
  for (const std::string& line : lines_of(mountinfo)) {
    auto at = line.find("hidepid=");
    bool hides = line.find(" /proc ") != line.npos && at != line.npos && line[at + 8] != '0' &&
                 line.compare(at + 8, 3, "off") != 0;
    if (!hides || host.is_root) continue;
    finding.health = Health::kDegraded;
    finding.found = "processes are hidden (hidepid)";
    finding.costs = "the start-up check of an ordinary user sees nothing of its workers";
    finding.remedy = "mount /proc with gid= of those who start gofer, or start as root";
  }
  return finding;
}

bool has_range(const HostFiles& host, const std::string& file) {
  std::string uid = std::to_string(::getuid());
  const char* user = std::getenv("USER");  // NOLINT(concurrency-mt-unsafe): one thread
  return std::ranges::any_of(lines_of(read(host, file)), [&](const std::string& line) {
    return line.starts_with(uid + ":") ||
           (user != nullptr && line.starts_with(std::string(user) + ":"));
  });
}

bool is_there(const HostFiles& host, const std::string& path) {
  return std::ifstream(host.root + path).good();
}

// gofer itself maps one id; more of them are for a runtime to map.
Finding find_ids(const HostFiles& host) {
  if (host.is_root) return {.name = "ids", .found = "all: started as root"};
  bool ranges = has_range(host, "/etc/subuid") && has_range(host, "/etc/subgid");
  bool helpers = is_there(host, "/usr/bin/newuidmap") && is_there(host, "/usr/bin/newgidmap");
  Finding finding{.name = "ids",
                  .health = Health::kDegraded,
                  .found = "this user's own",
                  .costs =
                      "files cannot be given to others, id mappings are refused, and "
                      "supplementary groups stay",
                  .remedy =
                      "start as root, or by a runtime that makes a user namespace with a range "
                      "of ids (newuidmap)"};
  if (!helpers) finding.remedy += "; newuidmap and newgidmap are not installed (package uidmap)";
  if (!ranges) finding.remedy += "; this user has no range in /etc/subuid and /etc/subgid";
  return finding;
}

Finding find_descriptors() {
  rlimit limit{};
  (void)::getrlimit(RLIMIT_NOFILE, &limit);
  Finding finding{.name = "descriptors", .found = "up to " + std::to_string(limit.rlim_max)};
  if (limit.rlim_max >= kUsualDescriptors) return finding;
  bool none = limit.rlim_max < kFewestDescriptors;
  finding.health = none ? Health::kMissing : Health::kDegraded;
  finding.costs = none ? "gofer does not start"
                       : "a start needs --fd-limit " + std::to_string(limit.rlim_max) +
                             " or less: clients have fewer files open";
  finding.remedy = "raise the hard limit (ulimit -Hn, LimitNOFILE=) to 4096 for each worker";
  return finding;
}

Finding find_memory_control(const HostFiles& host) {
  if (has_word(read(host, "/sys/fs/cgroup/cgroup.controllers"), "memory"))
    return {.name = "memory_control", .found = "cgroup v2"};
  for (const std::string& line : lines_of(read(host, "/proc/self/cgroup")))
    if (line.find(":memory:") != line.npos) return {.name = "memory_control", .found = "cgroup v1"};
  return {.name = "memory_control",
          .health = Health::kDegraded,
          .found = "no memory controller",
          .costs = "what workers use together is bounded by gofer's own budgets alone",
          .remedy = "mount cgroup v2 at /sys/fs/cgroup with the memory controller"};
}

}  // namespace

std::string user_namespace_remedy(const HostFiles& host, const std::string& otherwise) {
  auto is = [&](const char* file, std::string_view value) {
    return has_word(read(host, std::string("/proc/sys/") + file), value);
  };
  if (is("user/max_user_namespaces", "0")) return "sysctl user.max_user_namespaces=16384";
  if (is("kernel/unprivileged_userns_clone", "0"))
    return "sysctl kernel.unprivileged_userns_clone=1";
  if (is("kernel/apparmor_restrict_unprivileged_userns", "1"))
    return "sysctl kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor profile for "
           "gofer "
           "with userns";
  return otherwise;
}

std::vector<Finding> read_host(const HostFiles& host) {
  return {find_proc(host), find_ids(host), find_descriptors(), find_memory_control(host)};
}

}  // namespace cmd
