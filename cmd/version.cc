#include <string>

#include "cmd/options.h"
#include "policies/programs.h"

namespace cmd {

std::string version_text() {
  std::string text = "gofer " GOFER_VERSION "\n";
  for (spec::Role role : spec::kRoles)
    text += "policy " + std::string(name_of(role)) + ": " +
            std::to_string(policies::rule_count(role)) + " rules, " +
            std::to_string(policies::program(role).size()) + " instructions, sha256 " +
            std::string(policies::digest(role)) + "\n";
  return text;
}

}  // namespace cmd
