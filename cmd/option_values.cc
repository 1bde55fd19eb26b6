#include "cmd/option_values.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <sstream>
#include <utility>

namespace cmd {

using base::Outcome;

base::Problem usage(std::string where, std::string what, std::string expected) {
  return {.exit = base::ExitCode::kUsage,
          .step = "options",
          .where = std::move(where),
          .what = std::move(what),
          .expected = std::move(expected)};
}

Outcome<uint64_t> parse_number(const std::string& where, std::string_view text, uint64_t low,
                               uint64_t high) {
  uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size() && low <= value && value <= high)
    return value;
  return base::failure(
      usage(where, "\"" + std::string(text) + "\" is not valid",
            "expected a whole number from " + std::to_string(low) + " to " + std::to_string(high)));
}

Outcome<int> parse_descriptor(const std::string& where, std::string_view text) {
  return static_cast<int>(TRY(parse_number(where, text, 3, std::numeric_limits<int>::max())));
}

Outcome<std::vector<int>> parse_descriptors(const std::string& where,
                                            const std::vector<std::string>& values) {
  std::vector<int> fds;
  for (const std::string& list : values) {
    std::istringstream in(list + ",");
    for (std::string item; std::getline(in, item, ',');)
      fds.push_back(TRY(parse_descriptor(where, item)));
  }
  return fds;
}

Outcome<void> refuse_twice(std::vector<int> descriptors, std::string where) {
  std::ranges::sort(descriptors);
  auto twice = std::ranges::adjacent_find(descriptors);
  if (twice == descriptors.end()) return {};
  return base::failure(usage(std::move(where),
                             "descriptor " + std::to_string(*twice) + " is named twice",
                             "expected a different descriptor for each"));
}

}  // namespace cmd
