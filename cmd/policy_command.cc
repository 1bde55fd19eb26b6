#include "cmd/policy_command.h"

#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/option_values.h"
#include "cmd/options.h"
#include "cmd/policy_json.h"
#include "policies/programs.h"
#include "policies/texts.h"
#include "spec/json.h"
#include "spec/policy.h"
#include "spec/role.h"

namespace cmd {
namespace {

using base::Outcome;
using spec::Extra;
using spec::Extras;
using spec::Role;

// "one of: a b c".
template <class All>
std::string one_of(const All& all) {
  std::string text = "expected one of:";
  for (auto one : all) text.append(" ").append(name_of(one));
  return text;
}

// What the file that `rule` is in says of itself.
Outcome<std::string> reason_of_file(const spec::Rule& rule) {
  std::string name = rule.where.substr(0, rule.where.find('.'));
  spec::Json file = TRY(spec::parse_json(TRY(policies::text(name)), "policy", name));
  return *file.find("why")->as<std::string>();
}

std::string line(std::string_view name, std::string_view rules, std::string_view why) {
  std::string text = "  " + std::string(name);
  text.resize(std::max<std::size_t>(text.size() + 1, 16), ' ');
  text.append(rules);
  text.resize(std::max<std::size_t>(text.size() + 2, 28), ' ');
  return text.append(why) + "\n";
}

Outcome<std::string> list_extra(Role role, Extra extra) {
  Extras alone = Extras().with(extra);
  if (!completed(role, alone).has(extra)) return std::string();
  spec::Policy policy = TRY(policies::rules(role, alone));
  std::size_t more = policy.rules.size() - policies::rule_count(role);
  // The fragment comes after what it includes, and both after the role.
  return line("+ " + std::string(name_of(extra)), "+ " + std::to_string(more) + " rules",
              TRY(reason_of_file(policy.rules.back())));
}

Outcome<int> list() {
  std::string text = "Roles, and the extras that a worker of the role may have:\n\n";
  for (Role role : spec::kRoles) {
    spec::Policy policy = TRY(policies::rules(role));
    text += line(name_of(role), std::to_string(policy.rules.size()) + " rules",
                 TRY(reason_of_file(policy.rules.back())));
    if (!spec::is_worker(role)) continue;
    for (Extra extra : spec::kExtras) text += TRY(list_extra(role, extra));
  }
  std::fputs(text.c_str(), stdout);
  return 0;
}

int list_programs() {
  spec::for_each_policy(
      [](Role role, Extras extras) { std::fputs(program_line(role, extras).c_str(), stdout); });
  return 0;
}

Outcome<int> show(std::vector<std::string_view> words) {
  auto reasons = std::erase(words, "--oci") > 0 ? Reasons::kLeftOut : Reasons::kKept;
  if (words.empty())
    return base::failure(usage("policy show", "no role is named", one_of(spec::kRoles)));
  auto role = spec::role_named(words.front());
  if (!role)
    return base::failure(usage("policy show", "\"" + std::string(words.front()) + "\" is no role",
                               one_of(spec::kRoles)));
  Extras extras;
  for (std::string_view word : std::span(words).subspan(1)) {
    auto extra = spec::extra_named(word);
    if (!extra)
      return base::failure(
          usage("policy show", "\"" + std::string(word) + "\" is no extra", one_of(spec::kExtras)));
    if (!spec::is_worker(*role))
      return base::failure(usage("policy show", "only workers have extras"));
    extras = extras.with(*extra);
    if (!completed(*role, extras).has(*extra))
      return base::failure(usage("policy show", std::string(name_of(*role)) + " has no extra \"" +
                                                    std::string(word) + "\""));
  }
  spec::Policy policy = TRY(policies::rules(*role, extras));
  std::puts(spec::dump_indented(to_oci(policy, reasons)).c_str());
  return 0;
}

}  // namespace

Outcome<int> policy_command(CommandWords words) {
  std::string_view verb = words.empty() ? "" : words.front();
  if (verb == "list" && words.size() == 1) return list();
  if (verb == "programs" && words.size() == 1) return list_programs();
  if (verb == "show") return show({words.begin() + 1, words.end()});
  return base::failure(usage("policy", "what to do with it is missing",
                             "expected list, programs, or show ROLE [EXTRA...]"));
}

}  // namespace cmd
