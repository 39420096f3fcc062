#include "common/config/topic_config.h"

#include <gtest/gtest.h>

#include "common/config/describe.h"

namespace ottla {
namespace {

BrokerConfig Broker(Properties fixed, Properties dynamic_default = {}) {
  fixed.emplace("zookeeper.connect", "z");
  ConfigLayers layers{.dynamic_default = std::move(dynamic_default), .fixed = std::move(fixed)};
  Result<BrokerConfig> config = BrokerConfig::Make(std::move(layers), nullptr);
  EXPECT_TRUE(config.ok()) << config.status();
  return std::move(config).value();
}

TEST(TopicRows, StandOverBrokerRowsOfTheSameDefault) {
  EXPECT_EQ(TopicRows().size(), 36u);
  const BrokerConfig broker = Broker({});
  const TopicConfig config = TopicConfig::Make(broker, {}, nullptr);
  for (const TopicRow& topic_row : TopicRows()) {
    for (const std::string& synonym : topic_row.synonyms) EXPECT_NE(FindBrokerRow(synonym), nullptr) << synonym;
    EXPECT_EQ(config.values.find(topic_row.row.name)->second, CanonicalText(DefaultValue(topic_row.row)))
        << topic_row.row.name;
  }
}

TEST(TopicConfig, BrokerDefaultsThenOverrides) {
  const BrokerConfig broker = Broker({{"log.retention.hours", "48"}, {"log.segment.bytes", "5000"}});
  const TopicConfig plain = TopicConfig::Make(broker, {}, nullptr);
  EXPECT_EQ(plain.retention_ms, 172'800'000);
  EXPECT_EQ(plain.segment_bytes, 5000);
  EXPECT_FALSE(plain.compact);
  EXPECT_TRUE(plain.remove);
  const TopicConfig changed = TopicConfig::Make(
      broker, {{"cleanup.policy", "compact"}, {"retention.ms", "1000"}, {"message.timestamp.type", "LogAppendTime"}},
      nullptr);
  EXPECT_TRUE(changed.compact);
  EXPECT_FALSE(changed.remove);
  EXPECT_EQ(changed.retention_ms, 1000);
  EXPECT_TRUE(changed.log_append_time);
}

TEST(TopicConfig, ABadStoredValueIsLeftOut) {
  std::vector<std::string> warnings;
  const TopicConfig config =
      TopicConfig::Make(Broker({}), {{"retention.ms", "soon"}, {"no.such", "1"}, {"segment.bytes", "100"}}, &warnings);
  EXPECT_EQ(config.retention_ms, 604'800'000);
  EXPECT_EQ(config.segment_bytes, 100);
  EXPECT_EQ(warnings.size(), 2u);
  EXPECT_EQ(config.overrides, (Properties{{"segment.bytes", "100"}}));
}

TEST(TopicConfig, TheDeprecatedTimestampLimitCountsWhereTheNewOnesAreUnset) {
  const TopicConfig config = TopicConfig::Make(
      Broker({}), {{"message.timestamp.difference.max.ms", "5"}, {"message.timestamp.after.max.ms", "7"}}, nullptr);
  EXPECT_EQ(config.message_timestamp_before_max_ms, 5);
  EXPECT_EQ(config.message_timestamp_after_max_ms, 7);
}

TEST(TopicConfig, Refuses) {
  struct Case {
    Properties overrides;
    const char* says;  // nullptr: accepted
  };
  const Case cases[] = {
      {{{"log.retention.ms", "1"}}, "Unknown topic config name: log.retention.ms"},
      {{{"retention.ms", "-2"}}, "Invalid value -2 for configuration retention.ms: Value must be at least -1"},
      {{{"segment.bytes", "13"}}, "Value must be at least 14"},
      {{{"cleanup.policy", "keep"}}, "Invalid value keep for configuration cleanup.policy"},
      {{{"compression.gzip.level", "11"}}, "compression.gzip.level"},
      {{{"min.compaction.lag.ms", "9"}, {"max.compaction.lag.ms", "8"}}, "min.compaction.lag.ms (9)"},
      {{{"remote.storage.enable", "true"}}, "Tiered Storage functionality is disabled"},
      {{{"leader.replication.throttled.replicas", "a:b"}}, "Must be the literal '*'"},
      {{{"message.format.version", "9.0"}}, "not a valid version"},
      {{{"leader.replication.throttled.replicas", "0:1,1:2"}, {"follower.replication.throttled.replicas", "*"}},
       nullptr},
      {{{"cleanup.policy", "compact,delete"}, {"retention.ms", "-1"}, {"compression.type", "zstd"}}, nullptr},
      {{}, nullptr},
  };
  const BrokerConfig broker = Broker({});
  for (const Case& c : cases) {
    const Status status = ValidateTopicConfig(broker, c.overrides);
    EXPECT_EQ(status.ok(), c.says == nullptr) << status;
    EXPECT_NE(status.message().find(c.says == nullptr ? "" : c.says), std::string::npos) << status;
  }
}

ConfigEntry Only(const std::vector<ConfigEntry>& entries) {
  EXPECT_EQ(entries.size(), 1u);
  return entries.empty() ? ConfigEntry{} : entries[0];
}

std::string Synonyms(const ConfigEntry& entry) {
  std::string text;
  for (const ConfigSynonym& s : entry.synonyms) {
    text += (text.empty() ? "" : " ") + s.name + "=" + s.value.value_or("(null)") + "/" +
            std::to_string(static_cast<int>(s.source));
  }
  return text;
}

TEST(DescribeConfigs, Topic) {
  struct Case {
    Properties fixed;
    Properties overrides;
    const char* key;
    const char* value;
    int source;
    const char* synonyms;
  };
  const Case cases[] = {
      {{}, {}, "retention.ms", "604800000", 5, ""},
      // Static hours give the value, but no synonym of the asked name: the source stays "default".
      {{{"log.retention.hours", "48"}}, {}, "retention.ms", "172800000", 5, ""},
      {{{"log.segment.bytes", "5000"}},
       {},
       "segment.bytes",
       "5000",
       4,
       "log.segment.bytes=5000/4 log.segment.bytes=1073741824/5"},
      {{{"log.retention.ms", "7"}},
       {{"retention.ms", "9"}},
       "retention.ms",
       "9",
       1,
       "retention.ms=9/1 log.retention.ms=7/4 log.retention.hours=168/5"},
      {{},
       {{"min.insync.replicas", "2"}},
       "min.insync.replicas",
       "2",
       1,
       "min.insync.replicas=2/1 min.insync.replicas=1/5"},
      {{}, {}, "leader.replication.throttled.replicas", "", 5, ""},
      {{}, {}, "min.cleanable.dirty.ratio", "0.5", 5, "log.cleaner.min.cleanable.ratio=0.5/5"},
  };
  for (const Case& c : cases) {
    const ConfigEntry entry = Only(DescribeTopic(Broker(c.fixed), c.overrides, ConfigKeys{{c.key, "no.such.key"}}));
    EXPECT_EQ(entry.name, c.key);
    EXPECT_EQ(entry.value, c.value) << c.key;
    EXPECT_EQ(static_cast<int>(entry.source), c.source) << c.key;
    EXPECT_EQ(Synonyms(entry), c.synonyms) << c.key;
    EXPECT_FALSE(entry.read_only);
  }
  EXPECT_EQ(DescribeTopic(Broker({}), {}, std::nullopt).size(), TopicRows().size());
  EXPECT_EQ(DescribeTopic(Broker({}), {}, ConfigKeys{std::vector<std::string>{}}).size(), TopicRows().size());
}

TEST(DescribeConfigs, Broker) {
  const BrokerConfig broker =
      Broker({{"num.io.threads", " 3 "}, {"ssl.key.password", "secret"}, {"plugin.key", "hide me"}},
             {{"message.max.bytes", "99"}});
  ConfigEntry entry = Only(DescribeBroker(broker, ConfigKeys{{"num.io.threads"}}));
  EXPECT_EQ(entry.value, "3");
  EXPECT_EQ(entry.source, ConfigSource::kStaticBroker);
  EXPECT_FALSE(entry.read_only);
  entry = Only(DescribeBroker(broker, ConfigKeys{{"ssl.key.password"}}));
  EXPECT_TRUE(entry.sensitive);
  EXPECT_EQ(entry.value, std::nullopt);
  EXPECT_EQ(Synonyms(entry), "ssl.key.password=(null)/4");
  entry = Only(DescribeBroker(broker, ConfigKeys{{"plugin.key"}}));
  EXPECT_TRUE(entry.sensitive);
  EXPECT_TRUE(entry.read_only);
  EXPECT_EQ(entry.type, ConfigType::kUnknown);
  EXPECT_EQ(entry.value, std::nullopt);
  entry = Only(DescribeBroker(broker, ConfigKeys{{"message.max.bytes"}}));
  EXPECT_EQ(Synonyms(entry), "message.max.bytes=99/3 message.max.bytes=1048588/5");
  entry = Only(DescribeBroker(broker, ConfigKeys{{"broker.rack"}}));
  EXPECT_EQ(entry.value, std::nullopt);
  EXPECT_TRUE(entry.read_only);
  EXPECT_TRUE(entry.synonyms.empty());
  entry = Only(DescribeBroker(broker, ConfigKeys{{"log.cleaner.io.max.bytes.per.second"}}));
  EXPECT_EQ(entry.value, "1.7976931348623157E308");
  EXPECT_TRUE(DescribeBroker(broker, ConfigKeys{{"unstable.api.versions.enable"}}).empty());
}

TEST(DescribeConfigs, BrokerDefault) {
  const ConfigEntry entry = Only(DescribeBrokerDefault(Broker({}, {{"num.io.threads", "9"}}), std::nullopt));
  EXPECT_EQ(entry.name, "num.io.threads");
  EXPECT_EQ(entry.value, "9");
  EXPECT_EQ(entry.source, ConfigSource::kDynamicDefaultBroker);
  EXPECT_EQ(Synonyms(entry), "num.io.threads=9/3");
  EXPECT_FALSE(entry.read_only);
}

}  // namespace
}  // namespace ottla
