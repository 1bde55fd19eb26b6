#include "cmd/proc_files.h"

#include <sys/sysmacros.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <sstream>
#include <system_error>

#include "cmd/jail_plan.h"
#include "sandbox/sys.h"

namespace cmd::proc {
namespace {

using base::Result;
namespace sys = sandbox::sys;

// Without the blanks at both ends.
std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t";
  std::size_t first = text.find_first_not_of(kBlank);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

// "%-25s %-20s %-20s %-10s": fs/proc/base.c of the kernel.
constexpr std::size_t kLimitName = 26;
constexpr std::size_t kLimitValue = 21;

}  // namespace

std::string path_of(std::string_view process, std::string_view file) {
  return "/proc/" + std::string(process) + "/" + std::string(file);
}

Result<std::string> text(std::string_view process, std::string_view file) {
  auto fd = TRY(sys::openat(sys::kWorkingDirectory, path_of(process, file).c_str(), O_RDONLY));
  return sys::read_all(fd);
}

Result<std::map<std::string, std::string>> status(std::string_view process) {
  std::istringstream lines(TRY(text(process, "status")));
  std::map<std::string, std::string> fields;
  for (std::string line; std::getline(lines, line);)
    if (auto colon = line.find(':'); colon != line.npos)
      fields[line.substr(0, colon)] = trimmed(std::string_view(line).substr(colon + 1));
  return fields;
}

Result<std::map<std::string, std::string>> limits(std::string_view process) {
  std::istringstream lines(TRY(text(process, "limits")));
  std::map<std::string, std::string> fields;
  for (std::string line; std::getline(lines, line);) {
    if (line.size() < kLimitName + 2 * kLimitValue) continue;
    std::string_view all = line;
    std::string_view soft = trimmed(all.substr(kLimitName, kLimitValue));
    std::string_view hard = trimmed(all.substr(kLimitName + kLimitValue, kLimitValue));
    std::string& field = fields[std::string(trimmed(all.substr(0, kLimitName)))];
    field = soft;
    if (soft != hard) field.append(", hard ").append(hard);
  }
  return fields;
}

Result<std::string> link(std::string_view process, std::string_view name) {
  return sys::readlinkat(sys::kWorkingDirectory, path_of(process, name).c_str());
}

Result<std::vector<int>> numbers(std::string_view process, std::string_view directory) {
  std::error_code error;
  std::filesystem::directory_iterator entries(path_of(process, directory), error);
  std::vector<int> found;
  while (!error && entries != std::filesystem::directory_iterator()) {
    found.push_back(static_cast<int>(number(entries->path().filename().native())));
    entries.increment(error);
  }
  if (error) return base::fail(error.value());
  std::ranges::sort(found);
  return found;
}

Result<Identity> identity(std::string_view process, std::string_view name) {
  auto status =
      TRY(sys::statx(sys::kWorkingDirectory, path_of(process, name).c_str(), 0, STATX_INO));
  return Identity{.device = ::makedev(status.stx_dev_major, status.stx_dev_minor),
                  .inode = status.stx_ino};
}

Namespaces namespaces_of(std::string_view process) {
  Namespaces found;
  for (const NamedNamespace& space : kNamespaces)
    if (auto target = link(process, "ns/" + std::string(space.in_proc)))
      found.emplace(space.in_proc, *target);
  return found;
}

Result<pid_t> number_of(base::Fd pidfd) {
  std::istringstream lines(TRY(text("self", "fdinfo/" + std::to_string(pidfd.raw()))));
  constexpr std::string_view kPid = "Pid:";
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(kPid)) continue;
    auto pid = static_cast<pid_t>(number(trimmed(std::string_view(line).substr(kPid.size()))));
    if (pid > 0) return pid;
  }
  return base::fail(ESRCH);
}

uint64_t number(std::string_view text, int base) {
  uint64_t value = 0;
  (void)std::from_chars(text.data(), text.data() + text.size(), value, base);
  return value;
}

}  // namespace cmd::proc
