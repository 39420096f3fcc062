#include "common/config/properties.h"

#include <gtest/gtest.h>

namespace ottla {
namespace {

struct TextCase {
  const char* text;
  Properties expected;
};

TEST(Properties, ReadsWhatJavaReads) {
  const TextCase cases[] = {
      {"a=1\nb: 2\nc 3\n", {{"a", "1"}, {"b", "2"}, {"c", "3"}}},
      {"# comment\n! another\n  # with blanks\n\n\na=1", {{"a", "1"}}},
      {"a=1\na=2\n", {{"a", "2"}}},
      {"a = \t value with trailing  \n", {{"a", "value with trailing  "}}},
      {"a\n", {{"a", ""}}},
      {"a=\n", {{"a", ""}}},
      {"a==b\n", {{"a", "=b"}}},
      {"a\\=b=c\n", {{"a=b", "c"}}},
      {"a\\ b\\:c = d\n", {{"a b:c", "d"}}},
      {"list=one,\\\n   two,\\\r\n\tthree\n", {{"list", "one,two,three"}}},
      {"a=b\\\n# not a comment\n", {{"a", "b# not a comment"}}},
      {"a=x\\ty\\nz\\\\\\q\n", {{"a", "x\ty\nz\\q"}}},
      {"a=\\u0041\\u00e9\\u20AC\n", {{"a", "A\xC3\xA9\xE2\x82\xAC"}}},
      {"a=\\uD83D\\uDE80|\\uD83D|\\uDE80\n", {{"a", "\xF0\x9F\x9A\x80|?|?"}}},
      {"a=\xE9\n", {{"a", "\xC3\xA9"}}},
      {"a=1\rb=2\r\nc=3", {{"a", "1"}, {"b", "2"}, {"c", "3"}}},
      {"=value\n", {{"", "value"}}},
      {"a=even\\\\\nb=2\n", {{"a", "even\\"}, {"b", "2"}}},
      {"a=end\\", {{"a", "end"}}},
      {"", {}},
  };
  for (const TextCase& c : cases) {
    Result<Properties> parsed = ParseProperties(c.text);
    ASSERT_TRUE(parsed.ok()) << c.text;
    EXPECT_EQ(*parsed, c.expected) << c.text;
  }
}

TEST(Properties, RefusesACutUnicodeEscape) {
  for (const char* text : {"a=\\u12", "a=\\u12g4", "\\u=1"}) EXPECT_FALSE(ParseProperties(text).ok()) << text;
}

TEST(Properties, OverridesReplace) {
  Properties properties{{"a", "1"}};
  EXPECT_TRUE(ApplyOverride("a=2", &properties).ok());
  EXPECT_TRUE(ApplyOverride("b=x=y", &properties).ok());
  EXPECT_FALSE(ApplyOverride("c", &properties).ok());
  EXPECT_FALSE(ApplyOverride("=c", &properties).ok());
  EXPECT_EQ(properties, (Properties{{"a", "2"}, {"b", "x=y"}}));
}

}  // namespace
}  // namespace ottla
