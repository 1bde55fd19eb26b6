// What can be asked of a Json value, and its way back to text.
#include <array>
#include <charconv>
#include <cmath>

#include "spec/json.h"

namespace spec {
namespace {

constexpr std::size_t kQuotedBytes = 80;

// The longest start of `text` that has at most `bytes` bytes and cuts no UTF-8 sequence.
std::string_view cut(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xc0) == 0x80) --bytes;
  return text.substr(0, bytes);
}

// Well-formed UTF-8 by first byte and range of the second (Unicode, table 3-7); the rest are 80-BF.
struct Utf8Form {
  unsigned char first_low, first_high;
  unsigned char second_low, second_high;
  std::size_t length;
};
constexpr std::array<Utf8Form, 8> kUtf8Forms{{{0xc2, 0xdf, 0x80, 0xbf, 2},
                                              {0xe0, 0xe0, 0xa0, 0xbf, 3},
                                              {0xe1, 0xec, 0x80, 0xbf, 3},
                                              {0xed, 0xed, 0x80, 0x9f, 3},
                                              {0xee, 0xef, 0x80, 0xbf, 3},
                                              {0xf0, 0xf0, 0x90, 0xbf, 4},
                                              {0xf1, 0xf3, 0x80, 0xbf, 4},
                                              {0xf4, 0xf4, 0x80, 0x8f, 4}}};

bool within(char c, unsigned char low, unsigned char high) {
  auto byte = static_cast<unsigned char>(c);
  return byte >= low && byte <= high;
}

// How many bytes the well-formed sequence at the start of `text` has; 0 if there is none.
std::size_t sequence_length(std::string_view text) {
  if (within(text[0], 0, 0x7f)) return 1;
  for (const Utf8Form& form : kUtf8Forms) {
    if (!within(text[0], form.first_low, form.first_high)) continue;
    if (text.size() < form.length || !within(text[1], form.second_low, form.second_high)) return 0;
    for (char c : text.substr(2, form.length - 2))
      if (!within(c, 0x80, 0xbf)) return 0;
    return form.length;
  }
  return 0;
}

void write_escape(std::string& out, unsigned char code) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += "\\u00";
  out += kHex[code >> 4];
  out += kHex[code & 0xf];
}

// `sequence` is well-formed. Control characters, those of Latin-1 too, are escaped: a terminal
// would obey them.
void write_sequence(std::string& out, std::string_view sequence) {
  auto first = static_cast<unsigned char>(sequence[0]);
  if (first == '"' || first == '\\')
    (out += '\\') += sequence;
  else if (first < 0x20 || first == 0x7f)
    write_escape(out, first);
  else if (first == 0xc2 && within(sequence[1], 0x80, 0x9f))
    write_escape(out, static_cast<unsigned char>(sequence[1]));
  else
    out += sequence;
}

void write(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    std::size_t length = sequence_length(text);
    if (length == 0)
      out += "\xef\xbf\xbd";
    else
      write_sequence(out, text.substr(0, length));
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out += '"';
}

void write(std::string& out, const Json& value);

void write(std::string& out, std::nullptr_t) {
  out += "null";
}
void write(std::string& out, bool value) {
  out += value ? "true" : "false";
}
void write(std::string& out, uint64_t value) {
  out += std::to_string(value);
}
void write(std::string& out, int64_t value) {
  out += std::to_string(value);
}

// The shortest text that reads back as the same double; JSON has none for infinities and NaN.
void write(std::string& out, double value) {
  if (!std::isfinite(value)) return write(out, nullptr);
  std::array<char, 32> digits{};
  auto end = std::to_chars(digits.begin(), digits.end(), value).ptr;
  std::string_view text(digits.begin(), end);
  out += text;
  if (text.find_first_of(".e") == std::string_view::npos) out += ".0";
}

void write(std::string& out, const Json::Array& array) {
  out += '[';
  std::string_view separator;
  for (const Json& item : array) {
    out += separator;
    write(out, item);
    separator = ",";
  }
  out += ']';
}

void write(std::string& out, const Json::Object& object) {
  out += '{';
  std::string_view separator;
  for (const auto& [key, item] : object) {
    out += separator;
    write(out, std::string_view(key));
    out += ':';
    write(out, item);
    separator = ",";
  }
  out += '}';
}

void write(std::string& out, const Json& value) {
  value.visit([&out](const auto& held) { write(out, held); });
}

struct KindOf {
  std::string_view operator()(std::nullptr_t) const { return "null"; }
  std::string_view operator()(bool) const { return "a boolean"; }
  std::string_view operator()(uint64_t) const { return "an integer"; }
  std::string_view operator()(int64_t) const { return "an integer"; }
  std::string_view operator()(double) const { return "a number"; }
  std::string_view operator()(const std::string&) const { return "a string"; }
  std::string_view operator()(const Json::Array&) const { return "an array"; }
  std::string_view operator()(const Json::Object&) const { return "an object"; }
};

}  // namespace

const Json* Json::find(std::string_view key) const {
  const auto* object = as<Object>();
  if (object == nullptr) return nullptr;
  for (const auto& [name, value] : *object)
    if (name == key) return &value;
  return nullptr;
}

Json* Json::find(std::string_view key) {
  return const_cast<Json*>(std::as_const(*this).find(key));
}

std::string_view Json::kind() const {
  return visit(KindOf{});
}

std::string dump(const Json& value) {
  std::string out;
  write(out, value);
  return out;
}

std::string quote(std::string_view text) {
  std::string_view start = cut(text, kQuotedBytes);
  std::string out;
  write(out, start);
  if (start.size() < text.size()) out += "...";
  return out;
}

std::string pointer_token(std::string_view key) {
  std::string token;
  for (char c : cut(key, kQuotedBytes)) {
    if (c == '~')
      token += "~0";
    else if (c == '/')
      token += "~1";
    else
      token += c;
  }
  return token;
}

}  // namespace spec
