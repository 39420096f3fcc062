// What Kafka's decoders answered to hand-written bytes, against ours, said in Kafka's own words.
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "common/zk/zk_codec.h"
#include "tests/support/golden.h"

namespace ottla::zk {
namespace {

using Json = nlohmann::json;

std::string Join(const std::vector<BrokerId>& ids, const char* comma = ",") {
  std::string out;
  for (const BrokerId id : ids) out += (out.empty() ? "" : comma) + std::to_string(id.value);
  return out;
}

Json Said(const BrokerRegistration& broker) {
  std::string features;
  for (const auto& [name, range] : broker.features) {
    features += (features.empty() ? "" : ", ") + name + "={min_version=" + std::to_string(range.min_version) +
                ", max_version=" + std::to_string(range.max_version) + "}";
  }
  Json endpoints = Json::array();
  for (const ListenerEndpoint& at : broker.endpoints) {
    endpoints.push_back(
        {{"listener", at.listener}, {"security_protocol", at.protocol}, {"host", at.host}, {"port", at.port}});
  }
  return {{"id", 1},
          {"version", broker.version},
          {"jmx_port", broker.jmx_port},
          {"rack", broker.rack ? Json(*broker.rack) : Json(nullptr)},
          {"features", "{" + features + "}"},
          {"endpoints", endpoints}};
}

Json Said(const TopicAssignment& topic) {
  Json partitions = Json::object();
  for (const auto& [number, p] : topic.partitions) {
    partitions[std::to_string(number)] = {
        {"replicas", Join(p.replicas)}, {"adding", Join(p.adding)}, {"removing", Join(p.removing)}};
  }
  return {{"topic_id", topic.id ? Json(topic.id->ToString()) : Json(nullptr)}, {"partitions", partitions}};
}

Json Said(const PartitionStateData& state) {
  return {{"leader", state.leader.value},
          {"leader_epoch", state.leader_epoch.value},
          {"isr", Join(state.isr)},
          {"controller_epoch", state.controller_epoch.value},
          {"leader_recovery_state", state.recovering ? 1 : 0}};
}

Json Said(const ControllerRegistration& controller) {
  const std::string epoch = controller.kraft_epoch ? "Some(" + std::to_string(*controller.kraft_epoch) + ")" : "None";
  return "ZKControllerRegistration(" + std::to_string(controller.broker.value) + "," + epoch + ",9)";
}

Json Said(const ConfigMap& config) {
  std::string out;
  for (const auto& [key, value] : config) out += (out.empty() ? "" : ", ") + key + "=" + value;
  return "{" + out + "}";
}

Json Said(const FeatureData& feature) {
  std::string levels;
  for (const auto& [name, level] : feature.features) {
    levels += (levels.empty() ? "" : ", ") + name + " -> " + std::to_string(level);
  }
  return "FeatureZNode(" + std::to_string(feature.version) + "," + (feature.enabled ? "Enabled" : "Disabled") +
         ",Map(" + levels + "))";
}

Json Said(const std::vector<TopicPartition>& set) {
  std::string out;
  for (const TopicPartition& tp : set) out += (out.empty() ? "" : ", ") + tp.ToString();
  return "Set(" + out + ")";
}

Json Said(const std::vector<ReassignmentEntry>& entries) {
  std::string out;
  for (const ReassignmentEntry& entry : entries) {
    out += (out.empty() ? "" : ", ") + entry.partition.ToString() + " -> Buffer(" + Join(entry.replicas, ", ") + ")";
  }
  return "Map(" + out + ")";
}

Json Said(const ProducerIdBlock& block) {
  return "ProducerIdsBlock(assignedBrokerId=" + std::to_string(block.broker.value) +
         ", firstProducerId=" + std::to_string(block.first) + ", size=" + std::to_string(block.last - block.first + 1) +
         ")";
}

Json Said(const std::vector<AclEntry>& acls) {
  std::string out;
  for (const AclEntry& acl : acls) {
    out += acl.principal + " has " + acl.permission + " permission for operations: " + acl.operation +
           " from hosts: " + acl.host + "=";
  }
  return "{" + out + "}";
}

Json Said(const AclChange& change) {
  return "ResourcePattern(resourceType=" + change.resource_type + ", name=" + change.name +
         ", patternType=" + change.pattern_type + ")";
}

Json Said(const std::string& text) { return text; }
Json Said(const ControllerEpoch& epoch) { return std::to_string(epoch.value); }
Json SomeOf(std::int64_t number) { return "Some(" + std::to_string(number) + ")"; }

template <class T>
std::optional<Json> Answer(const Result<T>& value) {
  return value.ok() ? std::optional<Json>(Said(*value)) : std::nullopt;
}

using Decode = std::optional<Json> (*)(const ZkData&);
const std::map<std::string, Decode> kDecoders = {
    {"BrokerIdZNode", [](const ZkData& d) { return Answer(DecodeBroker(d)); }},
    {"TopicZNode", [](const ZkData& d) { return Answer(DecodeTopic(d)); }},
    {"TopicPartitionStateZNode", [](const ZkData& d) { return Answer(DecodeState(d)); }},
    {"ControllerZNode", [](const ZkData& d) { return Answer(DecodeController(d)); }},
    {"ControllerEpochZNode", [](const ZkData& d) { return Answer(DecodeControllerEpoch(d)); }},
    {"ConfigEntityZNode", [](const ZkData& d) { return Answer(DecodeConfig(d)); }},
    {"ClusterIdZNode", [](const ZkData& d) { return Answer(DecodeClusterId(d)); }},
    {"FeatureZNode", [](const ZkData& d) { return Answer(DecodeFeature(d)); }},
    {"ReassignPartitionsZNode", [](const ZkData& d) { return Answer(DecodeReassignment(d)); }},
    {"PreferredReplicaElectionZNode", [](const ZkData& d) { return Answer(DecodePartitionSet(d)); }},
    {"IsrChangeNotificationSequenceZNode", [](const ZkData& d) { return Answer(DecodePartitionSet(d)); }},
    {"ProducerIdBlockZNode", [](const ZkData& d) { return Answer(DecodeProducerIdBlock(d)); }},
    {"ResourceZNode", [](const ZkData& d) { return Answer(DecodeAcls(d)); }},
    {"LiteralAclChangeStore", [](const ZkData& d) { return Answer(DecodeLiteralAclChange(d)); }},
    {"ExtendedAclChangeStore", [](const ZkData& d) { return Answer(DecodePrefixedAclChange(d)); }},
    {"LogDirEventNotificationSequenceZNode",
     [](const ZkData& d) {
       const auto broker = DecodeLogDirEvent(d);
       return broker.ok() ? std::optional<Json>(SomeOf(broker->value)) : std::nullopt;
     }},
    {"ConsumerOffset",
     [](const ZkData& d) {
       const auto offset = DecodeConsumerOffset(d);
       return offset.ok() ? std::optional<Json>(SomeOf(*offset)) : std::nullopt;
     }},
};

bool IsJson(const ZkData& data) { return data && !Json::parse(*data, nullptr, false).is_discarded(); }

// Where ours differ from Kafka's on purpose.
bool Deliberate(const std::string& of, const ZkData& data, const std::optional<Json>& ours) {
  // Kafka takes text that is no JSON for nothing at all; we refuse it, so that the node is set aside, not overwritten.
  if ((of == "TopicZNode" || of == "TopicPartitionStateZNode") && !IsJson(data)) return !ours;
  // A number where a config's value should be a string kills a starting Kafka broker; we read it as its text.
  if (of == "ConfigEntityZNode" && IsJson(data)) return ours.has_value();
  return false;
}

TEST(GoldenDecode, HandWrittenBytesMeanWhatTheyMeanToKafka) {
  int checked = 0;
  int deliberate = 0;
  test::ForEachGolden("znodes.jsonl", [&](const Json& line) {
    if (line.at("type") != "decode") return;
    const std::string of = line.at("of");
    const auto decoder = kDecoders.find(of);
    ASSERT_NE(decoder, kDecoders.end()) << of;
    ++checked;
    const ZkData data = line.at("data").is_null() ? ZkData() : ZkData(line.at("data").get<std::string>());
    const std::optional<Json> ours = decoder->second(data);
    std::optional<Json> kafkas;
    if (line.contains("result") && line.at("result") != "unreadable") kafkas = line.at("result");
    if (ours == kafkas) return;
    ++deliberate;
    EXPECT_TRUE(Deliberate(of, data, ours)) << line << "\nours: " << (ours ? ours->dump() : "refused");
  });
  EXPECT_GT(checked, 50);
  EXPECT_LE(deliberate, 4);
}

// Any cut and any flipped byte of any line: a value or a Status, never a throw.
TEST(GoldenDecode, DamagedBytesNeverThrow) {
  test::ForEachGolden("znodes.jsonl", [&](const Json& line) {
    if (!line.contains("data") || !line.at("data").is_string()) return;
    const std::string text = line.at("data");
    for (std::size_t at = 0; at < text.size(); at += 1 + text.size() / 24) {
      std::string flipped = text;
      flipped[at] = static_cast<char>(flipped[at] ^ 0x91);
      for (const auto& [name, decode] : kDecoders) {
        EXPECT_NO_THROW((void)decode(text.substr(0, at))) << name;
        EXPECT_NO_THROW((void)decode(flipped)) << name;
      }
    }
  });
}

}  // namespace
}  // namespace ottla::zk
