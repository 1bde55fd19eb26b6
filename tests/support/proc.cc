#include "tests/support/proc.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/support/tree.h"

namespace support {
namespace {

path proc(pid_t pid, std::string_view file) {
  return path("/proc") / std::to_string(pid) / file;
}

}  // namespace

std::string status_field(pid_t pid, std::string_view name) {
  std::istringstream lines(read_file(proc(pid, "status")));
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(std::string(name) + ":")) continue;
    std::string value = line.substr(name.size() + 1);
    std::size_t first = value.find_first_not_of(" \t");
    if (first == value.npos) return {};
    return value.substr(first, value.find_last_not_of(" \t") - first + 1);
  }
  return "no such line";
}

std::map<int, std::string> descriptors_of(pid_t pid) {
  std::map<int, std::string> all;
  for (const auto& entry : std::filesystem::directory_iterator(proc(pid, "fd")))
    all[std::stoi(entry.path().filename())] = std::filesystem::read_symlink(entry.path());
  return all;
}

bool MountInfo::has(std::string_view option) const {
  std::istringstream words(options);
  for (std::string word; std::getline(words, word, ',');)
    if (word == option) return true;
  return false;
}

std::vector<MountInfo> mounts_of(pid_t pid) {
  std::vector<MountInfo> all;
  std::istringstream lines(read_file(proc(pid, "mountinfo")));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    MountInfo mount;
    std::string skipped;
    fields >> skipped >> skipped >> skipped >> skipped >> mount.point >> mount.options;
    while (fields >> skipped && skipped != "-") {
    }
    fields >> mount.type;
    all.push_back(std::move(mount));
  }
  return all;
}

std::vector<std::string> names_in_root(pid_t pid, std::string_view directory) {
  std::vector<std::string> names;
  for (const auto& entry :
       std::filesystem::directory_iterator(proc(pid, "root") / path(directory).relative_path()))
    names.push_back(entry.path().filename());
  std::ranges::sort(names);
  return names;
}

std::string namespace_of(pid_t pid, std::string_view kind) {
  return std::filesystem::read_symlink(proc(pid, "ns") / kind);
}

}  // namespace support
