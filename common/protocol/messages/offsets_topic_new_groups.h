// Keys (types 3-11) and values that the newer group coordinator of Kafka writes to __consumer_offsets. Not written
// here; read so that a log left by such a coordinator can be told apart from a damaged one.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct ConsumerGroupCurrentMemberAssignmentKey {
  static constexpr std::int16_t kMinVersion = 8;
  static constexpr std::int16_t kMaxVersion = 8;
  static constexpr std::int16_t kFirstFlexible = kNeverFlexible;
  static const MessageRows kRows;

  std::string_view group_id;
  std::string_view member_id;
};

struct ConsumerGroupCurrentMemberAssignmentValue {
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 0;
  static constexpr std::int16_t kFirstFlexible = 0;
  static const MessageRows kRows;

  struct TopicPartitions {
    Uuid topic_id;
    std::vector<std::int32_t> partitions;
  };

  std::int32_t member_epoch = 0;
  std::int32_t previous_member_epoch = 0;
  std::int8_t state = 0;
  std::vector<TopicPartitions> assigned_partitions;
  std::vector<TopicPartitions> partitions_pending_revocation;
};

struct ConsumerGroupMemberMetadataKey {
  static constexpr std::int16_t kMinVersion = 5;
  static constexpr std::int16_t kMaxVersion = 5;
  static constexpr std::int16_t kFirstFlexible = kNeverFlexible;
  static const MessageRows kRows;

  std::string_view group_id;
  std::string_view member_id;
};

struct ConsumerGroupMemberMetadataValue {
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 0;
  static constexpr std::int16_t kFirstFlexible = 0;
  static const MessageRows kRows;

  struct ClassicProtocol {
    std::string_view name;
    std::string_view metadata;
  };

  struct ClassicMemberMetadata {
    std::int32_t session_timeout_ms = 0;
    std::vector<ClassicProtocol> supported_protocols;
  };

  std::optional<std::string_view> instance_id = "";
  std::optional<std::string_view> rack_id = "";
  std::string_view client_id;
  std::string_view client_host;
  std::vector<std::string_view> subscribed_topic_names;
  std::optional<std::string_view> subscribed_topic_regex = "";
  std::int32_t rebalance_timeout_ms = -1;
  std::optional<std::string_view> server_assignor = "";
  std::optional<ClassicMemberMetadata> classic_member_metadata = ClassicMemberMetadata{};
};

struct ConsumerGroupMetadataKey {
  static constexpr std::int16_t kMinVersion = 3;
  static constexpr std::int16_t kMaxVersion = 3;
  static constexpr std::int16_t kFirstFlexible = kNeverFlexible;
  static const MessageRows kRows;

  std::string_view group_id;
};

struct ConsumerGroupMetadataValue {
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 0;
  static constexpr std::int16_t kFirstFlexible = 0;
  static const MessageRows kRows;

  std::int32_t epoch = 0;
};

struct ConsumerGroupPartitionMetadataKey {
  static constexpr std::int16_t kMinVersion = 4;
  static constexpr std::int16_t kMaxVersion = 4;
  static constexpr std::int16_t kFirstFlexible = kNeverFlexible;
  static const MessageRows kRows;

  std::string_view group_id;
};

struct ConsumerGroupPartitionMetadataValue {
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 0;
  static constexpr std::int16_t kFirstFlexible = 0;
  static const MessageRows kRows;

  struct PartitionMetadata {
    std::int32_t partition = 0;
    std::vector<std::string_view> racks;
  };

  struct TopicMetadata {
    Uuid topic_id;
    std::string_view topic_name;
    std::int32_t num_partitions = 0;
    std::vector<PartitionMetadata> partition_metadata;
  };

  std::vector<TopicMetadata> topics;
};

struct ConsumerGroupTargetAssignmentMemberKey {
  static constexpr std::int16_t kMinVersion = 7;
  static constexpr std::int16_t kMaxVersion = 7;
  static constexpr std::int16_t kFirstFlexible = kNeverFlexible;
  static const MessageRows kRows;

  std::string_view group_id;
  std::string_view member_id;
};

struct ConsumerGroupTargetAssignmentMemberValue {
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 0;
  static constexpr std::int16_t kFirstFlexible = 0;
  static const MessageRows kRows;

  struct TopicPartition {
    Uuid topic_id;
    std::vector<std::int32_t> partitions;
  };

  std::vector<TopicPartition> topic_partitions;
};

struct ConsumerGroupTargetAssignmentMetadataKey {
  static constexpr std::int16_t kMinVersion = 6;
  static constexpr std::int16_t kMaxVersion = 6;
  static constexpr std::int16_t kFirstFlexible = kNeverFlexible;
  static const MessageRows kRows;

  std::string_view group_id;
};

struct ConsumerGroupTargetAssignmentMetadataValue {
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 0;
  static constexpr std::int16_t kFirstFlexible = 0;
  static const MessageRows kRows;

  std::int32_t assignment_epoch = 0;
};

struct ShareGroupMemberMetadataKey {
  static constexpr std::int16_t kMinVersion = 10;
  static constexpr std::int16_t kMaxVersion = 10;
  static constexpr std::int16_t kFirstFlexible = kNeverFlexible;
  static const MessageRows kRows;

  std::string_view group_id;
  std::string_view member_id;
};

struct ShareGroupMemberMetadataValue {
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 0;
  static constexpr std::int16_t kFirstFlexible = 0;
  static const MessageRows kRows;

  std::optional<std::string_view> rack_id = "";
  std::string_view client_id;
  std::string_view client_host;
  std::vector<std::string_view> subscribed_topic_names;
};

struct ShareGroupMetadataKey {
  static constexpr std::int16_t kMinVersion = 11;
  static constexpr std::int16_t kMaxVersion = 11;
  static constexpr std::int16_t kFirstFlexible = kNeverFlexible;
  static const MessageRows kRows;

  std::string_view group_id;
};

struct ShareGroupMetadataValue {
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 0;
  static constexpr std::int16_t kFirstFlexible = 0;
  static const MessageRows kRows;

  std::int32_t epoch = 0;
};

struct ShareGroupPartitionMetadataKey {
  static constexpr std::int16_t kMinVersion = 9;
  static constexpr std::int16_t kMaxVersion = 9;
  static constexpr std::int16_t kFirstFlexible = kNeverFlexible;
  static const MessageRows kRows;

  std::string_view group_id;
};

struct ShareGroupPartitionMetadataValue {
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 0;
  static constexpr std::int16_t kFirstFlexible = 0;
  static const MessageRows kRows;

  struct TopicPartitionsInfo {
    Uuid topic_id;
    std::string_view topic_name;
    std::vector<std::int32_t> partitions;
  };

  struct TopicInfo {
    Uuid topic_id;
    std::string_view topic_name;
  };

  std::vector<TopicPartitionsInfo> initialized_topics;
  std::vector<TopicInfo> deleting_topics;
};

}  // namespace ottla
