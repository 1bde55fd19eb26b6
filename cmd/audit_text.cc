#include "cmd/audit_text.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "cmd/options.h"
#include "cmd/policy_json.h"
#include "policies/programs.h"
#include "policies/texts.h"
#include "sandbox/landlock.h"
#include "spec/policy.h"

namespace cmd {
namespace {

using base::Outcome;
using spec::Json;

Json text(std::string_view value) {
  return Json(std::string(value));
}

// Control characters in a path must not reach a terminal.
std::string printable(std::string value) {
  std::ranges::replace_if(value, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
  return value;
}

struct Policed {
  spec::Role role;
  spec::Extras extras;
  friend bool operator==(const Policed&, const Policed&) = default;
  std::string name() const { return name_of(role, extras); }
};

// Each policy once, in the order of the processes.
std::vector<Policed> policies_of(const Audit& audit) {
  std::vector<Policed> all;
  for (const AuditedProcess& process : audit.processes) {
    Policed one{process.plan.role, process.plan.extras};
    if (std::ranges::find(all, one) == all.end()) all.push_back(one);
  }
  return all;
}

std::string line(std::string_view name, std::string_view value, std::string_view mark = "  ") {
  std::string text(mark);
  text += name;
  std::ranges::replace(text, '_', ' ');
  text.resize(std::max<std::size_t>(text.size() + 1, 26), ' ');
  return text.append(printable(std::string(value))) + "\n";
}

std::string line(const Compared& row) {
  if (row.hidden) return line(row.name, "(hidden from this user)", "? ");
  std::string found = row.found.value_or(row.expected.value_or(""));
  if (!row.differs()) return line(row.name, found);
  return line(row.name, found + "   (expected: " + row.expected.value_or("") + ")", "! ");
}

std::string heading(const AuditedProcess& process) {
  const JailPlan& plan = process.plan;
  std::string text = plan.destination.empty() ? plan.where : plan.destination;
  if (process.pid) text += "  pid " + std::to_string(*process.pid);
  text += "  role " + std::string(name_of(plan.role));
  if (!plan.destination.empty())
    text += "  from " + plan.where + ", the " + plan.kind + " " + plan.source;
  return printable(text) + "\n";
}

// "rw+uds: 48 rules, ...".
std::string policy_line(const Policed& one) {
  std::string line = program_line(one.role, one.extras);
  constexpr std::string_view kPrefix = "policy ";
  return line.substr(kPrefix.size(), line.size() - kPrefix.size() - 1);
}

std::string_view sign(spec::Comparison comparison) {
  switch (comparison) {
    case spec::Comparison::kNotEqual:
      return " != ";
    case spec::Comparison::kLess:
      return " < ";
    case spec::Comparison::kLessOrEqual:
      return " <= ";
    case spec::Comparison::kGreaterOrEqual:
      return " >= ";
    case spec::Comparison::kGreater:
      return " > ";
    case spec::Comparison::kEqual:
    case spec::Comparison::kMaskedEqual:
      return " == ";
  }
  return " ? ";
}

std::string hexadecimal(uint64_t number) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  do {
    text.insert(text.begin(), kDigits[number % 16]);
    number /= 16;
  } while (number > 0);
  return "0x" + text;
}

// "openat(arg0 & 0x80000000 == 0x0)".
std::string call_text(const spec::Rule& rule) {
  std::string text = rule.syscall + "(";
  for (const spec::Condition& condition : rule.conditions) {
    text += text.back() == '(' ? "" : ", ";
    text += "arg" + std::to_string(condition.index);
    bool masked = condition.comparison == spec::Comparison::kMaskedEqual;
    if (masked) text += " & " + hexadecimal(condition.value);
    text.append(sign(condition.comparison));
    text += hexadecimal(masked ? condition.wanted : condition.value);
  }
  return text + ")";
}

std::string process_text(const AuditedProcess& process) {
  const JailPlan& plan = process.plan;
  std::string out = heading(process);
  out += line("policy", policy_line({plan.role, plan.extras}));
  out += line("landlock rights", sandbox::landlock_names(plan.landlock_rights));
  for (const Compared& row : process.rows) out += line(row);
  return out;
}

Json row_json(const Compared& row) {
  Json::Object object{{"fact", Json(row.name)}};
  if (row.expected) object.emplace_back("expected", Json(*row.expected));
  if (row.found) object.emplace_back("found", Json(*row.found));
  if (row.hidden) object.emplace_back("hidden", Json(true));
  return Json(std::move(object));
}

Json process_json(const AuditedProcess& process) {
  const JailPlan& plan = process.plan;
  Json::Object object{{"where", text(plan.where)}};
  if (!plan.destination.empty()) {
    object.emplace_back("destination", text(plan.destination));
    object.emplace_back("source", text(plan.source));
    object.emplace_back("kind", text(plan.kind));
  }
  if (process.pid) object.emplace_back("pid", Json(int64_t{*process.pid}));
  Json::Array rows;
  for (const Compared& row : process.rows) rows.push_back(row_json(row));
  Json::Array extras;
  for (spec::Extra extra : spec::kExtras)
    if (plan.extras.has(extra)) extras.push_back(text(name_of(extra)));
  object.emplace_back("role", text(name_of(plan.role)));
  object.emplace_back("extras", Json(std::move(extras)));
  object.emplace_back("policy", text(name_of(plan.role, plan.extras)));
  object.emplace_back("landlock_rights", text(sandbox::landlock_names(plan.landlock_rights)));
  object.emplace_back("facts", Json(std::move(rows)));
  return Json(std::move(object));
}

Outcome<Json> policy_json(const Policed& one) {
  spec::Policy policy = TRY(policies::rules(one.role, one.extras));
  return Json(
      Json::Object{{"name", Json(one.name())},
                   {"rules", Json(uint64_t{policy.rules.size()})},
                   {"instructions", Json(uint64_t{policies::program(one.role, one.extras).size()})},
                   {"sha256", text(policies::digest(one.role, one.extras))},
                   {"syscalls", Json(oci_rules(policy, Reasons::kKept))}});
}

}  // namespace

Outcome<std::string> audit_text(const Audit& audit) {
  std::string out;
  for (const AuditedProcess& process : audit.processes) out += process_text(process) + "\n";
  for (const Policed& one : policies_of(audit)) {
    out += "policy " + policy_line(one) + "\n";
    for (const spec::Rule& rule : TRY(policies::rules(one.role, one.extras)).rules)
      out += "  " + call_text(rule) + "\n      " + rule.why + "\n";
    out += "\n";
  }
  for (const std::string& note : audit.notes) out += "note: " + printable(note) + "\n";
  while (out.ends_with("\n\n")) out.pop_back();
  return out;
}

Outcome<Json> audit_json(const Audit& audit) {
  Json::Array processes;
  for (const AuditedProcess& process : audit.processes) processes.push_back(process_json(process));
  Json::Array policies;
  for (const Policed& one : policies_of(audit)) policies.push_back(TRY(policy_json(one)));
  Json::Array notes;
  for (const std::string& note : audit.notes) notes.push_back(text(note));
  return Json(Json::Object{{"gofer", text(version_number())},
                           {"processes", Json(std::move(processes))},
                           {"policies", Json(std::move(policies))},
                           {"notes", Json(std::move(notes))}});
}

}  // namespace cmd
