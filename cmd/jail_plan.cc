#include "cmd/jail_plan.h"

#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "cmd/worker.h"
#include "sandbox/capabilities.h"
#include "sandbox/landlock.h"
#include "sandbox/limits.h"
#include "sandbox/namespaces.h"
#include "sandbox/runtime.h"
#include "spec/base/worker_fd.h"

namespace cmd {
namespace {

using sandbox::Skippable;
using spec::Role;

// The attributes of every mount of a tree.
std::string attributes(bool read_only, bool id_mapped) {
  return std::string(read_only ? "ro" : "rw") + ",nosuid,nodev,noexec,nosymfollow" +
         (id_mapped ? ",idmapped" : "");
}

class Planner {
 public:
  Planner(Role role, const Circumstances& start) : start_(start) { plan_.role = role; }

  void add(std::string_view name, std::string value) {
    plan_.facts.push_back({std::string(name), std::move(value)});
  }
  bool leaves_out(Skippable step) const { return start_.skips.has(step); }

  // What holds for every process of ours.
  void add_filter(unsigned threads) {
    if (!sandbox::kInstrumented) {
      add("seccomp", "filter");
      add("filters", "1");
      add("threads", std::to_string(threads));
    }
    add("no_new_privs", "yes");
  }
  void add_credentials(uint64_t capabilities, std::string file_owner) {
    add("capabilities", capability_value(capabilities, capabilities, capabilities));
    add("capabilities_to_inherit", sandbox::capability_names(0));
    add("ids", std::string(kOfLauncher));
    add("file_owner", std::move(file_owner));
    // Groups that the kernel does not let go of are no fault.
    if (!start_.single_id && !leaves_out(Skippable::kGroups)) add("groups", "none");
  }
  void add_tracer(bool is_traced) {
    if (!is_traced || leaves_out(Skippable::kTrace))
      add("tracer", "none");
    else if (start_.traced)
      add("tracer", "the supervisor");
  }
  void add_namespaces(std::string_view of_pid) {
    for (const NamedNamespace& space : kNamespaces) add(space.fact, owner_of(space, of_pid));
  }
  void add_limits() {
    if (leaves_out(Skippable::kLimits)) return;
    add(kOpenFiles.fact, std::to_string(start_.fd_limit));
    for (const NamedLimit& limit : kNothingOf) add(limit.fact, "0");
  }
  void add_reported() {
    add("landlock", landlock_value(landlock_abi()));
    if (!sandbox::kInstrumented)
      add("mdwe", start_.mdwe && !leaves_out(Skippable::kMdwe) ? "yes" : "no");
  }
  void add_descriptors(std::vector<int> numbers, const std::vector<std::string>& what) {
    add("descriptors", descriptors_value(numbers, what));
    plan_.descriptors = std::move(numbers);
  }
  // An empty, read-only root of its own.
  void add_empty_root() {
    add("mounts", "1");
    add("mount_attributes", attributes(true, false));
    add("propagation", "private");
  }
  int landlock_abi() const { return leaves_out(Skippable::kLandlock) ? 0 : start_.landlock_abi; }

  JailPlan& plan() { return plan_; }

 private:
  std::string owner_of(const NamedNamespace& space, std::string_view of_pid) const {
    if (space.in_proc == "mnt") return std::string(kOwn);
    if (space.in_proc == "pid") return std::string(of_pid);
    if (space.in_proc == "user") return std::string(start_.own_users ? kOfLauncher : kOfStarter);
    return std::string(is_starters(space.in_proc) ? kOfStarter : kOfLauncher);
  }
  bool is_starters(std::string_view space) const {
    if (space == "cgroup") return leaves_out(Skippable::kCgroupNamespace);
    if (start_.namespaces_given) return true;
    if (space == "net") return leaves_out(Skippable::kNetworkNamespace);
    return leaves_out(space == "ipc" ? Skippable::kIpcNamespace : Skippable::kUtsNamespace);
  }

