// The JSON (and plain text) inside znodes, as Kafka 3.9 writes it and with every older form it reads. Decoders never
// throw and never CHECK: any bytes give a value or kCorrupt. Where Kafka takes text that is no JSON for "nothing" in a
// topic or a partition state, decoding answers kCorrupt instead, so that the owner sets the node aside and never
// overwrites what an operator may still repair.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/ids.h"
#include "common/base/status.h"
#include "common/zk/zk_client.h"

namespace ottla::zk {

struct ListenerEndpoint {
  std::string listener;  // upper case
  std::string protocol;  // PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL
  std::string host;      // without brackets; empty: null
  std::int32_t port = -1;
  friend bool operator==(const ListenerEndpoint&, const ListenerEndpoint&) = default;
};

struct FeatureRange {
  std::int32_t min_version = 0;
  std::int32_t max_version = 0;
  friend bool operator==(const FeatureRange&, const FeatureRange&) = default;
};

// /brokers/ids/N
struct BrokerRegistration {
  std::int32_t version = 5;
  std::vector<ListenerEndpoint> endpoints;
  std::int32_t jmx_port = -1;
  std::int64_t timestamp_ms = 0;  // written, never read
  std::optional<std::string> rack;
  std::map<std::string, FeatureRange> features;
};
Result<BrokerRegistration> DecodeBroker(const ZkData& data);
std::string Encode(const BrokerRegistration& broker);

// /brokers/topics/T
struct PartitionReplicas {
  std::vector<BrokerId> replicas;
  std::vector<BrokerId> adding;
  std::vector<BrokerId> removing;
  friend bool operator==(const PartitionReplicas&, const PartitionReplicas&) = default;
};
struct TopicAssignment {
  std::optional<Uuid> id;
  std::map<std::int32_t, PartitionReplicas> partitions;
};
Result<TopicAssignment> DecodeTopic(const ZkData& data);
std::string Encode(const TopicAssignment& topic);

// /brokers/topics/T/partitions/P/state
struct PartitionStateData {
  BrokerId leader = kNoBroker;
  LeaderEpoch leader_epoch;
  std::vector<BrokerId> isr;
  ControllerEpoch controller_epoch;
  bool recovering = false;
  friend bool operator==(const PartitionStateData&, const PartitionStateData&) = default;
};
Result<PartitionStateData> DecodeState(const ZkData& data);
std::string Encode(const PartitionStateData& state);

// /controller
struct ControllerRegistration {
  BrokerId broker;
  std::int64_t timestamp_ms = 0;                 // written, never read
  std::optional<std::int32_t> kraft_epoch = -1;  // > 0: a KRaft controller owns the cluster
};
Result<ControllerRegistration> DecodeController(const ZkData& data);
std::string Encode(const ControllerRegistration& controller);

// /controller_epoch: bare decimal digits
Result<ControllerEpoch> DecodeControllerEpoch(const ZkData& data);
std::string Encode(ControllerEpoch epoch);

// /config/<entity>: junk and null count as no overrides. Numbers and booleans are accepted and become text.
using ConfigMap = std::map<std::string, std::string>;
Result<ConfigMap> DecodeConfig(const ZkData& data);
std::string EncodeConfig(const ConfigMap& config);

// /config/changes/config_change_N: "topics/t", "users/u/clients/c". Junk that is no JSON: empty path, to be ignored.
Result<std::string> DecodeConfigChange(const ZkData& data);
std::string EncodeConfigChange(std::string_view entity_path);

// /cluster/id
Result<std::string> DecodeClusterId(const ZkData& data);
std::string EncodeClusterId(std::string_view id);

// /latest_producer_id_block: both ends belong to the block
struct ProducerIdBlock {
  BrokerId broker;
  std::int64_t first = 0;
  std::int64_t last = 0;
};
Result<ProducerIdBlock> DecodeProducerIdBlock(const ZkData& data);
std::string Encode(const ProducerIdBlock& block);

// /feature: finalized maximum levels
struct FeatureData {
  std::int32_t version = 2;
  bool enabled = true;
  std::map<std::string, std::int32_t> features;
};
Result<FeatureData> DecodeFeature(const ZkData& data);
std::string Encode(const FeatureData& feature);

// /admin/preferred_replica_election and isr_change_N: a set of partitions. Text that is no JSON: an empty set.
Result<std::vector<TopicPartition>> DecodePartitionSet(const ZkData& data);
std::string EncodePartitionSet(const std::vector<TopicPartition>& partitions);

// /admin/reassign_partitions: an unknown field makes the document invalid, as in Kafka
struct ReassignmentEntry {
  TopicPartition partition;
  std::vector<BrokerId> replicas;
};
Result<std::vector<ReassignmentEntry>> DecodeReassignment(const ZkData& data);
std::string EncodeReassignment(const std::vector<ReassignmentEntry>& entries);

// log_dir_event_N: which broker lost a log dir
Result<BrokerId> DecodeLogDirEvent(const ZkData& data);
std::string EncodeLogDirEvent(BrokerId broker);

// /consumers/G/offsets/T/P
Result<std::int64_t> DecodeConsumerOffset(const ZkData& data);
std::string EncodeConsumerOffset(std::int64_t offset);

// Texts of enums are Pascal case in ACL nodes ("Topic", "Allow") and upper case with underscores elsewhere.
struct AclEntry {
  std::string principal;  // "User:alice"
  std::string host;
  std::string operation;   // upper case: "DESCRIBE_CONFIGS"; "UNKNOWN" when not known
  std::string permission;  // "ALLOW" or "DENY"
  friend bool operator==(const AclEntry&, const AclEntry&) = default;
};
Result<std::vector<AclEntry>> DecodeAcls(const ZkData& data);  // junk and null: none
std::string EncodeAcls(const std::vector<AclEntry>& acls);
std::string PascalCase(std::string_view upper);  // "TRANSACTIONAL_ID" -> "TransactionalId"

struct AclChange {
  std::string resource_type;  // "TOPIC"; "UNKNOWN" when not known
  std::string name;
  std::string pattern_type;  // "LITERAL" or "PREFIXED"
};
Result<AclChange> DecodeLiteralAclChange(const ZkData& data);
Result<AclChange> DecodePrefixedAclChange(const ZkData& data);
std::string EncodeLiteralAclChange(const AclChange& change);
std::string EncodePrefixedAclChange(const AclChange& change);

// /delegation_token/tokens/ID. The HMAC is computed, not stored.
struct TokenInfo {
  std::string id, owner, requester;  // principals as "User:alice"
  std::vector<std::string> renewers;
  std::int64_t issue_ms = 0, max_ms = 0, expiry_ms = 0;
};
Result<TokenInfo> DecodeToken(const ZkData& data);
std::string Encode(const TokenInfo& token);

}  // namespace ottla::zk
