// The strict parser and the writer of JSON text.
#include "spec/json.h"

#include <gtest/gtest.h>

#include <limits>

namespace spec {
namespace {

using namespace std::string_view_literals;
using namespace std::string_literals;

std::string round_trip(std::string_view text) {
  auto json = parse_json(text, "spec", "x.json");
  return json ? dump(*json) : to_line(json.error());
}

TEST(Json, ReadsBackWhatItWrites) {
  for (std::string_view text :
       {"null", "true", "false", "0", "18446744073709551615", "-9223372036854775808", "1.5", "\"\"",
        "[]", "{}", R"([1,[2,{"a":[]}],"x"])", R"({"b":1,"a":{"c":[null,true]}})",
        R"("\u0000\u001f\"\\ü€😀")"})
    EXPECT_EQ(round_trip(text), text);
}

TEST(Json, WritesOneLineWhateverTheTextLookedLike) {
  EXPECT_EQ(round_trip("{\n  \"a\" : [ 1 ,\r\n\t2 ]\n}\n"), R"({"a":[1,2]})");
  EXPECT_EQ(round_trip(R"("a\nb\tc\/d")"), R"("a\u000ab\u0009c/d")");
}

TEST(Json, KeepsIntegersExactlyAndTheirKind) {
  EXPECT_EQ(*parse_json("18446744073709551615", "s", "n")->as<uint64_t>(),
            std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(*parse_json("-9223372036854775808", "s", "n")->as<int64_t>(),
            std::numeric_limits<int64_t>::min());
  EXPECT_EQ(*parse_json("-0", "s", "n")->as<uint64_t>(), 0U);
  EXPECT_NE(parse_json("18446744073709551616", "s", "n")->as<double>(), nullptr);
  EXPECT_NE(parse_json("-9223372036854775809", "s", "n")->as<double>(), nullptr);
  EXPECT_NE(parse_json("1.0", "s", "n")->as<double>(), nullptr);
}

TEST(Json, NumbersThatWereNoIntegersStaySo) {
  EXPECT_EQ(round_trip("1.0"), "1.0");
  EXPECT_EQ(round_trip("1e3"), "1000.0");
  EXPECT_EQ(round_trip("1e300"), "1e+300");
  EXPECT_EQ(dump(Json(std::numeric_limits<double>::infinity())), "null");
  EXPECT_EQ(dump(Json(std::numeric_limits<double>::quiet_NaN())), "null");
}

TEST(Json, KeepsNulInsideStrings) {
  EXPECT_EQ(*parse_json(R"("a\u0000b")", "s", "n")->as<std::string>(), "a\0b"sv);
}

TEST(Json, FindsMembersOfObjectsOnly) {
  auto json = *parse_json(R"({"a":1,"b":null})", "s", "n");
  ASSERT_NE(json.find("a"), nullptr);
  EXPECT_EQ(*json.find("a")->as<uint64_t>(), 1U);
  EXPECT_TRUE(json.find("b")->is_null());
  EXPECT_EQ(json.find("c"), nullptr);
  EXPECT_EQ(json.find("a")->find("a"), nullptr);
  *json.find("a") = Json(std::string("new"));
  EXPECT_EQ(dump(json), R"({"a":"new","b":null})");
}

TEST(Json, NamesTheKindOfEveryValue) {
  auto json = *parse_json(R"([null,true,1,-1,1.5,"x",[],{}])", "s", "n");
  std::string kinds;
  for (const Json& item : *json.as<Json::Array>()) (kinds += item.kind()) += ", ";
  EXPECT_EQ(kinds,
            "null, a boolean, an integer, an integer, a number, a string, an array, an object, ");
}

struct Refused {
  std::string_view text;
  std::string_view line;
};

TEST(Json, SaysWhereATextStopsBeingJson) {
  const Refused cases[] = {
      {"",
       "spec: x.json:1:1: not JSON at byte 0: unexpected end of input; expected '[', '{', or a "
       "literal"},
      {"{\n \"a\": nil}",
       "spec: x.json:2:8: not JSON at byte 9: invalid literal; expected one JSON value in UTF-8"},
      {"{} x",
       "spec: x.json:1:4: not JSON at byte 3: invalid literal; expected one JSON value in UTF-8"},
      {"{} {}", "spec: x.json:1:4: not JSON at byte 3: unexpected '{'; expected end of input"},
      {"{}\0{}"sv,
       "spec: x.json:1:3: not JSON at byte 2: a NUL byte; expected one JSON value in UTF-8"},
      {"[1,]",
       "spec: x.json:1:4: not JSON at byte 3: unexpected ']'; expected '[', '{', or a literal"},
      {"[1", "spec: x.json:1:3: not JSON at byte 2: unexpected end of input; expected ']'"},
      {"{\"a\" 1}",
       "spec: x.json:1:6: not JSON at byte 5: unexpected number literal; expected ':'"},
      {"\xef\xbb\xbf{}",
       "spec: x.json:1:1: a byte order mark at byte 0; expected UTF-8 without one"},
      {"1e999",
       "spec: x.json:1:5: not JSON at byte 4: a number too large for a double; expected one JSON "
       "value in UTF-8"},
      {"// no\n1",
       "spec: x.json:1:1: not JSON at byte 0: invalid literal; expected one JSON value in UTF-8"},
  };
  for (const auto& [text, line] : cases) EXPECT_EQ(round_trip(text), line);
}

TEST(Json, RefusesStringsThatAreNotUtf8) {
  for (std::string_view bytes :
       {"\xff", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xc3", "\x80",
        "\\ud800", "\\udc00", "\x01", "\\x"})
    EXPECT_NE(round_trip("\"" + std::string(bytes) + "\"").find("not JSON"), std::string::npos)
        << dump(Json(std::string(bytes)));
}

TEST(Json, NeverRepeatsAHugeTokenInItsMessage) {
  EXPECT_LT(round_trip("\"" + std::string(100'000, 'x')).size(), 200U);
  EXPECT_LT(round_trip(std::string(100'000, '9') + "e99999").size(), 200U);
  EXPECT_LT(round_trip("{\"" + std::string(100'000, 'x') + "\":1,\"" + std::string(100'000, 'x') +
                       "\":1}")
                .size(),
            300U);
}

TEST(Json, RefusesAKeyThatIsTwiceInOneObjectWhereverItStands) {
  EXPECT_EQ(round_trip(R"({"a":1,"b":2,"a":1})"),
            "spec: /a: the key is there twice in one object of x.json; expected each key once: "
            "readers differ in which of two they take");
  EXPECT_EQ(round_trip(R"({"m":[0,{"x/y":{"~":{},"~":{}}}]})").substr(0, 22),
            "spec: /m/1/x~1y/~0: th");
  EXPECT_EQ(round_trip(R"({"\u0061":1,"a":1})").substr(0, 13), "spec: /a: the");
  EXPECT_EQ(round_trip(R"([{"a":1},{"a":1},{"b":{"a":1}}])"), R"([{"a":1},{"a":1},{"b":{"a":1}}])");
}

TEST(Json, CountsBytesBeforeItLooksAtThem) {
  JsonLimits limits{.bytes = 8, .depth = 64};
  EXPECT_TRUE(parse_json("\"123456\"", "s", "n", limits).has_value());
  EXPECT_EQ(to_line(parse_json("\xff\xff\xff\xff\xff\xff\xff\xff\xff", "s", "n", limits).error()),
            "s: n: more than 8 bytes; expected a text within that size");
}

TEST(Json, CountsDepthOutsideOfStringsOnly) {
  JsonLimits limits{.bytes = 1000, .depth = 2};
  for (std::string_view text : {"[[]]", "[{}]", R"(["[[[["])", R"(["\"[[[["])", "[[],[],{}]"})
    EXPECT_TRUE(parse_json(text, "s", "n", limits).has_value()) << text;
  EXPECT_EQ(
      to_line(parse_json("[\n[],[{}]]", "s", "n", limits).error()),
      "s: n:2:5: values nested more than 2 deep at byte 6; expected a text within that depth");
  EXPECT_FALSE(parse_json(R"(["\\",[[]]])", "s", "n", limits).has_value());
  EXPECT_FALSE(parse_json("]]]][[", "s", "n", limits).has_value());
}

TEST(Json, WritesBytesThatAreNotUtf8AsReplacementCharacters) {
  EXPECT_EQ(dump(Json("a\xff\xc3z"s)), "\"a\ufffd\ufffdz\"");
  EXPECT_EQ(dump(Json("\xed\xa0\x80"s)), "\"\ufffd\ufffd\ufffd\"");
  EXPECT_EQ(dump(Json("\xf0\x9f\x98"s)), "\"\ufffd\ufffd\ufffd\"");
  EXPECT_EQ(dump(Json("\xf0\x9f\x98x"s)), "\"\ufffd\ufffd\ufffdx\"");
}

TEST(Json, WritesNoControlCharacterATerminalWouldObey) {
  EXPECT_EQ(dump(Json("\x1b[2J\x7f\u009b"s)), R"("\u001b[2J\u007f\u009b")");
}

TEST(Json, WhatIsWrittenCanBeReadAgainWhateverTheBytes) {
  for (int first = 0; first < 256; ++first)
    for (int second = 0; second < 256; ++second) {
      std::string bytes{static_cast<char>(first), static_cast<char>(second)};
      std::string text = dump(Json(bytes));
      EXPECT_EQ(round_trip(text), text) << first << " " << second;
    }
}

TEST(Quote, IsCutAfterEightyBytesButNotInsideACharacter) {
  EXPECT_EQ(quote("a\"b"), R"("a\"b")");
  EXPECT_EQ(quote(std::string(80, 'x')), "\"" + std::string(80, 'x') + "\"");
  EXPECT_EQ(quote(std::string(81, 'x')), "\"" + std::string(80, 'x') + "\"...");
  EXPECT_EQ(quote(std::string(79, 'x') + "\u20ac"), "\"" + std::string(79, 'x') + "\"...");
}

TEST(PointerToken, EscapesSlashAndTilde) {
  EXPECT_EQ(pointer_token("a/b~c"), "a~1b~0c");
}

}  // namespace
}  // namespace spec
