#include "policies/texts.h"

#include <algorithm>
#include <iterator>

namespace policies {
namespace {

struct PolicyText {
  std::string_view name;
  std::string_view text;
};

// kTexts, by name.
#include "policies/texts.inc"

}  // namespace

base::Outcome<std::string> text(std::string_view name) {
  const auto* found = std::ranges::find(kTexts, name, &PolicyText::name);
  if (found == std::end(kTexts))
    return base::failure(base::Problem{
        .step = "policy", .where = std::string(name) + ".json", .what = "is no policy file"});
  return std::string(found->text);
}

base::Outcome<spec::Policy> rules(spec::Role role, spec::Extras extras) {
  return spec::load_policy(role, extras, text);
}

}  // namespace policies
