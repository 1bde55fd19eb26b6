// Json: a parsed JSON text, and the strict parser for text that nobody here wrote.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "spec/base/problem.h"

namespace spec {

// A JSON value. Objects keep the order of their text and have no duplicate keys. Integers are kept
// exactly; what is neither a uint64 nor an int64 is a double.
class Json {
 public:
  using Array = std::vector<Json>;
  using Object = std::vector<std::pair<std::string, Json>>;

  Json() = default;  // null
  template <class T>
  explicit Json(T value) : value_(std::move(value)) {}

  template <class T>
  const T* as() const {
    return std::get_if<T>(&value_);
  }
  template <class T>
  T* as() {
    return std::get_if<T>(&value_);
  }
  bool is_null() const { return std::holds_alternative<std::nullptr_t>(value_); }

  // The member of an object, or null if this is no object or has no such member.
  const Json* find(std::string_view key) const;
  Json* find(std::string_view key);

  // Calls `visitor` with what is held: nullptr_t, bool, uint64_t, int64_t, double, string, Array or
  // Object.
  template <class Visitor>
  decltype(auto) visit(Visitor&& visitor) const {
    return std::visit(std::forward<Visitor>(visitor), value_);
  }

  // "null", "a boolean", "an integer", "a number", "a string", "an array", "an object".
  std::string_view kind() const;

 private:
  std::variant<std::nullptr_t, bool, uint64_t, int64_t, double, std::string, Array, Object> value_;
};

struct JsonLimits {
  std::size_t bytes = std::size_t{4} << 20;
  std::size_t depth = 64;
};

// Parses the whole of `text`. Refused with a Problem (ExitCode::kBadSpec): anything that is not
// JSON (RFC 8259), a byte order mark, trailing bytes, text that is not UTF-8, text beyond the
// limits (found before a tree is built), and a key that is twice in one object. `where` is
// "name:line:column", counted from 1 and in bytes, and `what` gives the offset, counted from 0; for
// a key that is twice `where` is a JSON pointer. NUL inside a string (\u0000) is kept: who takes a
// string for a path must look for it. `step` and `name` go into the Problem.
base::Outcome<Json> parse_json(std::string_view text, std::string_view step, std::string_view name,
                               JsonLimits limits = {});

// JSON text on one line. Strings are written as valid UTF-8 without control characters: these are
// escaped, and bytes that are not UTF-8 become U+FFFD. Recurses as deep as the value is.
std::string dump(const Json& value);

// The same for people: a value that fits on the rest of a line of 100 columns stays on it, and of
// any other each member has a line of its own, indented by two columns for each level.
std::string dump_indented(const Json& value);

// `text` as a JSON string for a message, cut after 80 bytes ("..." follows the closing quote then).
std::string quote(std::string_view text);

// `key` as one reference token of a JSON pointer (RFC 6901: ~0 and ~1), cut after 80 bytes.
std::string pointer_token(std::string_view key);

}  // namespace spec
