#include "cmd/audit_live.h"

#include <fcntl.h>

#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "cmd/audit_record.h"
#include "cmd/live_facts.h"
#include "cmd/option_values.h"
#include "cmd/proc_files.h"
#include "sandbox/failure.h"

namespace cmd {
namespace {

using base::Outcome;

sandbox::Call call(std::string_view what, std::string_view where, std::string_view remedy) {
  return {.step = "audit", .where = where, .syscall = "open", .what = what, .remedy = remedy};
}

base::Problem no_launcher(const std::string& launcher) {
  return usage("--live " + launcher, "is no launcher of gofer that serves",
               "expected the pid that the `gofer` of a container has");
}

Outcome<AuditRecord> read_record(const std::string& launcher) {
  constexpr std::string_view kRemedy =
      "the record and the namespaces of a jail are for root alone (CAP_SYS_PTRACE)";
  auto open = proc::numbers(launcher, "fd");
  if (!open && open.error().code() == ENOENT) return base::failure(no_launcher(launcher));
  std::string where = proc::path_of(launcher, "fd");
  std::vector<int> numbers =
      TRY(sandbox::required(std::move(open), call("cannot be read", where, kRemedy)));
  for (int number : numbers) {
    std::string file = "fd/" + std::to_string(number);
    auto link = proc::link(launcher, file);
    if (!link || !link->starts_with("/memfd:" + std::string(kAuditRecordName))) continue;
    std::string text =
        TRY(sandbox::required(proc::text(launcher, file), call("cannot be read", where, kRemedy)));
    return parse_record(text);
  }
  return base::failure(no_launcher(launcher));
}

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

// The launcher and its children: their numbers here, by what the launcher calls them.
class Numbers {
 public:
  explicit Numbers(const std::string& launcher) {
    auto own = proc::status(launcher);
    if (!own) return;
    const std::size_t depth = words_of((*own)["NSpid"]).size();
    add(launcher, depth);
    auto children = proc::text(launcher, "task/" + launcher + "/children");
    for (const std::string& child : words_of(children.value_or(""))) add(child, depth);
  }

  std::optional<pid_t> find(pid_t by_launcher) const {
    for (auto [inner, outer] : known_)
      if (inner == by_launcher) return outer;
    return std::nullopt;
  }

 private:
  // NSpid lists a process's numbers from this /proc's namespace inwards.
  void add(const std::string& process, std::size_t depth) {
    auto status = proc::status(process);
    if (!status) return;
    auto numbers = words_of((*status)["NSpid"]);
    if (depth == 0 || numbers.size() < depth || (*status)["State"].starts_with("Z")) return;
    known_.emplace_back(static_cast<pid_t>(proc::number(numbers[depth - 1])),
                        static_cast<pid_t>(proc::number(process)));
  }

  std::vector<std::pair<pid_t, pid_t>> known_;
};

}  // namespace

Outcome<Audit> audit_live(pid_t launcher) {
  const std::string name = std::to_string(launcher);
  AuditRecord record = TRY(read_record(name));
  Reference reference = TRY(reference_to(name));
  reference.launcher = launcher;
  reference.started_in = record.started_in;
  reference.inherited_filters = record.inherited_filters;
  LiveFacts live(std::move(reference));
  Numbers numbers(name);
  Audit audit;
  std::size_t ended = 0;
  for (Audited& one : record.processes) {
    auto pid = numbers.find(one.pid);
    if (!pid) {
      ++ended;
      continue;
    }
    SeenFacts seen = live.of(*pid, one.plan);
    for (const Fact& fact : one.reported) seen.push_back({fact.name, fact.value});
    audit.processes.push_back(
        {.plan = one.plan, .pid = pid, .rows = compare(one.plan.facts, seen)});
  }
  if (ended > 0) audit.notes.push_back(std::to_string(ended) + " processes have ended");
  audit.notes.emplace_back(
      "landlock and mdwe are what each process said of itself at its start: "
      "/proc does not show them");
  return audit;
}

}  // namespace cmd
