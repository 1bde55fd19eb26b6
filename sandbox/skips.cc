#include "sandbox/skips.h"

#include <algorithm>
#include <array>

namespace sandbox {
namespace {

constexpr std::array<std::string_view, 9> kNames = {
    "network", "ipc", "uts", "cgroup", "landlock", "limits", "mdwe", "trace", "groups",
};
static_assert(kNames.size() == static_cast<std::size_t>(Skippable::kGroups) + 1);

std::string joined(auto wanted) {
  std::string text;
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (!wanted(static_cast<Skippable>(i))) continue;
    if (!text.empty()) text += ", ";
    text += kNames[i];
  }
  return text;
}

}  // namespace

std::string_view name_of(Skippable step) {
  return kNames.at(static_cast<std::size_t>(step));
}

std::span<const std::string_view> skippable_names() {
  return kNames;
}

std::string to_text(Skips skips) {
  return joined([&](Skippable step) { return skips.has(step); });
}

base::Outcome<Skips> parse_skips(std::span<const std::string> names) {
  Skips skips;
  for (const std::string& name : names) {
    const auto* found = std::find(kNames.begin(), kNames.end(), name);
    if (found == kNames.end())
      return base::failure(
          base::Problem{.exit = base::ExitCode::kUsage,
                        .step = "options",
                        .where = "--without",
                        .what = "'" + name + "' is no step of the jail that may be left out",
                        .expected = "one of: " + joined([](Skippable) { return true; })});
    skips.add(static_cast<Skippable>(found - kNames.begin()));
  }
  return skips;
}

}  // namespace sandbox
