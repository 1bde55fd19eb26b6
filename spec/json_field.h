// Field: a place in a parsed JSON text, read with kind and range checked before anything narrows.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "spec/base/problem.h"
#include "spec/json.h"

namespace spec {

// Refers to the Json and to the two texts it was made with; they outlive it. Every getter fails
// with a Problem (ExitCode::kBadSpec) whose `where` is the JSON pointer of the field (the name of
// the text for its top), whose `what` says what was found there and whose `expected` what should
// be.
class Field {
 public:
  // The top of a text. `step` and `name` as for parse_json.
  Field(const Json& top, std::string_view step, std::string_view name)
      : value_(&top), step_(step), name_(name) {}

  // The member `key`; one that is not present() if this is no object or has no such member.
  Field operator[](std::string_view key) const;

  bool present() const { return value_ != nullptr; }
  const Json* json() const { return value_; }
  std::string where() const { return pointer_.empty() ? std::string(name_) : pointer_; }

  base::Outcome<void> expect_object() const;
  base::Outcome<const Json::Object*> object() const;
  base::Outcome<std::vector<Field>> elements() const;  // of an array
  base::Outcome<std::string> string() const;
  base::Outcome<std::string> path() const;  // a string without NUL; may be empty
  base::Outcome<bool> boolean() const;
  base::Outcome<uint32_t> uint32() const;

  // A refusal of this field.
  std::unexpected<base::Problem> refuse(std::string what, std::string expected) const;

 private:
  Field(const Json* value, const Field& parent, std::string_view token)
      : value_(value),
        step_(parent.step_),
        name_(parent.name_),
        pointer_(parent.pointer_ + "/" + std::string(token)) {}

  std::unexpected<base::Problem> refuse_kind(std::string expected) const;

  const Json* value_;
  std::string_view step_;
  std::string_view name_;
  std::string pointer_;
};

}  // namespace spec
