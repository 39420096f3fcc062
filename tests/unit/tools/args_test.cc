#include "tools/args.h"

#include <gtest/gtest.h>

#include <sstream>

namespace ottla::tools {
namespace {

using enum Option::Value;
constexpr Option kOptions[] = {
    {"topic", kRequired, "String: topic", "The topic."},
    {"config", kRequired, "String: name=value", "A setting.", true},
    {"list", kNone, "", "List."},
    {"codec", kOptional, "String: codec", "A codec."},
};

using Words = std::vector<std::string>;

TEST(Args, BothForms) {
  Result<Args> args = Args::Parse(kOptions, Words{"--topic", "a", "--config=x=1", "--config", "y=2", "--list"});
  ASSERT_TRUE(args.ok()) << args.status();
  EXPECT_EQ(args->Get("topic"), "a");
  EXPECT_TRUE(args->Has("list"));
  EXPECT_FALSE(args->Has("codec"));
  EXPECT_EQ(*args->GetProperties("config"), (Properties{{"x", "1"}, {"y", "2"}}));
}

TEST(Args, AnOptionalValueIsTakenOnlyIfItIsThere) {
  EXPECT_EQ(Args::Parse(kOptions, Words{"--codec", "--list"})->Get("codec"), "");
  EXPECT_EQ(Args::Parse(kOptions, Words{"--codec", "lz4"})->Get("codec"), "lz4");
}

struct ArgsCase {
  Words words;
  const char* says;
};

TEST(Args, Refuses) {
  const ArgsCase cases[] = {
      {{"--zookeeper", "x"}, "zookeeper is not a recognized option"},
      {{"--top", "x"}, "top is not a recognized option"},
      {{"-x"}, "x is not a recognized option"},
      {{"--topic"}, "Option topic requires an argument"},
      {{"--topic", "a", "--topic", "b"}, "Found multiple arguments for option topic"},
  };
  for (const ArgsCase& c : cases) {
    Result<Args> args = Args::Parse(kOptions, c.words);
    ASSERT_FALSE(args.ok()) << c.says;
    EXPECT_NE(args.status().message().find(c.says), std::string::npos) << args.status();
  }
}

TEST(Args, WordsOfNoOptionAreNotLookedAt) {
  EXPECT_TRUE(Args::Parse(kOptions, Words{"stray", "--list", "more"})->Has("list"));
}

TEST(Args, RulesBetweenOptions) {
  const Result<Args> args = Args::Parse(kOptions, Words{"--list", "--config", "novalue"});
  ASSERT_TRUE(args.ok());
  const std::string_view topic[] = {"topic"};
  const std::string_view list[] = {"list"};
  EXPECT_EQ(args->Require(topic).message(), "Missing required argument \"[topic]\"");
  EXPECT_EQ(args->Conflict("config", list).message(), "Option \"[config]\" can't be used with option \"[list]\"");
  EXPECT_FALSE(args->GetProperties("config").ok());
}

TEST(Args, Numbers) {
  const Result<Args> args = Args::Parse(kOptions, Words{"--topic", "12x"});
  EXPECT_FALSE(args->GetNumber("topic", 0, 100).ok());
  EXPECT_EQ(*args->GetNumber("codec", 0, 100), std::nullopt);
  EXPECT_EQ(**Args::Parse(kOptions, Words{"--topic", "12"})->GetNumber("topic", 0, 100), 12);
  EXPECT_FALSE(Args::Parse(kOptions, Words{"--topic", "101"})->GetNumber("topic", 0, 100).ok());
}

TEST(Args, TableOnStderr) {
  std::ostringstream out;
  std::ostringstream err;
  EXPECT_EQ(UsageError({.out = out, .err = err}, "wrong", kOptions), 1);
  EXPECT_EQ(out.str(), "");
  EXPECT_NE(err.str().find("wrong\nOption"), std::string::npos);
  EXPECT_LT(err.str().find("--codec [String: codec]"), err.str().find("--topic <String: topic>"));
}

}  // namespace
}  // namespace ottla::tools
