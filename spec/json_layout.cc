#include <cstddef>
#include <string>
#include <string_view>

#include "spec/json.h"

namespace spec {
namespace {

constexpr std::size_t kColumns = 100;
constexpr std::size_t kIndent = 2;

void lay_out(std::string& out, const Json& value, std::size_t indent, std::size_t column);

struct Member {
  std::string key;  // with its colon; empty in an array
  const Json* value;
};

void lay_out(std::string& out, const std::vector<Member>& members, std::string_view brackets,
             std::size_t indent) {
  const std::size_t inner = indent + kIndent;
  out += brackets[0];
  std::string_view separator = "\n";
  for (const Member& member : members) {
    out += separator;
    out.append(inner, ' ') += member.key;
    lay_out(out, *member.value, inner, inner + member.key.size());
    separator = ",\n";
  }
  out += '\n';
  out.append(indent, ' ') += brackets[1];
}

void lay_out(std::string& out, const Json& value, std::size_t indent, std::size_t column) {
  const auto* object = value.as<Json::Object>();
  const auto* array = value.as<Json::Array>();
  std::string line = dump(value);
  // The comma that may follow has room, too.
  if (line.size() + column < kColumns || (object == nullptr && array == nullptr)) {
    out += line;
    return;
  }
  std::vector<Member> members;
  if (object != nullptr)
    for (const auto& [key, item] : *object) members.push_back({dump(Json(key)) + ": ", &item});
  else
    for (const Json& item : *array) members.push_back({"", &item});
  lay_out(out, members, object != nullptr ? "{}" : "[]", indent);
}

}  // namespace

std::string dump_indented(const Json& value) {
  std::string out;
  lay_out(out, value, 0, 0);
  return out;
}

}  // namespace spec
