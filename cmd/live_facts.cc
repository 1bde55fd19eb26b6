#include "cmd/live_facts.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <tuple>
#include <utility>

#include "sandbox/capabilities.h"
#include "sandbox/failure.h"
#include "sandbox/mountinfo.h"
#include "spec/base/worker_fd.h"

namespace cmd {
namespace {

using Fields = std::map<std::string, std::string>;

bool is_hidden(base::Errno error) {
  return error.code() == EACCES || error.code() == EPERM;
}

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  for (std::size_t at = 0; (at = text.find_first_not_of(" \t", at)) != text.npos;) {
    std::size_t end = std::min(text.find_first_of(" \t", at), text.size());
    words.push_back(text.substr(at, end - at));
    at = end;
  }
  return words;
}

uint64_t capabilities(Fields& status, const char* set) {
  return proc::number(status[set], 16);
}

std::string seccomp_mode(const std::string& number) {
  if (number == "2") return "filter";
  return number == "0" ? "off" : "mode " + number;
}

std::string groups_value(const std::string& groups) {
  std::size_t count = words_of(groups).size();
  return count == 0 ? "none" : std::to_string(count);
}

// The words of a mount's options that a jail decides, in the order of the plan.
std::string attributes_of(const std::string& options) {
  std::string all = "," + options + ",";
  std::string found;
  for (std::string_view word : {"ro", "rw", "nosuid", "nodev", "noexec", "nosymfollow", "idmapped"})
    if (all.find("," + std::string(word) + ",") != all.npos)
      found.append(found.empty() ? "" : ",").append(word);
  return found;
}

std::string propagation_of(const std::string& optional_fields) {
  for (auto [mark, word] : {std::pair("shared:", "shared"), std::pair("master:", "slave"),
                            std::pair("unbindable", "unbindable")})
    if (optional_fields.find(mark) != optional_fields.npos) return word;
  return "private";
}

// What the first mount has, and where others differ.
std::string common_value(const std::vector<sandbox::MountedAt>& mounts, auto value_of) {
  std::string value = value_of(mounts.front());
  const std::string first = value;
  for (const sandbox::MountedAt& mount : mounts)
    if (std::string other = value_of(mount); other != first)
      value.append("; ").append(mount.path).append(": ").append(other);
  return value;
}

std::string kind_of(int number, const std::string& link, spec::Role role) {
  if (number == base::kWorkerLog.raw()) return "log";
  if (role == spec::Role::kSupervisor && number == 3) return "status";
  if (link.ends_with("/null")) return "null";
  if (link.starts_with("socket:")) return "socket";
  if (link.starts_with("/memfd:")) return "memory";
  if (number == base::kWorkerOwnFds.raw() && (link == "/" || link.ends_with("/fd")))
    return "own descriptors";
  return link.starts_with("/") ? "tree" : link.substr(0, link.find(':'));
}

}  // namespace

base::Outcome<Reference> reference_to(std::string_view launcher) {
  auto status =
      TRY(sandbox::required(proc::status(launcher), {.step = "audit",
                                                     .where = proc::path_of(launcher, "status"),
                                                     .syscall = "read",
                                                     .what = "cannot be read",
                                                     .remedy = "/proc must be mounted"}));
  auto uids = words_of(status["Uid"]);
  auto gids = words_of(status["Gid"]);
  uids.resize(4);
  gids.resize(4);
  return Reference{.launcher = static_cast<pid_t>(proc::number(status["Pid"])),
                   .of_launcher = proc::namespaces_of(launcher),
                   .of_workers = proc::link(launcher, "ns/pid_for_children").value_or(""),
                   .inherited_filters = proc::number(status["Seccomp_filters"]),
                   .uid = uids[1],
                   .gid = gids[1]};
}

// One look at one process.
struct LiveFacts::Reading {
  LiveFacts& all;
  const JailPlan& plan;
  pid_t process;
  std::string pid = std::to_string(process);
  SeenFacts facts = {};

