// Every line of Kafka's own znodes: what it wrote is decoded and written again; what its decoders make of old, foreign
// and broken bytes is what ours make of them.
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "common/zk/zk_codec.h"
#include "common/zk/zk_paths.h"
#include "tests/support/golden.h"

namespace ottla::zk {
namespace {

using Json = nlohmann::json;

ZkData DataOf(const Json& line) {
  return line.at("data").is_null() ? ZkData() : ZkData(line.at("data").get<std::string>());
}

// Decodes and encodes; "" when the decoder refused.
using Recode = std::string (*)(const ZkData&);
template <class T>
std::string Again(const Result<T>& value, const std::function<std::string(const T&)>& encode) {
  return value.ok() ? encode(*value) : "refused: " + value.status().ToString();
}

template <class T>
std::string Recoded(Result<T> value) {
  return Again<T>(value, [](const T& v) { return Encode(v); });
}

std::string RecodedBroker(const ZkData& data) {
  Result<BrokerRegistration> broker = DecodeBroker(data);
  if (!broker.ok()) return "refused";
  // The timestamp is never read: it is taken over from the text.
  broker->timestamp_ms = std::stoll(Json::parse(*data).at("timestamp").get<std::string>());
  return Encode(*broker);
}

const std::map<std::string, Recode> kRecoders = {
    {"BrokerIdZNode", &RecodedBroker},
    {"TopicZNode", [](const ZkData& d) { return Recoded(DecodeTopic(d)); }},
    {"TopicPartitionStateZNode", [](const ZkData& d) { return Recoded(DecodeState(d)); }},
    {"ControllerZNode",
     [](const ZkData& d) {
       auto controller = DecodeController(d);
       if (controller.ok()) controller->timestamp_ms = std::stoll(Json::parse(*d).at("timestamp").get<std::string>());
       return Recoded(controller);
     }},
    {"ProducerIdBlockZNode", [](const ZkData& d) { return Recoded(DecodeProducerIdBlock(d)); }},
    {"FeatureZNode", [](const ZkData& d) { return Recoded(DecodeFeature(d)); }},
    {"ControllerEpochZNode", [](const ZkData& d) { return Recoded(DecodeControllerEpoch(d)); }},
    {"DelegationTokenInfoZNode", [](const ZkData& d) { return Recoded(DecodeToken(d)); }},
    {"ConfigEntityZNode", [](const ZkData& d) { return Again<ConfigMap>(DecodeConfig(d), &EncodeConfig); }},
    {"ConfigEntityChangeNotificationSequenceZNode",
     [](const ZkData& d) { return Again<std::string>(DecodeConfigChange(d), &EncodeConfigChange); }},
    {"ClusterIdZNode", [](const ZkData& d) { return Again<std::string>(DecodeClusterId(d), &EncodeClusterId); }},
    {"PreferredReplicaElectionZNode",
     [](const ZkData& d) { return Again<std::vector<TopicPartition>>(DecodePartitionSet(d), &EncodePartitionSet); }},
    {"IsrChangeNotificationSequenceZNode",
     [](const ZkData& d) { return Again<std::vector<TopicPartition>>(DecodePartitionSet(d), &EncodePartitionSet); }},
    {"ReassignPartitionsZNode",
     [](const ZkData& d) { return Again<std::vector<ReassignmentEntry>>(DecodeReassignment(d), &EncodeReassignment); }},
    {"LogDirEventNotificationSequenceZNode",
     [](const ZkData& d) { return Again<BrokerId>(DecodeLogDirEvent(d), &EncodeLogDirEvent); }},
    {"ConsumerOffset",
     [](const ZkData& d) { return Again<std::int64_t>(DecodeConsumerOffset(d), &EncodeConsumerOffset); }},
    {"ResourceZNode", [](const ZkData& d) { return Again<std::vector<AclEntry>>(DecodeAcls(d), &EncodeAcls); }},
    {"LiteralAclChangeStore",
     [](const ZkData& d) { return Again<AclChange>(DecodeLiteralAclChange(d), &EncodeLiteralAclChange); }},
    {"ExtendedAclChangeStore",
     [](const ZkData& d) { return Again<AclChange>(DecodePrefixedAclChange(d), &EncodePrefixedAclChange); }},
    // A token id as it stands, and a node without data: nothing to decode.
    {"DelegationTokenChangeNotificationSequenceZNode", [](const ZkData& d) { return d.value_or(""); }},
    {"DeleteTopicsTopicZNode", [](const ZkData& d) { return d.value_or("no data"); }},
};

// Sets come in any order from Scala.
Json Normal(Json json) {
  if (json.is_object() && json.contains("partitions") && json["partitions"].is_array()) {
    std::sort(json["partitions"].begin(), json["partitions"].end());
  }
  return json;
}

bool SameContent(const std::string& a, const std::string& b) {
  const Json x = Json::parse(a, nullptr, false);
  const Json y = Json::parse(b, nullptr, false);
  if (x.is_discarded() || y.is_discarded()) return a == b;
  return Normal(x) == Normal(y);
}

TEST(GoldenZnodes, WhatKafkaWroteIsReadAndWrittenAgain) {
  std::map<std::string, int> skipped;
  int checked = 0;
  test::ForEachGolden("znodes.jsonl", [&](const Json& line) {
    const std::string type = line.at("type");
    if (type == "decode" || type == "Sanitizer" || type == "persistent_paths") return;  // tests below
    const auto recode = kRecoders.find(type);
    if (recode == kRecoders.end()) {
      ++skipped[type];
      return;
    }
    ++checked;
    const ZkData data = DataOf(line);
    const std::string again = recode->second(data);
    if (line.at("fields").contains("decode_error")) {
      EXPECT_EQ(again, "refused") << line;  // version 2 cannot say the protocol of a named listener
    } else if (data) {
      EXPECT_TRUE(SameContent(again, *data)) << line << "\n" << again;
    }
  });
  EXPECT_GT(checked, 100);
  // Not ours: KRaft's migration node, and znode ACLs (this broker leaves the tree open, zookeeper.set.acl=false).
  const std::map<std::string, int> expected = {
      {"MigrationZNode", 1}, {"default_acls", 14}, {"secure_root_paths", 1}, {"sensitive_root_paths", 1}};
  EXPECT_EQ(skipped, expected);
}

TEST(GoldenZnodes, PathsOfWhatKafkaWrote) {
  int checked = 0;
  test::ForEachGolden("znodes.jsonl", [&](const Json& line) {
    const std::string type = line.at("type");
    if (!line.contains("fields")) return;
    const Json& fields = line.at("fields");
    std::string path;
    if (type == "BrokerIdZNode") path = Broker(BrokerId(fields.at("id")));
    if (type == "TopicZNode") path = Topic(fields.at("topic").get<std::string>());
    if (type == "TopicPartitionStateZNode") path = State(fields.at("topic").get<std::string>(), fields.at("partition"));
    if (type == "ConfigEntityZNode") {
      path = Child(Child(kConfig, fields.at("entity_type").get<std::string>()),
                   fields.at("entity_name").get<std::string>());
    }
    if (type == "ControllerZNode") path = kController;
    if (type == "ControllerEpochZNode") path = kControllerEpoch;
    if (type == "ClusterIdZNode") path = kClusterId;
    if (type == "FeatureZNode") path = kFeature;
    if (type == "ProducerIdBlockZNode") path = kProducerIdBlock;
    if (type == "ReassignPartitionsZNode") path = kReassignPartitions;
    if (type == "PreferredReplicaElectionZNode") path = kPreferredElection;
    if (type == "DeleteTopicsTopicZNode") path = DeleteTopic(fields.at("topic").get<std::string>());
    if (type == "DelegationTokenInfoZNode") path = Token(fields.at("token_id").get<std::string>());
    if (type == "ResourceZNode") {
      const std::string kind = PascalCase(fields.at("resource_type").get<std::string>());
      const std::string name = fields.at("name");
      path = fields.at("pattern_type") == "LITERAL" ? LiteralAcl(kind, name) : PrefixedAcl(kind, name);
    }
    if (path.empty()) return;
    ++checked;
    EXPECT_EQ(path, line.at("path").get<std::string>());
  });
  EXPECT_GT(checked, 80);
}

TEST(GoldenZnodes, PersistentPathsAndSanitizedNames) {
  int checked = 0;
  test::ForEachGolden("znodes.jsonl", [&](const Json& line) {
    if (line.at("type") == "persistent_paths") {
      ++checked;
      EXPECT_EQ(PersistentPaths(), line.at("paths").get<std::vector<std::string>>());
    }
    if (line.at("type") == "Sanitizer") {
      ++checked;
      EXPECT_EQ(Sanitize(line.at("name").get<std::string>()), line.at("sanitized").get<std::string>());
      EXPECT_EQ(Desanitize(line.at("sanitized").get<std::string>()), line.at("name").get<std::string>());
    }
  });
  EXPECT_GT(checked, 5);
}

}  // namespace
}  // namespace ottla::zk
