// Every znode path that Kafka's ZooKeeper layout knows, in one place. Relative to the chroot, without trailing slash.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/ids.h"

namespace ottla::zk {

inline constexpr char kBrokerIds[] = "/brokers/ids";
inline constexpr char kBrokerTopics[] = "/brokers/topics";
inline constexpr char kBrokerSeqId[] = "/brokers/seqid";
inline constexpr char kClusterId[] = "/cluster/id";
inline constexpr char kController[] = "/controller";
inline constexpr char kControllerEpoch[] = "/controller_epoch";
inline constexpr char kFeature[] = "/feature";
inline constexpr char kDeleteTopics[] = "/admin/delete_topics";
inline constexpr char kReassignPartitions[] = "/admin/reassign_partitions";
inline constexpr char kPreferredElection[] = "/admin/preferred_replica_election";
inline constexpr char kIsrChanges[] = "/isr_change_notification";
inline constexpr char kLogDirEvents[] = "/log_dir_event_notification";
inline constexpr char kProducerIdBlock[] = "/latest_producer_id_block";
inline constexpr char kConfig[] = "/config";
inline constexpr char kConfigTopics[] = "/config/topics";
inline constexpr char kConfigBrokers[] = "/config/brokers";
inline constexpr char kConfigUsers[] = "/config/users";
inline constexpr char kConfigClients[] = "/config/clients";
inline constexpr char kConfigIps[] = "/config/ips";
inline constexpr char kConfigChanges[] = "/config/changes";
inline constexpr char kDefaultEntity[] = "<default>";  // the literal node name of a default config entity
inline constexpr char kAcls[] = "/kafka-acl";
inline constexpr char kPrefixedAcls[] = "/kafka-acl-extended/prefixed";
inline constexpr char kAclChanges[] = "/kafka-acl-changes";
inline constexpr char kPrefixedAclChanges[] = "/kafka-acl-extended-changes";
inline constexpr char kTokens[] = "/delegation_token/tokens";
inline constexpr char kTokenChanges[] = "/delegation_token/token_changes";

// Sequential children: ZooKeeper appends ten digits.
inline constexpr char kIsrChangePrefix[] = "isr_change_";
inline constexpr char kLogDirEventPrefix[] = "log_dir_event_";
inline constexpr char kConfigChangePrefix[] = "config_change_";
inline constexpr char kAclChangePrefix[] = "acl_changes_";
inline constexpr char kTokenChangePrefix[] = "token_change_";

// Created by every broker at start, in this order, with null data; parents come along.
const std::vector<std::string>& PersistentPaths();

std::string Broker(BrokerId id);
std::string Topic(std::string_view topic);
std::string Partitions(std::string_view topic);
std::string Partition(std::string_view topic, std::int32_t partition);
std::string State(std::string_view topic, std::int32_t partition);
std::string DeleteTopic(std::string_view topic);
std::string TopicConfig(std::string_view topic);
std::string BrokerConfig(std::string_view id_or_default);
// "topics/t", "users/u/clients/c": what a config change notification names.
std::string ConfigEntity(std::string_view entity_path);
std::string ConsumerOffset(std::string_view group, std::string_view topic, std::int32_t partition);
std::string Token(std::string_view token_id);
// `type` in Pascal case, as in "Topic".
std::string LiteralAcl(std::string_view type, std::string_view name);
std::string PrefixedAcl(std::string_view type, std::string_view name);

std::string Child(std::string_view parent, std::string_view name);
std::string_view BaseName(std::string_view path);
std::string_view Parent(std::string_view path);  // "/a/b" -> "/a"; "/a" -> "/"

// The number of a sequential child; nullopt when `name` is not `prefix` and digits.
std::optional<std::int64_t> SequenceNumber(std::string_view name, std::string_view prefix);
// A decimal number without sign or blanks that fits; nullopt for anything else. For broker ids and partitions in paths.
std::optional<std::int32_t> ParseId(std::string_view text);

// User and client names in paths are percent-encoded as Java's form encoding does, with '*' and blanks encoded too.
std::string Sanitize(std::string_view name);
std::optional<std::string> Desanitize(std::string_view name);

}  // namespace ottla::zk
