#include <string>

#include "cmd/options.h"
#include "policies/programs.h"

namespace cmd {

std::string version_text() {
  std::string text = "gofer " GOFER_VERSION "\n";
  for (policies::Role role : policies::kRoles)
    text += "policy " + std::string(name(role)) + ": " + std::to_string(rule_count(role)) +
            " rules, " + std::to_string(program(role).size()) + " instructions, sha256 " +
            std::string(digest(role)) + "\n";
  return text;
}

}  // namespace cmd
