// CodeMap: where in which file an instruction of this process is, as addr2line(1) takes it.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cmd {

class CodeMap {
 public:
  // Of the running program and its libraries, wherever they were loaded. What it forks has the
  // same.
  static CodeMap of_this_process();

  // "gofer+0x1f2e3": the file's name and the address in it, in `room`, which it is valid as long
  // as.
  // "?" for what is in no file.
  std::string_view describe(uint64_t instruction, std::array<char, 96>& room) const;

 private:
  struct Segment {
    uint64_t begin;
    uint64_t end;
    uint64_t loaded_at;  // what its file calls address 0
    std::string file;
  };
  std::vector<Segment> segments_;  // those that can be executed
};

}  // namespace cmd
