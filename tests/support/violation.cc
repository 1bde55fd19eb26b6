#include "tests/support/violation.h"

#include <regex>

#include "tests/support/gofer_process.h"

namespace support {
namespace {

constexpr std::string_view kProgram = "gofer+";

// Function and line; of what was inlined, where the call was written first, then what called it.
std::string place_of(const std::string& code, const std::string& binary) {
  if (!code.starts_with(kProgram)) return code;
  Process process({.words = {"/usr/bin/addr2line", "-Cfipse", binary, code.substr(kProgram.size())},
                   .inherited = {},
                   .environment = {},
                   .user = {}});
  if (process.wait() != End{.status = 0}) return code;
  std::string place = process.out();
  while (place.ends_with('\n')) place.pop_back();
  return place;
}

}  // namespace

std::string violations_in(std::string_view log, const std::string& binary) {
  static const std::regex kViolation(
      R"re(cause="?policy-violation"? .*policy="?([^" ]+)"? .*syscall="?([^" ]+)"? .*code="?([^"\n ]+))re");
  std::string text;
  std::string all(log);
  for (std::sregex_iterator found(all.begin(), all.end(), kViolation), end; found != end; ++found)
    text += (*found)[1].str() + ": " + (*found)[2].str() + ": " +
            place_of((*found)[3].str(), binary) + "\n";
  return text;
}

}  // namespace support
