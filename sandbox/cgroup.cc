#include "sandbox/cgroup.h"

#include <fcntl.h>
#include <linux/magic.h>

#include <cerrno>
#include <utility>

#include "sandbox/failure.h"
#include "sandbox/sys.h"

namespace sandbox {
namespace {

using base::Outcome;

Call call(const std::string& where, std::string_view syscall, std::string_view what,
          std::string_view remedy) {
  return {.step = "cgroup", .where = where, .syscall = syscall, .what = what, .remedy = remedy};
}

bool is_of_cgroups(base::Fd directory) {
  auto stat = sys::fstatfs(directory);
  return stat && (stat->f_type == CGROUP2_SUPER_MAGIC || stat->f_type == CGROUP_SUPER_MAGIC);
}

}  // namespace

Outcome<Cgroup> Cgroup::open(const std::string& directory) {
  constexpr std::string_view kExpected = "expected the directory of a cgroup that exists";
  auto refuse = [&](base::Errno error) {
    base::Problem problem = problem_of(
        call(directory, "openat", "cannot put processes into this cgroup", kExpected), error);
    if (error.code() == ENOENT || error.code() == ENOTDIR) problem.exit = base::ExitCode::kUsage;
    return base::failure(std::move(problem));
  };
  auto opened = sys::openat(sys::kWorkingDirectory, directory.c_str(), O_PATH | O_DIRECTORY);
  if (!opened) return refuse(opened.error());
  if (!is_of_cgroups(*opened)) return refuse(base::Errno(ENOTDIR));
  auto processes = sys::openat(*opened, "cgroup.procs", O_WRONLY);
  if (!processes) return refuse(processes.error());
  return Cgroup(directory, *std::move(opened), *std::move(processes));
}

Outcome<void> Cgroup::limit_memory(uint64_t bytes) {
  const Call set = call(name_, "write", "the memory of this cgroup cannot be limited",
                        "the memory controller must be enabled for it");
  auto file = sys::openat(directory_, "memory.max", O_WRONLY);
  if (!file && file.error().code() == ENOENT)
    file = sys::openat(directory_, "memory.limit_in_bytes", O_WRONLY);  // version 1
  if (!file) return base::failure(problem_of(set, file.error()));
  return required(sys::write(*file, std::to_string(bytes)), set);
}

Outcome<void> Cgroup::add(pid_t pid) {
  return required(sys::write(processes_, std::to_string(pid)),
                  call(name_, "write", "a worker cannot be put into this cgroup", {}));
}

}  // namespace sandbox
