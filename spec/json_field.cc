#include "spec/json_field.h"

#include <limits>

namespace spec {
namespace {

using base::Outcome;

// "the integer -1", "the string \"x\"", "an array".
std::string describe(const Json& value) {
  std::string kind(value.kind());
  if (value.is_null() || value.as<Json::Array>() != nullptr || value.as<Json::Object>() != nullptr)
    return kind;
  const auto* text = value.as<std::string>();
  return "the" + kind.substr(kind.find(' ')) + " " + (text != nullptr ? quote(*text) : dump(value));
}

}  // namespace

Field Field::operator[](std::string_view key) const {
  return {value_ == nullptr ? nullptr : value_->find(key), *this, pointer_token(key)};
}

Outcome<void> Field::expect_object() const {
  auto found = object();
  if (!found) return base::failure(std::move(found).error());
  return {};
}

Outcome<const Json::Object*> Field::object() const {
  const auto* object = present() ? value_->as<Json::Object>() : nullptr;
  if (object == nullptr) return refuse_kind("an object");
  return object;
}

Outcome<std::vector<Field>> Field::elements() const {
  const auto* array = present() ? value_->as<Json::Array>() : nullptr;
  if (array == nullptr) return refuse_kind("an array");
  std::vector<Field> fields;
  fields.reserve(array->size());
  for (const Json& item : *array) fields.push_back({&item, *this, std::to_string(fields.size())});
  return fields;
}

Outcome<std::string> Field::string() const {
  const auto* text = present() ? value_->as<std::string>() : nullptr;
  if (text == nullptr) return refuse_kind("a string");
  return *text;
}

Outcome<std::string> Field::path() const {
  std::string text = TRY(string());
  if (text.find('\0') != std::string::npos)
    return refuse("the path " + quote(text) + " has a NUL in it",
                  "expected a path: it would end where the NUL stands");
  return text;
}

Outcome<bool> Field::boolean() const {
  const auto* value = present() ? value_->as<bool>() : nullptr;
  if (value == nullptr) return refuse_kind("true or false");
  return *value;
}

Outcome<uint32_t> Field::uint32() const {
  const auto* value = present() ? value_->as<uint64_t>() : nullptr;
  if (value == nullptr || *value > std::numeric_limits<uint32_t>::max())
    return refuse_kind("an integer from 0 to 4294967295");
  return static_cast<uint32_t>(*value);
}

std::unexpected<base::Problem> Field::refuse(std::string what, std::string expected) const {
  return base::failure(base::Problem{.exit = base::ExitCode::kBadSpec,
                                     .step = std::string(step_),
                                     .where = where(),
                                     .what = std::move(what),
                                     .expected = std::move(expected)});
}

std::unexpected<base::Problem> Field::refuse_kind(std::string expected) const {
  return refuse(present() ? describe(*value_) : "missing", "expected " + std::move(expected));
}

}  // namespace spec
