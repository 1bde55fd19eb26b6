#include "spec/policy.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <limits>
#include <optional>
#include <utility>

#include "spec/base/result.h"
#include "spec/json.h"

namespace spec {
namespace {

using base::Outcome;

constexpr uint64_t kMax = std::numeric_limits<uint64_t>::max();

constexpr std::pair<std::string_view, Comparison> kComparisons[] = {
    {"SCMP_CMP_NE", Comparison::kNotEqual},           {"SCMP_CMP_LT", Comparison::kLess},
    {"SCMP_CMP_LE", Comparison::kLessOrEqual},        {"SCMP_CMP_EQ", Comparison::kEqual},
    {"SCMP_CMP_GE", Comparison::kGreaterOrEqual},     {"SCMP_CMP_GT", Comparison::kGreater},
    {"SCMP_CMP_MASKED_EQ", Comparison::kMaskedEqual},
};

std::unexpected<base::Problem> refuse(std::string_view where, std::string what,
                                      std::string expected = "") {
  return base::failure(base::Problem{.exit = base::ExitCode::kBadSpec,
                                     .step = "policy",
                                     .where = std::string(where),
                                     .what = std::move(what),
                                     .expected = std::move(expected)});
}

std::string at(std::string_view where, std::string_view key) {
  return std::string(where) + "/" + std::string(key);
}

std::string at(std::string_view where, std::size_t index) {
  return at(where, std::to_string(index));
}

Outcome<const Json::Object*> object(const Json& json, std::string_view where,
                                    std::initializer_list<std::string_view> keys) {
  const auto* members = json.as<Json::Object>();
  if (members == nullptr) return refuse(where, "is " + std::string(json.kind()), "an object");
  for (const auto& [key, value] : *members)
    if (std::ranges::find(keys, key) == keys.end())
      return refuse(at(where, key), "is not a key that policies have");
  return members;
}

Outcome<const Json*> required(const Json& json, std::string_view key, std::string_view where) {
  const Json* member = json.find(key);
  if (member == nullptr) return refuse(at(where, key), "is missing");
  return member;
}

Outcome<std::string_view> text(const Json& json, std::string_view where) {
  const auto* value = json.as<std::string>();
  if (value == nullptr) return refuse(where, "is " + std::string(json.kind()), "a string");
  if (value->empty()) return refuse(where, "is empty");
  return std::string_view(*value);
}

Outcome<std::string_view> text(const Json& json, std::string_view key, std::string_view where) {
  return text(*TRY(required(json, key, where)), at(where, key));
}

Outcome<uint64_t> number(const Json& json, std::string_view key, std::string_view where) {
  const Json* member = TRY(required(json, key, where));
  const auto* value = member->as<uint64_t>();
  if (value == nullptr)
    return refuse(at(where, key), "is no integer from 0 to 2^64-1", "an unsigned integer");
  return *value;
}

Outcome<const Json::Array*> array(const Json& json, std::string_view where) {
  const auto* elements = json.as<Json::Array>();
  if (elements == nullptr) return refuse(where, "is " + std::string(json.kind()), "an array");
  if (elements->empty()) return refuse(where, "is empty", "at least one element");
  return elements;
}

// The numbers that satisfy a condition, if they are one range.
struct Range {
  uint64_t first;
  uint64_t last;
};

std::optional<Range> range_of(const Condition& condition) {
  uint64_t value = condition.value;
  switch (condition.comparison) {
    case Comparison::kLess:
      return Range{0, value - 1};
    case Comparison::kLessOrEqual:
      return Range{0, value};
    case Comparison::kEqual:
      return Range{value, value};
    case Comparison::kGreaterOrEqual:
      return Range{value, kMax};
    case Comparison::kGreater:
      return Range{value + 1, kMax};
    default:
      return std::nullopt;
  }
}

bool covers(const Condition& wide, const Condition& narrow) {
  if (wide == narrow) return true;
  if (narrow.comparison == Comparison::kEqual) return holds(wide, narrow.value);
  if (wide.comparison == Comparison::kMaskedEqual && narrow.comparison == wide.comparison)
    return (wide.value & ~narrow.value) == 0 && (narrow.wanted & wide.value) == wide.wanted;
  auto outer = range_of(wide);
  auto inner = range_of(narrow);
  return outer && inner && outer->first <= inner->first && inner->last <= outer->last;
}

// Nothing if some numbers satisfy the condition and others do not.
std::optional<std::string> senseless(const Condition& condition) {
  uint64_t value = condition.value;
  switch (condition.comparison) {
    case Comparison::kLess:
      if (value == 0) return "is never true";
      break;
    case Comparison::kGreater:
      if (value == kMax) return "is never true";
      break;
    case Comparison::kLessOrEqual:
      if (value == kMax) return "is always true";
      break;
    case Comparison::kGreaterOrEqual:
      if (value == 0) return "is always true";
      break;
    case Comparison::kMaskedEqual:
      if (value == 0) return "has an empty mask and is always or never true";
      if ((condition.wanted & ~value) != 0) return "wants bits outside the mask and is never true";
      break;
    default:
      break;
  }
  return std::nullopt;
}

Outcome<Comparison> parse_comparison(const Json& json, std::string_view where) {
  std::string_view name = TRY(text(json, "op", where));
  const auto* found = std::ranges::find(kComparisons, name, [](auto& pair) { return pair.first; });
  if (found == std::end(kComparisons))
    return refuse(at(where, "op"), "is \"" + std::string(name) + "\"",
                  "one of the seven operators SCMP_CMP_NE to SCMP_CMP_MASKED_EQ");
  return found->second;
}

Outcome<Condition> parse_condition(const Json& json, std::string_view where) {
  TRY(object(json, where, {"index", "value", "valueTwo", "op"}));
  Condition condition;
  uint64_t index = TRY(number(json, "index", where));
  if (index >= kSyscallArguments)
    return refuse(at(where, "index"), "is " + std::to_string(index), "0 to 5");
  condition.index = static_cast<unsigned>(index);
  condition.comparison = TRY(parse_comparison(json, where));
  condition.value = TRY(number(json, "value", where));
  if (condition.comparison == Comparison::kMaskedEqual)
    condition.wanted = TRY(number(json, "valueTwo", where));
  else if (json.find("valueTwo") != nullptr)
    return refuse(at(where, "valueTwo"), "has a meaning only with SCMP_CMP_MASKED_EQ");
  if (auto what = senseless(condition)) return refuse(where, *what);
  return condition;
}

Outcome<std::vector<Condition>> parse_conditions(const Json& rule, std::string_view where) {
  std::vector<Condition> conditions;
  const Json* args = rule.find("args");
  if (args == nullptr) return conditions;
  std::string args_at = at(where, "args");
  const Json::Array& elements = *TRY(array(*args, args_at));
  for (std::size_t i = 0; i < elements.size(); ++i) {
    Condition condition = TRY(parse_condition(elements[i], at(args_at, i)));
    if (std::ranges::find(conditions, condition.index, &Condition::index) != conditions.end())
      return refuse(at(args_at, i),
                    "is a second condition on argument " + std::to_string(condition.index),
                    "one condition for an argument: use SCMP_CMP_MASKED_EQ or a second rule");
    conditions.push_back(condition);
  }
  std::ranges::sort(conditions, {}, &Condition::index);
  return conditions;
}

// The rules of one element of `syscalls`: one for each of its names.
Outcome<std::vector<Rule>> parse_rules(const Json& json, const std::string& where) {
  TRY(object(json, where, {"names", "action", "args", "why", "test", "since"}));
  if (TRY(text(json, "action", where)) != "SCMP_ACT_ALLOW")
    return refuse(at(where, "action"), "is not SCMP_ACT_ALLOW",
                  "rules only allow; what they do not allow ends the process");
  Rule rule{.conditions = TRY(parse_conditions(json, where)),
            .why = std::string(TRY(text(json, "why", where))),
            .test = std::string(TRY(text(json, "test", where))),
            .where = where};
  if (const Json* since = json.find("since"))
    rule.since = std::string(TRY(text(*since, at(where, "since"))));
  std::string names_at = at(where, "names");
  const Json::Array& names = *TRY(array(*TRY(required(json, "names", where)), names_at));
  std::vector<Rule> rules;
  for (std::size_t i = 0; i < names.size(); ++i) {
    rule.syscall = std::string(TRY(text(names[i], at(names_at, i))));
    rules.push_back(rule);
  }
  return rules;
}

// What opening a FIFO takes depends on what else the role may open; what is read-only changes no
// attribute; and on a channel, it may panic.
std::string fragment_of(Role role, Extra extra) {
  std::string fragment(name_of(extra));
  bool by_role = extra == Extra::kFifo || (extra == Extra::kXattr && role == Role::kReadWrite) ||
                 (extra == Extra::kChannels && role == Role::kReadOnly);
  return by_role ? std::string(name_of(role)) + "-" + fragment : fragment;
}

bool is_plain_name(std::string_view name) {
  return std::ranges::all_of(
      name, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

// Parses files into one policy, each file once.
class Loader {
 public:
  explicit Loader(const ResolveInclude& resolve_include) : resolve_include_(resolve_include) {}

  Outcome<void> load(std::string_view text, std::string_view name) {
    files_.emplace_back(name);
    std::string where = std::string(name) + ".json";
    Json json = TRY(parse_json(text, "policy", where));
    where += '#';
    TRY(check_head(json, where));
    if (const Json* include = json.find("include"))
      TRY(load_includes(*include, at(where, "include")));
    std::string syscalls_at = at(where, "syscalls");
    const Json::Array& syscalls = *TRY(array(*TRY(required(json, "syscalls", where)), syscalls_at));
    for (std::size_t i = 0; i < syscalls.size(); ++i)
      for (Rule& rule : TRY(parse_rules(syscalls[i], at(syscalls_at, i))))
        TRY(add(std::move(rule)));
    return {};
  }

  Outcome<void> include(std::string_view name) {
    std::string text = TRY(resolve_include_(name));
    return load(text, name);
  }

  std::vector<Rule> take_rules() { return std::move(rules_); }

 private:
  static Outcome<void> check_head(const Json& json, const std::string& where) {
    TRY(object(json, where, {"why", "defaultAction", "architectures", "include", "syscalls"}));
    TRY(text(json, "why", where));
    if (TRY(text(json, "defaultAction", where)) != "SCMP_ACT_KILL_PROCESS")
      return refuse(at(where, "defaultAction"), "is not SCMP_ACT_KILL_PROCESS");
    std::string architectures_at = at(where, "architectures");
    const Json::Array& architectures =
        *TRY(array(*TRY(required(json, "architectures", where)), architectures_at));
    if (architectures.size() != 1 ||
        TRY(text(architectures[0], at(architectures_at, 0))) != "SCMP_ARCH_X86_64")
      return refuse(architectures_at, "is not [\"SCMP_ARCH_X86_64\"]");
    return {};
  }

  Outcome<void> load_includes(const Json& include, const std::string& where) {
    const Json::Array& names = *TRY(array(include, where));
    for (std::size_t i = 0; i < names.size(); ++i) {
      std::string name_at = at(where, i);
      std::string_view name = TRY(text(names[i], name_at));
      if (!is_plain_name(name))
        return refuse(name_at, "is no name of a policy file", "small letters, digits and hyphens");
      if (std::ranges::find(files_, name) != files_.end())
        return refuse(name_at, "includes " + std::string(name) + ", which is included already");
      TRY(this->include(name));
    }
    return {};
  }

  Outcome<void> add(Rule rule) {
    for (const Rule& other : rules_) {
      if (covers(other, rule))
        return refuse(rule.where, "allows no more of " + rule.syscall + " than " + other.where);
      if (covers(rule, other))
        return refuse(rule.where, "makes the rule for " + rule.syscall + " at " + other.where +
                                      " meaningless by allowing more");
    }
    rules_.push_back(std::move(rule));
    return {};
  }

  const ResolveInclude& resolve_include_;
  std::vector<std::string> files_;
  std::vector<Rule> rules_;
};

}  // namespace

std::string_view name_of(Comparison comparison) {
  const auto* found =
      std::ranges::find(kComparisons, comparison, [](auto& pair) { return pair.second; });
  return found->first;
}

bool holds(const Condition& condition, uint64_t argument) {
  uint64_t value = condition.value;
  switch (condition.comparison) {
    case Comparison::kNotEqual:
      return argument != value;
    case Comparison::kLess:
      return argument < value;
    case Comparison::kLessOrEqual:
      return argument <= value;
    case Comparison::kEqual:
      return argument == value;
    case Comparison::kGreaterOrEqual:
      return argument >= value;
    case Comparison::kGreater:
      return argument > value;
    case Comparison::kMaskedEqual:
      return (argument & value) == condition.wanted;
  }
  std::unreachable();
}

bool covers(const Rule& wide, const Rule& narrow) {
  return wide.syscall == narrow.syscall &&
         std::ranges::all_of(wide.conditions, [&](const Condition& outer) {
           return std::ranges::any_of(narrow.conditions, [&](const Condition& inner) {
             return inner.index == outer.index && covers(outer, inner);
           });
         });
}

Outcome<Policy> parse_policy(std::string_view text, std::string_view name,
                             const ResolveInclude& resolve_include) {
  Loader loader(resolve_include);
  TRY(loader.load(text, name));
  return Policy{.name = std::string(name), .rules = loader.take_rules()};
}

Outcome<Policy> load_policy(Role role, Extras extras, const ResolveInclude& resolve_include) {
  extras = completed(role, extras);
  Loader loader(resolve_include);
  TRY(loader.include(name_of(role)));
  for (Extra extra : kExtras)
    if (extras.has(extra)) TRY(loader.include(fragment_of(role, extra)));
  return Policy{.name = name_of(role, extras), .rules = loader.take_rules()};
}

}  // namespace spec
