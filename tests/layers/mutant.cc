#include "tests/layers/mutant.h"

#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cctype>
#include <fstream>

namespace layers {
namespace {

std::string joined(const std::set<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

}  // namespace

std::string binary_without(std::string_view off) {
  if (off == "nothing") return GOFER_BINARY;
  std::string name(off);
  for (std::size_t comma = name.find(", "); comma != name.npos; comma = name.find(", "))
    name.replace(comma, 2, "+");
  for (char& c : name) c = c == ' ' || c == '-' ? '_' : static_cast<char>(std::tolower(c));
  return GOFER_MUTANTS + name;
}

Answer answered(support::Serving& serving, std::size_t attach_point, std::string said) {
  spec::Json end = serving.worker_end(serving.worker(attach_point));
  return {.said = std::move(said),
          .cause = support::text_of(end, "cause"),
          .call = support::text_of(end, "syscall")};
}

bool kernel_has_landlock() {
  return ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION) > 0;
}

std::string text_of(const Row& row) {
  return "| " + row.off + " | " + row.attack + " | " + joined(row.caught_by) + " | " +
         joined(row.seen_as) + " |";
}

std::set<std::string> documented(std::string_view heading) {
  std::ifstream in("docs/layers.md");
  std::set<std::string> rows;
  bool below = false;
  int head = 2;  // lines of a table before its rows
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("## ")) below = line.substr(3) == heading;
    if (below && line.starts_with("|") && --head < 0) rows.insert(line);
  }
  return rows;
}

}  // namespace layers
