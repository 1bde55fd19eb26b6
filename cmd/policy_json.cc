#include "cmd/policy_json.h"

#include <string>
#include <string_view>
#include <utility>

namespace cmd {
namespace {

using spec::Json;

Json text(std::string_view value) {
  return Json(std::string(value));
}

Json to_json(const spec::Condition& condition) {
  Json::Object object{{"index", Json(uint64_t{condition.index})},
                      {"op", text(name_of(condition.comparison))},
                      {"value", Json(condition.value)}};
  if (condition.comparison == spec::Comparison::kMaskedEqual)
    object.emplace_back("valueTwo", Json(condition.wanted));
  return Json(std::move(object));
}

void add_reasons(Json::Object& object, const spec::Rule& rule) {
  object.emplace_back("why", text(rule.why));
  object.emplace_back("test", text(rule.test));
  if (!rule.since.empty()) object.emplace_back("since", text(rule.since));
}

Json to_json(const spec::Rule& rule, Json::Array names, Reasons reasons) {
  Json::Object object{{"names", Json(std::move(names))}, {"action", text("SCMP_ACT_ALLOW")}};
  Json::Array conditions;
  for (const spec::Condition& condition : rule.conditions) conditions.push_back(to_json(condition));
  if (!conditions.empty()) object.emplace_back("args", Json(std::move(conditions)));
  if (reasons == Reasons::kKept) add_reasons(object, rule);
  return Json(std::move(object));
}

}  // namespace

Json::Array oci_rules(const spec::Policy& policy, Reasons reasons) {
  Json::Array rules;
  Json::Array names;
  for (std::size_t i = 0; i < policy.rules.size(); ++i) {
    const spec::Rule& rule = policy.rules[i];
    names.push_back(text(rule.syscall));
    // The names of one element of a file are rules of their own that are otherwise alike.
    if (i + 1 < policy.rules.size() && policy.rules[i + 1].where == rule.where) continue;
    rules.push_back(to_json(rule, std::exchange(names, {}), reasons));
  }
  return rules;
}

Json to_oci(const spec::Policy& policy, Reasons reasons) {
  return Json(Json::Object{{"defaultAction", text("SCMP_ACT_KILL_PROCESS")},
                           {"architectures", Json(Json::Array{text("SCMP_ARCH_X86_64")})},
                           {"syscalls", Json(oci_rules(policy, reasons))}});
}

}  // namespace cmd
