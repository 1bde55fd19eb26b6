// The facts of a running process, as /proc shows them: what a JailPlan is compared with.
#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cmd/jail_plan.h"
#include "cmd/proc_files.h"
#include "spec/base/problem.h"

namespace cmd {

struct SeenFact {
  std::string name;
  std::optional<std::string> value;  // nothing: the kernel does not show it to us
};
using SeenFacts = std::vector<SeenFact>;

// What the processes of one start are compared with. Process numbers are those of /proc.
struct Reference {
  pid_t launcher = -1;
  proc::Namespaces started_in;   // of the launcher, before it left any
  proc::Namespaces of_launcher;  // empty where they are hidden
  std::string of_workers;        // their pid namespace
  uint64_t inherited_filters = 0;
  std::string uid;  // the launcher's effective ones, as /proc numbers them
  std::string gid;
};

// What /proc shows of the launcher itself; the rest is for the caller to fill in.
base::Outcome<Reference> reference_to(std::string_view launcher);

class LiveFacts {
 public:
  explicit LiveFacts(Reference reference) : reference_(std::move(reference)) {}

  // Those of process `pid`, in the plan's order, and some that no plan speaks of. Facts of a
  // process that has ended are missing, or its own. `plan` says which descriptors mean something,
  // and where the tree is.
  SeenFacts of(pid_t pid, const JailPlan& plan);
  const Reference& reference() const { return reference_; }

 private:
  struct Reading;
  std::string owner_of(std::string_view space, const std::string& link, pid_t pid);

  Reference reference_;
  std::map<std::string, pid_t> mount_namespaces_;  // of those that were looked at
};

// A planned fact beside what was seen.
struct Compared {
  std::string name;
  std::optional<std::string> expected;
  std::optional<std::string> found;
  bool hidden = false;
  bool differs() const { return expected && found && *expected != *found; }
};

// In the plan's order, then what was seen besides. A fact that was planned and not seen is hidden.
std::vector<Compared> compare(const Facts& planned, const SeenFacts& seen);

}  // namespace cmd
