// JailPlan: what a process of gofer must look like once it is locked down, fact by fact. `gofer
// audit
// --spec` prints it; the start-up check and `gofer audit --live` compare what they see with it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/options.h"
#include "cmd/served.h"
#include "sandbox/handshake.h"
#include "sandbox/skips.h"
#include "spec/role.h"

namespace cmd {

// One thing that can be said of a process, in words. docs/audit.md lists the names and the values.
struct Fact {
  std::string name;   // small letters and underscores
  std::string value;  // equal texts mean the same
};
using Facts = std::vector<Fact>;

// The value of a fact, or null.
const std::string* find(const Facts& facts, std::string_view name);

// What a plan depends on besides the bundle: this host, and this start.
struct Circumstances {
  sandbox::Skips skips;
  uint64_t fd_limit = Budgets{}.fd_limit;
  unsigned disk_threads = Budgets{}.disk_threads;
  int landlock_abi = 0;           // that the kernel has
  bool mdwe = false;              // the kernel has it
  bool own_users = false;         // the user namespace is of our making
  bool single_id = false;         // one id exists in it: groups stay
  bool namespaces_given = false;  // network, IPC and UTS are those that a runtime made
  bool traced = true;             // the kernel lets the supervisor trace workers
  uint64_t uid = 0;               // of the launcher
  uint64_t gid = 0;
};

// Those of a start by this process with these options.
Circumstances circumstances_here(const Options& options, sandbox::Skips skips);

struct JailPlan {
  std::string where;        // JSON pointer of the attach point, "pid 1" or "supervisor"
  std::string destination;  // of a worker: where the container sees its tree
  std::string source;       // of a worker
  std::string kind;         // of the source: "directory", "file" ...
  spec::Role role = spec::Role::kInit;
  spec::Extras extras;
  uint64_t landlock_rights = 0;  // beneath its root
  std::vector<int> descriptors;  // the numbers that mean something by themselves
  Facts facts;                   // what must be so; what is not said here may be as it is
};

JailPlan plan_worker(const Served& served, const Circumstances& start);
// Pid 1 of the workers' pid namespace.
JailPlan plan_init(const Circumstances& start);
// The launcher, once everything serves; `has_status`: it keeps a status descriptor.
JailPlan plan_supervisor(const Circumstances& start, bool has_status);

// What /proc does not show and a process says of itself, before it has met a client.
Facts reported_facts(const sandbox::JailReport& report);

// The values of facts that are made in one place only if they are to be compared.
std::string capability_value(uint64_t effective, uint64_t permitted, uint64_t bounding);
std::string device_and_inode(uint64_t device, uint64_t inode);
std::string landlock_value(int abi);
std::string ids_value(uint64_t uid, uint64_t gid);
// "0 null, 1 null, 2 log": `what` corresponds to `numbers` by index.
std::string descriptors_value(const std::vector<int>& numbers,
                              const std::vector<std::string>& what);

// What RLIMIT_... are called in /proc/PID/limits and as facts.
struct NamedLimit {
  std::string_view in_proc;
  std::string_view fact;
};
inline constexpr NamedLimit kOpenFiles{"Max open files", "limit_open_files"};
// Those of which a jailed process has nothing.
inline constexpr NamedLimit kNothingOf[] = {
    {"Max core file size", "limit_core"},         {"Max processes", "limit_processes"},
    {"Max locked memory", "limit_locked_memory"}, {"Max msgqueue size", "limit_message_queues"},
    {"Max nice priority", "limit_nice"},          {"Max realtime priority", "limit_realtime"}};

// Namespaces: as /proc/PID/ns and as facts have them.
struct NamedNamespace {
  std::string_view in_proc;
  std::string_view fact;
};
inline constexpr NamedNamespace kNamespaces[] = {
    {"mnt", "mount_namespace"}, {"pid", "pid_namespace"}, {"net", "network_namespace"},
    {"ipc", "ipc_namespace"},   {"uts", "uts_namespace"}, {"cgroup", "cgroup_namespace"},
    {"user", "user_namespace"},
};
inline constexpr std::string_view kOwn = "its own";
inline constexpr std::string_view kOfWorkers = "the workers'";
inline constexpr std::string_view kOfLauncher = "the launcher's";
inline constexpr std::string_view kOfStarter = "the starter's";

}  // namespace cmd