  void add(std::string_view name, std::string value) {
    facts.push_back({std::string(name), std::move(value)});
  }
  void hide(std::string_view name) { facts.push_back({std::string(name), std::nullopt}); }
  // For what cannot be read: hidden, or the name of the errno.
  void add_failure(std::string_view name, base::Errno error) {
    if (is_hidden(error)) return hide(name);
    add(name, base::errno_name(error.code()));
  }

  // What a thread may have that the process has not.
  Facts of_thread(Fields& status) const {
    const uint64_t filters = proc::number(status["Seccomp_filters"]);
    const uint64_t inherited = all.reference_.inherited_filters;
    const uint64_t inheritable = capabilities(status, "CapInh") | capabilities(status, "CapAmb");
    return {{"seccomp", seccomp_mode(status["Seccomp"])},
            {"filters", std::to_string(filters - std::min(filters, inherited))},
            {"no_new_privs", status["NoNewPrivs"] == "1" ? "yes" : "no"},
            {"capabilities",
             capability_value(capabilities(status, "CapEff"), capabilities(status, "CapPrm"),
                              capabilities(status, "CapBnd"))},
            {"capabilities_to_inherit", sandbox::capability_names(inheritable)},
            {"groups", groups_value(status["Groups"])},
            {"tracer", tracer_value(status["TracerPid"])}};
  }
  std::string tracer_value(const std::string& tracer) const {
    if (tracer == "0") return "none";
    if (tracer == std::to_string(all.reference_.launcher)) return "the supervisor";
    return "process " + tracer;
  }

  void read_status();
  void compare_threads(Facts& facts_of_first) const;
  void read_ids(Fields& status);
  void read_namespaces();
  void read_root();
  void read_mounts();
  void read_descriptors();
  void read_limits();
};

void LiveFacts::Reading::read_status() {
  auto status = proc::status(pid);
  if (!status) return;
  Facts of_threads = of_thread(*status);
  if ((*status)["Threads"] != "1") compare_threads(of_threads);
  for (Fact& fact : of_threads) add(fact.name, std::move(fact.value));
  add("threads", (*status)["Threads"]);
  read_ids(*status);
}

// The first thread that differs is named; its value takes the place of the process's.
void LiveFacts::Reading::compare_threads(Facts& facts_of_first) const {
  auto threads = proc::numbers(pid, "task");
  if (!threads) return;
  const Facts of_first = facts_of_first;
  for (int thread : *threads) {
    auto status = proc::status(pid + "/task/" + std::to_string(thread));
    if (!status) continue;  // it has ended
    Facts others = of_thread(*status);
    for (std::size_t i = 0; i < others.size(); ++i)
      if (others[i].value != of_first[i].value && facts_of_first[i].value == of_first[i].value)
        facts_of_first[i].value = others[i].value + " in thread " + std::to_string(thread);
  }
}

// Real, effective, saved, and that of new files.
void LiveFacts::Reading::read_ids(Fields& status) {
  auto uids = words_of(status["Uid"]);
  auto gids = words_of(status["Gid"]);
  if (uids.size() != 4 || gids.size() != 4) return hide("ids");
  const auto& [uid, gid] = std::tie(all.reference_.uid, all.reference_.gid);
  auto are = [](const std::vector<std::string>& ids, const std::string& id) {
    return std::all_of(ids.begin(), ids.begin() + 3, [&](const auto& one) { return one == id; });
  };
  add("ids", are(uids, uid) && are(gids, gid) ? std::string(kOfLauncher)
                                              : "uid " + status["Uid"] + ", gid " + status["Gid"]);
  add("file_owner", uids[3] == uid && gids[3] == gid
                        ? std::string(kOfLauncher)
                        : ids_value(proc::number(uids[3]), proc::number(gids[3])));
}

void LiveFacts::Reading::read_namespaces() {
  for (const NamedNamespace& space : kNamespaces) {
    auto link = proc::link(pid, "ns/" + std::string(space.in_proc));
    if (!link)
      add_failure(space.fact, link.error());
    else if (all.reference_.of_launcher.empty())
      hide(space.fact);
    else
      add(space.fact, all.owner_of(space.in_proc, *link, process));
  }
}

