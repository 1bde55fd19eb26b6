#include "cmd/code_map.h"

#include <link.h>

#include <algorithm>
#include <charconv>
#include <span>

namespace cmd {
namespace {

constexpr std::size_t kLongestName = 64;

// The program itself has no name there.
std::string file_of(const char* name) {
  std::string_view path(name);
  path.remove_prefix(path.find_last_of('/') + 1);
  return std::string(path.empty() ? "gofer" : path.substr(0, kLongestName));
}

}  // namespace

CodeMap CodeMap::of_this_process() {
  CodeMap map;
  ::dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* data) {
        auto& segments = static_cast<CodeMap*>(data)->segments_;
        for (const auto& header : std::span(info->dlpi_phdr, info->dlpi_phnum)) {
          if (header.p_type != PT_LOAD || (header.p_flags & PF_X) == 0) continue;
          uint64_t begin = info->dlpi_addr + header.p_vaddr;
          segments.push_back({.begin = begin,
                              .end = begin + header.p_memsz,
                              .loaded_at = info->dlpi_addr,
                              .file = file_of(info->dlpi_name)});
        }
        return 0;
      },
      &map);
  return map;
}

std::string_view CodeMap::describe(uint64_t instruction, std::array<char, 96>& room) const {
  auto found = std::ranges::find_if(segments_, [&](const Segment& segment) {
    return segment.begin <= instruction && instruction < segment.end;
  });
  if (found == segments_.end()) return "?";
  char* at = std::ranges::copy(found->file, room.data()).out;
  at = std::ranges::copy(std::string_view("+0x"), at).out;
  at = std::to_chars(at, room.data() + room.size(), instruction - found->loaded_at, 16).ptr;
  return {room.data(), at};
}

}  // namespace cmd
