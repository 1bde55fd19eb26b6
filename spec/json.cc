#include "spec/json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace spec {
namespace {

using base::failure;
using base::Outcome;
using base::Problem;

constexpr std::string_view kJsonText = "one JSON value in UTF-8";
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

// What every refusal of one text has in common.
struct Source {
  std::string_view text;
  std::string_view step;
  std::string_view name;

  // "WHAT at byte N", and ": DETAIL" if there is one.
  Problem at(std::size_t offset, std::string what, std::string_view detail,
             std::string expected) const {
    std::string_view before = text.substr(0, offset);
    auto line = static_cast<std::size_t>(std::ranges::count(before, '\n')) + 1;
    std::size_t line_start = line == 1 ? 0 : before.rfind('\n') + 1;
    std::string where = std::string(name) + ":" + std::to_string(line) + ":" +
                        std::to_string(before.size() - line_start + 1);
    what += " at byte " + std::to_string(before.size());
    if (!detail.empty()) (what += ": ") += detail;
    return problem(std::move(where), std::move(what), std::move(expected));
  }

  Problem problem(std::string where, std::string what, std::string expected) const {
    return {.exit = base::ExitCode::kBadSpec,
            .step = std::string(step),
            .where = std::move(where),
            .what = std::move(what),
            .expected = std::move(expected)};
  }
};

// Where `text` opens more than `depth` arrays and objects at once. Right for JSON; for any other
// text the parser has the last word.
std::optional<std::size_t> find_too_deep(std::string_view text, std::size_t depth) {
  std::size_t open = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      in_string = c != '"';
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++open > depth) return i;
    } else if ((c == ']' || c == '}') && open > 0) {
      --open;
    }
  }
  return std::nullopt;
}

// What the library says, without its position, which counts otherwise than ours, and without the
// token, which may be megabytes long.
struct Complaint {
  std::string_view detail;
  std::string_view expected;
};

Complaint complaint(std::string_view message) {
  constexpr std::string_view kDash = " - ";
  constexpr std::string_view kExpected = "; expected ";
  auto dash = message.find(kDash);
  if (dash == std::string_view::npos) return {"a number too large for a double", kJsonText};
  message.remove_prefix(dash + kDash.size());
  message = message.substr(0, message.find("; last read: "));
  auto expected = message.rfind(kExpected);
  if (expected == std::string_view::npos) return {message, kJsonText};
  return {message.substr(0, expected), message.substr(expected + kExpected.size())};
}

// A key that several members of an object share.
std::optional<std::string_view> find_duplicate(const Json::Object& object) {
  std::vector<std::string_view> keys;
  keys.reserve(object.size());
  for (const auto& [key, value] : object) keys.emplace_back(key);
  std::ranges::sort(keys);
  auto twice = std::ranges::adjacent_find(keys);
  if (twice == keys.end()) return std::nullopt;
  return *twice;
}

// Receives the events of the parser and builds the tree without recursion. Its member functions
// are what nlohmann::json::sax_parse calls; false ends the parse.
class Builder {
 public:
  explicit Builder(const Source& source) : source_(source) {}

  bool null() { return add(Json(nullptr)); }
  bool boolean(bool value) { return add(Json(value)); }
  bool number_integer(int64_t value) {
    return value < 0 ? add(Json(value)) : number_unsigned(static_cast<uint64_t>(value));
  }
  bool number_unsigned(uint64_t value) { return add(Json(value)); }
  bool number_float(double value, const std::string& /*token*/) { return add(Json(value)); }
  bool string(std::string& value) { return add(Json(std::move(value))); }
  bool binary(nlohmann::json::binary_t& /*never in text*/) { return false; }

  bool start_array(std::size_t /*unknown in text*/) {
    open_.push_back({Json(Json::Array{}), {}});
    return true;
  }
  bool end_array() { return close(); }
  bool start_object(std::size_t /*unknown in text*/) {
    open_.push_back({Json(Json::Object{}), {}});
    return true;
  }
  bool key(std::string& name) {
    open_.back().key = std::move(name);
    return true;
  }
  bool end_object() {
    auto twice = find_duplicate(*open_.back().value.as<Json::Object>());
    if (!twice) return close();
    problem_ = source_.problem(
        pointer_to(*twice), "the key is there twice in one object of " + std::string(source_.name),
        "expected each key once: readers differ in which of two they take");
    return false;
  }

  bool parse_error(std::size_t position, const std::string& /*token*/,
                   const nlohmann::detail::exception& error) {
    auto [detail, expected] = complaint(error.what());
    problem_ = source_.at(position == 0 ? 0 : position - 1, "not JSON", detail,
                          "expected " + std::string(expected));
    return false;
  }

  Outcome<Json> finish() {
    if (problem_) return failure(*std::move(problem_));
    return std::move(top_);
  }

 private:
  // An array or object whose end has not come yet, and the key of the member that comes next.
  struct Open {
    Json value;
    std::string key;
  };

  bool add(Json value) {
    if (open_.empty())
      top_ = std::move(value);
    else if (auto* array = open_.back().value.as<Json::Array>())
      array->push_back(std::move(value));
    else
      open_.back().value.as<Json::Object>()->emplace_back(std::move(open_.back().key),
                                                          std::move(value));
    return true;
  }

  bool close() {
    Json value = std::move(open_.back().value);
    open_.pop_back();
    return add(std::move(value));
  }

  // The pointer of member `name` of the innermost open object.
  std::string pointer_to(std::string_view name) const {
    std::string pointer;
    for (std::size_t i = 0; i + 1 < open_.size(); ++i) {
      const auto* array = open_[i].value.as<Json::Array>();
      pointer +=
          "/" + (array != nullptr ? std::to_string(array->size()) : pointer_token(open_[i].key));
    }
    return pointer + "/" + pointer_token(name);
  }

  const Source& source_;
  std::vector<Open> open_;
  Json top_;
  std::optional<Problem> problem_;
};

}  // namespace

Outcome<Json> parse_json(std::string_view text, std::string_view step, std::string_view name,
                         JsonLimits limits) {
  Source source{.text = text, .step = step, .name = name};
  if (text.size() > limits.bytes)
    return failure(source.problem(std::string(name),
                                  "more than " + std::to_string(limits.bytes) + " bytes",
                                  "expected a text within that size"));
  if (text.starts_with(kByteOrderMark))
    return failure(source.at(0, "a byte order mark", {}, "expected UTF-8 without one"));
  // The library takes a NUL for the end of the text and would not look at what follows.
  if (auto nul = text.find('\0'); nul != std::string_view::npos)
    return failure(source.at(nul, "not JSON", "a NUL byte", "expected " + std::string(kJsonText)));
  if (auto deep = find_too_deep(text, limits.depth))
    return failure(source.at(*deep,
                             "values nested more than " + std::to_string(limits.depth) + " deep",
                             {}, "expected a text within that depth"));
  Builder builder(source);
  nlohmann::json::sax_parse(text, &builder);
  return builder.finish();
}

}  // namespace spec
