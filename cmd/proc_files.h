// Files of /proc, read and parsed: what they say of one process. man 5 proc.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "spec/base/fd.h"
#include "spec/base/result.h"

namespace cmd::proc {

// Of a process, or of a thread as "PID/task/TID"; "self" is this one.
std::string path_of(std::string_view process, std::string_view file);

// Errors of all of these: ENOENT or ESRCH when there is no such process, EACCES or EPERM for what
// the kernel hides from us.

// The lines of `status`, by what stands before the colon.
base::Result<std::map<std::string, std::string>> status(std::string_view process);
// The soft and hard value of each line of `limits`, as one text if they are the same.
base::Result<std::map<std::string, std::string>> limits(std::string_view process);
// What a link leads to: "ns/net", "fd/3", "cwd".
base::Result<std::string> link(std::string_view process, std::string_view name);
base::Result<std::string> text(std::string_view process, std::string_view file);
// The numbers in a directory, ascending: "fd", "task".
base::Result<std::vector<int>> numbers(std::string_view process, std::string_view directory);

struct Identity {
  uint64_t device = 0;
  uint64_t inode = 0;
  friend bool operator==(const Identity&, const Identity&) = default;
};
// Of what is behind a link: "root/", "cwd/".
base::Result<Identity> identity(std::string_view process, std::string_view name);

// The links of all kNamespaces that can be read, by their names in /proc.
using Namespaces = std::map<std::string, std::string, std::less<>>;
Namespaces namespaces_of(std::string_view process);

// The number that this /proc has for the process of a pidfd: not that of fork(2) where /proc is
// that of another pid namespace. Errors: ESRCH if it has none.
base::Result<pid_t> number_of(base::Fd pidfd);

// A number in `base`; 0 for what is none.
uint64_t number(std::string_view text, int base = 10);

}  // namespace cmd::proc