void LiveFacts::Reading::read_root() {
  if (!spec::is_worker(plan.role)) return;
  auto root = proc::identity(pid, plan.kind == "directory" ? "root/" : "root/file");
  if (root)
    add("root", device_and_inode(root->device, root->inode));
  else
    add_failure("root", root.error());
  auto directory = proc::identity(pid, "cwd/");
  auto own_fds = proc::identity(pid, "fd/" + std::to_string(base::kWorkerOwnFds.raw()) + "/");
  if (directory && own_fds)
    add("working_directory", *directory == *own_fds ? "own descriptors" : "another directory");
  else
    add_failure("working_directory", directory ? own_fds.error() : directory.error());
}

void LiveFacts::Reading::read_mounts() {
  auto text = proc::text(pid, "mountinfo");
  if (!text) return add_failure("mounts", text.error());
  auto mounts = sandbox::parse_mountinfo(*text);
  std::ranges::sort(mounts, {}, &sandbox::MountedAt::path);
  add("mounts", std::to_string(mounts.size()));
  if (mounts.empty()) return;
  add("mount_attributes",
      common_value(mounts, [](const auto& mount) { return attributes_of(mount.options); }));
  add("propagation",
      common_value(mounts, [](const auto& mount) { return propagation_of(mount.propagation); }));
}

void LiveFacts::Reading::read_descriptors() {
  auto open = proc::numbers(pid, "fd");
  if (!open) {
    add_failure("descriptors", open.error());
    return add_failure("more_descriptors", open.error());
  }
  std::vector<int> numbers;
  std::vector<std::string> what;
  for (int number : plan.descriptors) {
    auto link = proc::link(pid, "fd/" + std::to_string(number));
    if (!link && is_hidden(link.error())) {
      hide("descriptors");
      return hide("more_descriptors");
    }
    if (!link) continue;
    numbers.push_back(number);
    what.push_back(kind_of(number, *link, plan.role));
  }
  add("descriptors", descriptors_value(numbers, what));
  add("more_descriptors", std::to_string(open->size() - std::min(open->size(), numbers.size())));
}

void LiveFacts::Reading::read_limits() {
  auto limits = proc::limits(pid);
  if (!limits) return add_failure(kOpenFiles.fact, limits.error());
  add(kOpenFiles.fact, (*limits)[std::string(kOpenFiles.in_proc)]);
  for (const NamedLimit& limit : kNothingOf) add(limit.fact, (*limits)[std::string(limit.in_proc)]);
}

std::string LiveFacts::owner_of(std::string_view space, const std::string& link, pid_t pid) {
  auto is_in = [&](const proc::Namespaces& namespaces) {
    auto found = namespaces.find(space);
    return found != namespaces.end() && found->second == link;
  };
  if (is_in(reference_.started_in)) return std::string(kOfStarter);
  if (is_in(reference_.of_launcher)) return std::string(kOfLauncher);
  if (space == "pid" && link == reference_.of_workers) return std::string(kOfWorkers);
  if (space == "mnt" && mount_namespaces_.emplace(link, pid).first->second != pid)
    return "another worker's";
  return std::string(kOwn);
}

SeenFacts LiveFacts::of(pid_t pid, const JailPlan& plan) {
  Reading reading{.all = *this, .plan = plan, .process = pid};
  reading.read_status();
  if (reading.facts.empty()) return {};
  if (plan.role != spec::Role::kSupervisor) reading.read_namespaces();
  reading.read_root();
  reading.read_mounts();
  reading.read_descriptors();
  reading.read_limits();
  return std::move(reading.facts);
}

std::vector<Compared> compare(const Facts& planned, const SeenFacts& seen) {
  std::vector<Compared> rows;
  for (const Fact& fact : planned) {
    auto found = std::ranges::find(seen, fact.name, &SeenFact::name);
    Compared row{.name = fact.name, .expected = fact.value, .found = {}};
    if (found != seen.end()) row.found = found->value;
    row.hidden = !row.found;
    rows.push_back(std::move(row));
  }
  for (const SeenFact& fact : seen)
    if (find(planned, fact.name) == nullptr)
      rows.push_back(
          {.name = fact.name, .expected = {}, .found = fact.value, .hidden = !fact.value});
  return rows;
}

}  // namespace cmd
