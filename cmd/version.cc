#include <string>

#include "cmd/options.h"
#include "policies/programs.h"

namespace cmd {

std::string program_line(spec::Role role, spec::Extras extras) {
  return "policy " + name_of(role, extras) + ": " +
         std::to_string(policies::rule_count(role, extras)) + " rules, " +
         std::to_string(policies::program(role, extras).size()) + " instructions, sha256 " +
         std::string(policies::digest(role, extras)) + "\n";
}

const char* version_number() {
  return GOFER_VERSION;
}

std::string version_text() {
  std::string text = std::string("gofer ") + version_number() + "\n";
  for (spec::Role role : spec::kRoles) text += program_line(role, {});
  return text + "and a policy for each set of extras: gofer policy programs\n";
}

}  // namespace cmd
