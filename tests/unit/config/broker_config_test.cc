#include "common/config/broker_config.h"

#include <gtest/gtest.h>

#include <set>

#include "common/config/describe.h"

namespace ottla {
namespace {

Properties With(Properties properties) {
  properties.emplace("zookeeper.connect", "localhost:2181");
  return properties;
}

BrokerConfig Must(Properties properties) {
  Result<BrokerConfig> config = BrokerConfig::Make(With(std::move(properties)), nullptr);
  EXPECT_TRUE(config.ok()) << config.status();
  return std::move(config).value();
}

TEST(BrokerRows, AreSoundAndSorted) {
  EXPECT_GT(BrokerRows().size(), 250u);
  for (const ConfigRow& row : BrokerRows()) {
    EXPECT_FALSE(row.doc.empty()) << row.name;
    EXPECT_EQ(FindBrokerRow(row.name), &row);
    const ConfigValue value = DefaultValue(row);  // stops the test if a default breaks its own row
    EXPECT_EQ(CanonicalText(value), row.def == nullptr ? std::nullopt : std::optional<std::string>(row.def))
        << row.name;
  }
}

// A ZooKeeper broker of Kafka 3.9 describes 314 settings; the 14 internal ones only where they are set.
TEST(BrokerRows, InternalOnesAreDescribedWhereTheyAreSet) {
  const auto described = [](Properties properties) {
    const std::vector<ConfigEntry> entries = DescribeBroker(Must(std::move(properties)), std::nullopt);
    std::set<std::string> names;
    for (const ConfigEntry& entry : entries) names.insert(entry.name);
    EXPECT_EQ(names.size(), entries.size());
    return names;
  };
  const auto names = described({});
  EXPECT_EQ(names.size(), 314u);
  EXPECT_FALSE(names.contains("server.max.startup.time.ms"));
  EXPECT_TRUE(described({{"server.max.startup.time.ms", "5"}}).contains("server.max.startup.time.ms"));
}

TEST(BrokerRows, ListenerPrefixesAreLookedThrough) {
  ASSERT_NE(FindBrokerRow("listener.name.external.ssl.keystore.password"), nullptr);
  EXPECT_TRUE(FindBrokerRow("listener.name.external.ssl.keystore.password")->sensitive());
  EXPECT_NE(FindBrokerRow("listener.name.x.scram-sha-256.sasl.jaas.config"), nullptr);
  EXPECT_EQ(FindBrokerRow("listener.name.x.nothing"), nullptr);
  EXPECT_EQ(FindBrokerRow("retention.ms"), nullptr);
}

TEST(BrokerConfig, DefaultsAreKafkas) {
  const BrokerConfig config = Must({});
  EXPECT_EQ(config.broker_id, -1);
  EXPECT_EQ(config.num_partitions, 1);
  EXPECT_EQ(config.log_retention_ms, 604'800'000);
  EXPECT_EQ(config.log_roll_ms, 604'800'000);
  EXPECT_EQ(config.log_dirs, std::vector<std::string>{"/tmp/kafka-logs"});
  EXPECT_EQ(config.zookeeper_session_timeout_ms, 18'000);
  EXPECT_EQ(config.zookeeper_connection_timeout_ms, 18'000);
  EXPECT_EQ(config.inter_broker_version, (InterBrokerVersion{3, 9, 0}));
  EXPECT_EQ(config.replica_fetch_wait_max_ms, 500);
  EXPECT_EQ(config.offsets_topic_num_partitions, 50);
  EXPECT_EQ(config.log_cleaner_io_buffer_load_factor, 0.9);
}

struct Refused {
  Properties properties;
  const char* says;
};

TEST(BrokerConfig, Refuses) {
  const Refused cases[] = {
      {{{"num.partitions", "0"}}, "Invalid value 0 for configuration num.partitions: Value must be at least 1"},
      {{{"num.partitions", "x"}}, "Invalid value x for configuration num.partitions: Not a number of type INT"},
      {{{"num.partitions", "3000000000"}}, "Not a number of type INT"},
      {{{"offsets.topic.replication.factor", "40000"}}, "Not a number of type SHORT"},
      {{{"compression.lz4.level", "18"}}, "Value must be no more than 17"},
      {{{"compression.gzip.level", "0"}}, "compression.gzip.level"},
      {{{"auto.create.topics.enable", "yes"}}, "Expected value to be either true or false"},
      {{{"log.message.timestamp.type", "createtime"}}, "String must be one of: CreateTime, LogAppendTime"},
      {{{"log.cleanup.policy", "delete,shrink"}}, "Invalid value shrink for configuration log.cleanup.policy"},
      {{{"log.cleaner.min.cleanable.ratio", "1.5"}}, "Value must be no more than 1"},
      {{{"inter.broker.protocol.version", "9.9"}}, "Version 9.9 is not a valid version"},
      {{{"zookeeper.connect", ""}}, "zookeeper.connect"},
      {{{"broker.id", "1001"}}, "reserved.broker.max.id"},
      {{{"broker.id.generation.enable", "false"}}, "broker.id must be greater than or equal to 0"},
      {{{"broker.id", "1"}, {"node.id", "2"}}, "`node.id`"},
      {{{"process.roles", "broker"}}, "process.roles"},
      {{{"log.dirs", ""}}, "At least one log directory"},
      {{{"log.dirs", ",, "}}, "At least one log directory"},
      {{{"log.retention.hours", "0"}}, "log.retention.hours"},
      {{{"replica.fetch.wait.max.ms", "40000"}, {"replica.socket.timeout.ms", "50000"}}, "replica.lag.time.max.ms"},
      {{{"replica.socket.timeout.ms", "100"}}, "replica.socket.timeout.ms"},
      {{{"queued.max.request.bytes", "5"}}, "queued.max.request.bytes"},
      {{{"max.connections.per.ip", "0"}}, "max.connections.per.ip"},
      {{{"max.connections.per.ip.overrides", "host"}}, "max.connections.per.ip.overrides"},
      {{{"connection.failed.authentication.delay.ms", "700000"}}, "connections.max.idle.ms"},
      {{{"log.cleaner.dedupe.buffer.size", "1000"}}, "at least 1MB"},
      {{{"offsets.commit.required.acks", "4"}}, "offsets.commit.required.acks"},
      {{{"group.coordinator.rebalance.protocols", "classic,consumer"}}, "rebalance protocols"},
      {{{"remote.log.storage.system.enable", "true"}}, "remote.log.storage.system.enable"},
      {{{"listeners", "SASL_PLAINTEXT://h:1"},
        {"security.inter.broker.protocol", "SASL_PLAINTEXT"},
        {"sasl.enabled.mechanisms", "PLAIN"}},
       "sasl.enabled.mechanisms"},
      {{{"listeners", "nonsense"}}, "Unable to parse nonsense"},
  };
  for (const Refused& c : cases) {
    Result<BrokerConfig> config = BrokerConfig::Make(With(c.properties), nullptr);
    ASSERT_FALSE(config.ok()) << c.says;
    EXPECT_NE(config.status().message().find(c.says), std::string::npos) << config.status();
  }
}

TEST(BrokerConfig, APasswordIsNotRepeatedInErrors) {
  // Any text is a valid password, so only its hiding can be shown: in DescribeConfigs (see describe_test) and here.
  const ConfigRow row = rows::Password("p", "doc").Valid("a");
  EXPECT_EQ(ParseConfigValue(row, "secret").status().message().find("secret"), std::string::npos);
}

TEST(BrokerConfig, TheFinerUnitWins) {
  struct Case {
    Properties properties;
    std::int64_t retention;
  };
  const Case cases[] = {
      {{{"log.retention.hours", "2"}}, 7'200'000},
      {{{"log.retention.hours", "2"}, {"log.retention.minutes", "3"}}, 180'000},
      {{{"log.retention.hours", "2"}, {"log.retention.minutes", "3"}, {"log.retention.ms", "5"}}, 5},
      {{{"log.retention.ms", "-1"}, {"log.retention.hours", "1"}}, -1},
      {{{"log.retention.hours", "-7"}}, -1},
  };
  for (const Case& c : cases) EXPECT_EQ(Must(c.properties).log_retention_ms, c.retention);
  EXPECT_EQ(Must({{"log.roll.hours", "1"}}).log_roll_ms, 3'600'000);
  EXPECT_EQ(Must({{"log.roll.hours", "1"}, {"log.roll.ms", "9"}}).log_roll_ms, 9);
  EXPECT_EQ(Must({{"log.flush.scheduler.interval.ms", "77"}}).log_flush_interval_ms, 77);
}

TEST(BrokerConfig, OtherNamesForTheSameThing) {
  EXPECT_EQ(Must({{"node.id", "5"}}).broker_id, 5);
  EXPECT_EQ(Must({{"log.dir", "/a, /b"}}).log_dirs, (std::vector<std::string>{"/a", "/b"}));
  EXPECT_EQ(Must({{"log.dirs", "/a,,/b,"}}).log_dirs, (std::vector<std::string>{"/a", "/b"}));
  EXPECT_EQ(Must({{"log.dir", "/a"}, {"log.dirs", "/c"}}).log_dirs, std::vector<std::string>{"/c"});
  EXPECT_EQ(Must({{"num.partitions", "  7\t"}}).num_partitions, 7);
  EXPECT_EQ(Must({{"zookeeper.session.timeout.ms", "9"}}).zookeeper_connection_timeout_ms, 9);
}

TEST(BrokerConfig, UnknownKeysWarnAndStay) {
  std::vector<std::string> warnings;
  Result<BrokerConfig> config = BrokerConfig::Make(
      With({{"my.plugin.key", "v"}, {"port", "9"}, {"listener.name.plaintext.ssl.key.password", "x"}}), &warnings);
  ASSERT_TRUE(config.ok());
  ASSERT_EQ(warnings.size(), 2u);
  EXPECT_NE(warnings[0].find("'my.plugin.key'"), std::string::npos);
  EXPECT_NE(warnings[1].find("port was removed in Kafka 3.0: taken"), std::string::npos);
  EXPECT_EQ(config->listeners.listeners[0].port, 9);
}

TEST(BrokerConfig, LayersInOrder) {
  ConfigLayers layers;
  layers.fixed = With({{"num.io.threads", "2"}, {"message.max.bytes", "3"}, {"log.retention.hours", "1"}});
  layers.dynamic_default = {{"num.io.threads", "4"}, {"message.max.bytes", "5"}, {"log.retention.ms", "6"}};
  layers.dynamic_broker = {{"num.io.threads", "7"}};
  Result<BrokerConfig> config = BrokerConfig::Make(layers, nullptr);
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->num_io_threads, 7);
  EXPECT_EQ(config->message_max_bytes, 5);
  EXPECT_EQ(config->log_retention_ms, 6);
}

TEST(InterBrokerVersion, ShortAndLongForms) {
  struct Case {
    const char* text;
    const char* full;
  };
  const Case cases[] = {{"3.9-IV0", "3.9-IV0"}, {"2.8", "2.8-IV1"},        {"2.8.1", "2.8-IV1"},
                        {"0.8.2", "0.8.2"},     {"0.10.2", "0.10.2-IV0"},  {"0.11.0-IV1", "0.11.0-IV1"},
                        {"0.9.0", "0.9.0"},     {"0.10.0.1", "0.10.0-IV1"}};
  for (const Case& c : cases) {
    Result<InterBrokerVersion> version = ParseInterBrokerVersion(c.text);
    ASSERT_TRUE(version.ok()) << c.text;
    EXPECT_EQ(version->ToString(), c.full);
  }
  for (const char* text : {"", "3", "3.", "4.0", "3.9-IV1", "0.10", "x.y", "2.8-IV", "-1.0", "3.9.x"}) {
    EXPECT_FALSE(ParseInterBrokerVersion(text).ok()) << text;
  }
  EXPECT_LT(*ParseInterBrokerVersion("0.10.2"), *ParseInterBrokerVersion("0.11.0"));
  EXPECT_LT(*ParseInterBrokerVersion("0.11.0"), *ParseInterBrokerVersion("1.0"));
}

}  // namespace
}  // namespace ottla
