// Cgroup: a control group of the host into which workers are put, so that its limits hold for what
// their clients make them take (cgroups(7)).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "spec/base/fd.h"
#include "spec/base/problem.h"

namespace sandbox {

class Cgroup {
 public:
  // `directory` is that of a group that exists, of either version of the interface; whoever made it
  // removes it. kUsage when it is none, kNoPermission when processes may not be put into it.
  static base::Outcome<Cgroup> open(const std::string& directory);

  // What all its processes may take together, the kernel's memory for them included.
  base::Outcome<void> limit_memory(uint64_t bytes);

  // From its next page on the process pays there; what it has stays where it was paid.
  base::Outcome<void> add(pid_t pid);

 private:
  Cgroup(std::string name, base::UniqueFd directory, base::UniqueFd processes)
      : name_(std::move(name)),
        directory_(std::move(directory)),
        processes_(std::move(processes)) {}

  std::string name_;
  base::UniqueFd directory_;
  base::UniqueFd processes_;
};

}  // namespace sandbox
