// Paths as texts.
#include "spec/lexical_path.h"

#include <gtest/gtest.h>

namespace spec {
namespace {

TEST(LexicalPath, FindsDotDotAsAComponentOnly) {
  for (auto path : {"..", "../a", "a/..", "/a/../b", "a//../b"}) EXPECT_TRUE(has_dot_dot(path));
  for (auto path : {"", ".", "/", "...", "a..", "..a/b", "a/b.."}) EXPECT_FALSE(has_dot_dot(path));
}

TEST(LexicalPath, ClimbsOutAsSoonAsOneStepDoes) {
  for (auto path : {"..", "../a", "a/../..", "a/../../a", "./..", "/a"})
    EXPECT_TRUE(climbs_out(path)) << path;
  for (auto path : {"", ".", "a", "a/..", "a/../b", "a/b/../.."})
    EXPECT_FALSE(climbs_out(path)) << path;
}

TEST(LexicalPath, CleansWithoutLookingAtFiles) {
  struct {
    std::string_view path, cleaned;
  } const cases[] = {
      {"", "."},
      {".", "."},
      {"/", "/"},
      {"//", "/"},
      {"/.", "/"},
      {"/a/", "/a"},
      {"/a//b", "/a/b"},
      {"/a/./b/.", "/a/b"},
      {"a/../b", "b"},
      {"a/..", "."},
      {"/a/../../b", "/b"},
      {"../a", "../a"},
      {"../../a", "../../a"},
      {"a/../../b", "../b"},
  };
  for (const auto& [path, cleaned] : cases) {
    EXPECT_EQ(clean(path), cleaned);
    EXPECT_EQ(clean(cleaned), cleaned);
  }
}

TEST(LexicalPath, JoinsUnlessThePathIsAbsolute) {
  EXPECT_EQ(join("/b", "r"), "/b/r");
  EXPECT_EQ(join("/b/", "r"), "/b/r");
  EXPECT_EQ(join(".", "r"), "r");
  EXPECT_EQ(join("", "r"), "r");
  EXPECT_EQ(join("/b", "/r"), "/r");
}

TEST(LexicalPath, IsWithinByWholeComponents) {
  EXPECT_TRUE(is_within("/a", "/a"));
  EXPECT_TRUE(is_within("/a/b", "/a"));
  EXPECT_FALSE(is_within("/ab", "/a"));
  EXPECT_FALSE(is_within("/a", "/a/b"));
  EXPECT_TRUE(is_within("/a", "/"));
  EXPECT_FALSE(is_within("a", "/"));
  EXPECT_TRUE(is_within("a", "."));
  EXPECT_FALSE(is_within("/a", "."));
  EXPECT_FALSE(is_within("../a", "."));
}

TEST(LexicalPath, KnowsTheLongestPathAndComponent) {
  std::string part(255, 'x');
  EXPECT_EQ(length_error("/" + part), "");
  EXPECT_EQ(length_error("/a/" + part + "y"), "a path component of 256 bytes; the longest has 255");
  std::string path;
  while (path.size() < 4095) path += "/y";
  path.resize(4095);
  EXPECT_EQ(length_error(path), "");
  EXPECT_EQ(length_error(path + "y"), "a path of 4096 bytes; the longest has 4095");
}

}  // namespace
}  // namespace spec
