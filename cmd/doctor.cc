#include "cmd/doctor.h"

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "cmd/option_values.h"
#include "sandbox/namespaces.h"
#include "spec/json.h"

namespace cmd {
namespace {

using spec::Json;

std::string_view name_of(Health health) {
  switch (health) {
    case Health::kOk:
      return "ok";
    case Health::kDegraded:
      return "degraded";
    case Health::kMissing:
      return "missing";
  }
  return "?";
}

std::string_view verdict(Health health) {
  switch (health) {
    case Health::kOk:
      return "gofer works here, with all that it can have";
    case Health::kDegraded:
      return "gofer works here, with less than it could have";
    case Health::kMissing:
      return "gofer does not work here";
  }
  return "?";
}

std::string to_text(const Finding& finding) {
  std::string text(name_of(finding.health));
  text.resize(10, ' ');
  text += finding.name;
  std::ranges::replace(text, '_', ' ');
  text.resize(std::max<std::size_t>(text.size() + 1, 28), ' ');
  text += finding.found + "\n";
  if (!finding.costs.empty()) text += "            costs: " + finding.costs + "\n";
  if (!finding.remedy.empty()) text += "            to mend it: " + finding.remedy + "\n";
  return text;
}

Json to_json(const Finding& finding) {
  Json::Object object{{"name", Json(finding.name)},
                      {"health", Json(std::string(name_of(finding.health)))},
                      {"found", Json(finding.found)}};
  if (!finding.costs.empty()) object.emplace_back("costs", Json(finding.costs));
  if (!finding.remedy.empty()) object.emplace_back("remedy", Json(finding.remedy));
  return Json(std::move(object));
}

std::string all_text(const std::vector<Finding>& findings) {
  std::string text;
  for (const Finding& finding : findings) text += to_text(finding);
  return text.append("\n").append(verdict(worst_of(findings))).append("\n");
}

std::string all_json(const std::vector<Finding>& findings) {
  Json::Array array;
  for (const Finding& finding : findings) array.push_back(to_json(finding));
  Json json(Json::Object{{"health", Json(std::string(name_of(worst_of(findings))))},
                         {"findings", Json(std::move(array))}});
  return spec::dump_indented(json) + "\n";
}

base::ExitCode exit_code_of(Health health) {
  if (health == Health::kOk) return base::ExitCode::kOk;
  return health == Health::kDegraded ? base::ExitCode::kWeaker : base::ExitCode::kUnavailable;
}

}  // namespace

Health worst_of(const std::vector<Finding>& findings) {
  return std::ranges::max(findings, {}, &Finding::health).health;
}

base::Outcome<int> doctor_command(CommandWords words) {
  bool json = words.size() == 1 && std::string_view(words.front()) == "--json";
  if (!words.empty() && !json)
    return base::failure(usage("doctor", "takes no words", "expected nothing, or --json"));
  HostFiles host{.root = {}, .is_root = sandbox::is_privileged()};
  std::vector<Finding> findings = try_kernel(host);
  std::ranges::move(read_host(host), std::back_inserter(findings));
  std::fputs((json ? all_json(findings) : all_text(findings)).c_str(), stdout);
  return static_cast<int>(exit_code_of(worst_of(findings)));
}

}  // namespace cmd