  const Circumstances& start_;
  JailPlan plan_;
};

std::string owner_of_files(const Served& served, const Circumstances& start) {
  auto ids = owner_of_new_files(served.point.ids);
  if (!ids || (ids->uid == start.uid && ids->gid == start.gid)) return std::string(kOfLauncher);
  return ids_value(ids->uid, ids->gid);
}

// A file lies in a tmpfs of its own, which is the root then.
void add_mounts(Planner& planner, const Served& served) {
  std::string of_tree = attributes(served.read_only(), !served.point.ids.empty());
  std::string all = of_tree;
  if (!served.source.is_directory) {
    all = attributes(true, false);
    if (all != of_tree) all += "; /file: " + of_tree;
  }
  planner.add("root", device_and_inode(served.source.device, served.source.inode));
  planner.add("working_directory", "own descriptors");
  if (!served.point.recursive || !served.source.is_directory)
    planner.add("mounts", served.source.is_directory ? "1" : "2");
  planner.add("mount_attributes", std::move(all));
  // What is a slave of nothing is private.
  if (served.point.propagation == spec::Propagation::kPrivate)
    planner.add("propagation", "private");
}

void add_worker_descriptors(Planner& planner, unsigned channels) {
  std::vector<int> numbers{0, 1, 2, 3, 4, 5};
  std::vector<std::string> what{"null", "null", "log", "socket", "tree", "own descriptors"};
  if (channels > 0) {
    numbers.push_back(base::kWorkerWindows.raw());
    what.emplace_back("memory");
  }
  for (unsigned i = 0; i < channels; ++i) {
    numbers.push_back(base::kWorkerSideSockets.raw() + static_cast<int>(i));
    what.emplace_back("socket");
  }
  planner.add_descriptors(std::move(numbers), what);
}

}  // namespace

const std::string* find(const Facts& facts, std::string_view name) {
  auto found = std::ranges::find(facts, name, &Fact::name);
  return found == facts.end() ? nullptr : &found->value;
}

Circumstances circumstances_here(const Options& options, sandbox::Skips skips) {
  return {.skips = skips,
          .fd_limit = options.budgets.fd_limit,
          .disk_threads = static_cast<unsigned>(options.budgets.disk_threads),
          .landlock_abi = sandbox::landlock_abi(),
          .mdwe = sandbox::can_deny_write_execute(),
          .own_users = !sandbox::is_privileged(),
          .single_id = !sandbox::is_privileged(),
          .uid = ::geteuid(),
          .gid = ::getegid()};
}

JailPlan plan_worker(const Served& served, const Circumstances& start) {
  const spec::GoferOptions& options = served.point.options;
  Planner planner(spec::worker_role(served.point.access), start);
  JailPlan& plan = planner.plan();
  plan.where = served.point.where;
  plan.destination = served.location.destination;
  plan.source = served.source.real_path;
  plan.kind = served.source.kind;
  plan.extras = completed(plan.role, extras_of(options));
  planner.add_filter(1 + options.channels + start.disk_threads);
  planner.add_credentials(sandbox::capabilities_of(plan.role, options.xattrs),
                          owner_of_files(served, start));
  planner.add_tracer(true);
  planner.add_namespaces(kOfWorkers);
  add_mounts(planner, served);
  add_worker_descriptors(planner, options.channels);
  planner.add_limits();
  planner.add_reported();
  plan.landlock_rights =
      sandbox::landlock_rights(plan.role, served.source.is_directory, planner.landlock_abi());
  return std::move(plan);
}

JailPlan plan_init(const Circumstances& start) {
  Planner planner(Role::kInit, start);
  planner.plan().where = "pid 1";
  planner.add_filter(1);
  planner.add_credentials(0, std::string(kOfLauncher));
  planner.add_tracer(false);
  planner.add_namespaces(kOfWorkers);
  planner.add_empty_root();
  planner.add_descriptors({0, 1, 2}, {"null", "null", "log"});
  planner.add("more_descriptors", "0");
  planner.add_limits();
  planner.add_reported();
  return std::move(planner.plan());
}

JailPlan plan_supervisor(const Circumstances& start, bool has_status) {
  Planner planner(Role::kSupervisor, start);
  planner.plan().where = "supervisor";
  planner.add_filter(1);
  planner.add_credentials(0, std::string(kOfLauncher));
  planner.add_empty_root();
  if (has_status)
    planner.add_descriptors({2, 3, 4}, {"log", "status", "memory"});
  else
    planner.add_descriptors({2, 4}, {"log", "memory"});
  planner.add("more_descriptors", "0");
  planner.add_limits();
  return std::move(planner.plan());
}

Facts reported_facts(const sandbox::JailReport& report) {
  return {{"landlock", landlock_value(report.landlock_abi)}, {"mdwe", report.mdwe ? "yes" : "no"}};
}

std::string capability_value(uint64_t effective, uint64_t permitted, uint64_t bounding) {
  using sandbox::capability_names;
  if (effective == permitted && permitted == bounding) return capability_names(effective);
  return "effective " + capability_names(effective) + ", permitted " + capability_names(permitted) +
         ", bounding " + capability_names(bounding);
}

std::string device_and_inode(uint64_t device, uint64_t inode) {
  return "device " + std::to_string(gnu_dev_major(device)) + ":" +
         std::to_string(gnu_dev_minor(device)) + ", inode " + std::to_string(inode);
}

std::string landlock_value(int abi) {
  return abi == 0 ? "none" : "ABI " + std::to_string(abi);
}

std::string ids_value(uint64_t uid, uint64_t gid) {
  return "uid " + std::to_string(uid) + ", gid " + std::to_string(gid);
}

std::string descriptors_value(const std::vector<int>& numbers,
                              const std::vector<std::string>& what) {
  std::string text;
  for (std::size_t i = 0; i < numbers.size(); ++i)
    text.append(text.empty() ? "" : ", ").append(std::to_string(numbers[i]) + " " + what[i]);
  return text;
}

}  // namespace cmd
