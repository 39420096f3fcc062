#include <gtest/gtest.h>

#include "tools/console_line.h"
#include "tools/consumer_options.h"
#include "tools/message_format.h"

namespace ottla::tools {
namespace {

std::string Shown(const ConsoleRecord& record) {
  std::string text;
  for (const auto& [name, value] : record.headers) text += "<" + name + "=" + value.value_or("(null)") + ">";
  return text + record.key.value_or("(null)") + "|" + record.value.value_or("(null)");
}

TEST(ConsoleLine, Parses) {
  struct Case {
    Properties properties;
    const char* line;
    const char* expected;  // nullptr: refused
  };
  const Case cases[] = {
      {{}, "a\tb", "(null)|a\tb"},
      {{}, "", "(null)|"},
      {{{"parse.key", "true"}}, "k\tv\tw", "k|v\tw"},
      {{{"parse.key", "true"}}, "\tv", "|v"},
      {{{"parse.key", "true"}}, "no separator", nullptr},
      {{{"parse.key", "true"}, {"ignore.error", "true"}}, "no separator", "(null)|no separator"},
      {{{"parse.key", "TRUE"}, {"key.separator", "::"}}, "k::v", "k|v"},
      {{{"parse.headers", "true"}}, "a:1,b:2\tv", "<a=1><b=2>(null)|v"},
      {{{"parse.headers", "true"}, {"parse.key", "true"}}, "a:1:2\tk\tv", "<a=1:2>k|v"},
      {{{"parse.headers", "true"}}, "a\tv", nullptr},
      {{{"parse.headers", "true"}, {"ignore.error", "true"}}, "a\tv", "<a=(null)>(null)|v"},
      {{{"parse.headers", "true"}, {"parse.key", "true"}, {"null.marker", "N"}}, "N\tN\tN", "(null)|(null)"},
      {{{"parse.headers", "true"}, {"null.marker", "N"}}, "a:N\tv", "<a=(null)>(null)|v"},
      {{{"parse.headers", "true"}, {"null.marker", "N"}}, "N:1\tv", nullptr},
      {{{"null.marker", ""}}, "", "(null)|(null)"},
  };
  for (const Case& c : cases) {
    Result<LineFormat> format = LineFormat::Make(c.properties);
    ASSERT_TRUE(format.ok()) << format.status();
    Result<ConsoleRecord> record = ParseLine(*format, c.line, 3);
    ASSERT_EQ(record.ok(), c.expected != nullptr) << c.line;
    if (record.ok()) {
      EXPECT_EQ(Shown(*record), c.expected) << c.line;
    }
  }
  const LineFormat keyed = *LineFormat::Make({{"parse.key", "true"}});
  EXPECT_EQ(ParseLine(keyed, "text", 3).status().message(), "No key separator found on line number 3: 'text'");
}

TEST(ConsoleLine, SeparatorsMustDiffer) {
  EXPECT_FALSE(LineFormat::Make({{"headers.separator", ":"}}).ok());
  EXPECT_FALSE(LineFormat::Make({{"null.marker", "\t"}}).ok());
  EXPECT_FALSE(LineFormat::Make({{"key.separator", ""}}).ok());
}

TEST(MessageFormat, Columns) {
  ReceivedRecord record{.timestamp_type = TimestampType::kCreateTime, .timestamp = 17, .partition = 0, .offset = 5};
  record.value = "v";
  const Properties all = {{"print.timestamp", "true"},
                          {"print.partition", "true"},
                          {"print.offset", "true"},
                          {"print.headers", "true"},
                          {"print.key", "true"}};
  EXPECT_EQ(*FormatMessage(*MessageFormat::Make({}), record), "v\n");
  EXPECT_EQ(*FormatMessage(*MessageFormat::Make(all), record),
            "CreateTime:17\tPartition:0\tOffset:5\tNO_HEADERS\tnull\tv\n");
  record.timestamp_type = TimestampType::kNone;
  record.headers = {{"h1", "v1"}, {"h2", std::nullopt}};
  record.key = "k";
  EXPECT_EQ(*FormatMessage(*MessageFormat::Make(all), record),
            "NO_TIMESTAMP\tPartition:0\tOffset:5\th1:v1,h2:null\tk\tv\n");
  const Properties odd = {{"print.value", "false"}, {"print.key", "true"}, {"line.separator", "|"}};
  EXPECT_EQ(*FormatMessage(*MessageFormat::Make(odd), record), "k|");
  EXPECT_FALSE(MessageFormat::Make({{"print.key", "yes"}}).ok());
}

TEST(MessageFormat, Numbers) {
  const MessageFormat format =
      *MessageFormat::Make({{"value.deserializer", "org.apache.kafka.common.serialization.LongDeserializer"}});
  ReceivedRecord record;
  record.value = std::string_view("\0\0\0\0\0\0\1\1", 8);
  EXPECT_EQ(*FormatMessage(format, record), "257\n");
  record.value = "short";
  EXPECT_FALSE(FormatMessage(format, record).ok());
  EXPECT_FALSE(MessageFormat::Make({{"key.deserializer", "my.Own"}}).ok());
}

TEST(ConsumerOptions, RulesOfTheCommandLine) {
  struct Case {
    std::vector<std::string> words;
    const char* says;  // nullptr: accepted
  };
  const Case cases[] = {
      {{"--topic", "t"}, nullptr},
      {{"--include", "t.*", "--from-beginning"}, nullptr},
      {{"--topic", "t", "--partition", "0", "--offset", "7"}, nullptr},
      {{}, "Exactly one of"},
      {{"--topic", "t", "--include", "u"}, "Exactly one of"},
      {{"--include", "t", "--partition", "0"}, "The topic is required when partition is specified."},
      {{"--topic", "t", "--offset", "7"}, "The partition is required when offset is specified."},
      {{"--topic", "t", "--partition", "0", "--offset", "-5"}, "The provided offset value '-5' is incorrect."},
      {{"--topic", "t", "--partition", "0", "--offset", "earliest", "--from-beginning"},
       "cannot be specified together"},
      {{"--topic", "t", "--group", "a", "--consumer-property", "group.id=b"}, "do not match"},
      {{"--topic", "t", "--group", "a", "--partition", "0"}, "cannot be specified together"},
      {{"--topic", "t", "--formatter", "my.Own"}, "the formatter my.Own is not available"},
      {{"--topic", "t", "--from-beginning", "--consumer-property", "auto.offset.reset=latest"},
       "Can't simultaneously specify --from-beginning and 'auto.offset.reset=latest'"},
      {{"--topic", "t", "--from-beginning", "--consumer-property", "auto.offset.reset=earliest"}, nullptr},
  };
  for (const Case& c : cases) {
    std::vector<std::string> words = c.words;
    words.insert(words.end(), {"--bootstrap-server", "h:1"});
    const Result<ConsumerOptions> options = ReadConsumerOptions(*Args::Parse(ConsumerOptionTable(), words));
    EXPECT_EQ(options.ok(), c.says == nullptr) << options.status();
    EXPECT_NE(options.status().message().find(c.says == nullptr ? "" : c.says), std::string::npos) << options.status();
  }
}

TEST(ConsumerOptions, WhereReadingStarts) {
  struct Case {
    std::vector<std::string> words;
    std::int64_t offset;
  };
  const Case cases[] = {
      {{}, -1},
      {{"--from-beginning"}, -2},
      {{"--partition", "0"}, -1},
      {{"--partition", "0", "--offset", "Earliest"}, -2},
      {{"--partition", "0", "--offset", "LATEST"}, -1},
      {{"--partition", "0", "--offset", "7"}, 7},
      {{"--consumer-property", "auto.offset.reset=earliest"}, -2},
      {{"--consumer-property", "auto.offset.reset=latest"}, -1},
      // Without an offset a partition is read from its end, whatever the property says.
      {{"--partition", "0", "--consumer-property", "auto.offset.reset=earliest"}, -1},
  };
  for (const Case& c : cases) {
    std::vector<std::string> words = {"--topic", "t", "--bootstrap-server", "h:1"};
    words.insert(words.end(), c.words.begin(), c.words.end());
    const Result<ConsumerOptions> options = ReadConsumerOptions(*Args::Parse(ConsumerOptionTable(), words));
    ASSERT_TRUE(options.ok()) << options.status();
    EXPECT_EQ(options->offset, c.offset) << ::testing::PrintToString(c.words);
  }
}

}  // namespace
}  // namespace ottla::tools
