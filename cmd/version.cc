#include <string>

#include "cmd/options.h"
#include "policies/programs.h"

namespace cmd {

namespace {

std::string policy_line(spec::Role role, spec::Extras extras) {
  return "policy " + name_of(role, extras) + ": " +
         std::to_string(policies::rule_count(role, extras)) + " rules, " +
         std::to_string(policies::program(role, extras).size()) + " instructions, sha256 " +
         std::string(policies::digest(role, extras)) + "\n";
}

}  // namespace

std::string version_text() {
  std::string text = "gofer " GOFER_VERSION "\n";
  for (spec::Role role : spec::kRoles)
    for (std::size_t set = 0; set < (spec::is_worker(role) ? spec::Extras::kSets : 1); ++set)
      text += policy_line(role, spec::Extras::of_index(set));
  return text;
}

}  // namespace cmd
