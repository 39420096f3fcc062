// AlterPartition (key 56), versions 0-3, flexible from 0.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct AlterPartitionRequest {
  static constexpr ApiKey kKey = ApiKey::kAlterPartition;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 3;
  static constexpr std::int16_t kFirstFlexible = 0;
  static const MessageRows kRows;

  struct BrokerState {
    std::int32_t broker_id = 0;
    std::int64_t broker_epoch = -1;
  };

  struct PartitionData {
    std::int32_t partition_index = 0;
    std::int32_t leader_epoch = 0;
    std::vector<std::int32_t> new_isr;
    std::vector<BrokerState> new_isr_with_epochs;
    std::int8_t leader_recovery_state = 0;
    std::int32_t partition_epoch = 0;
  };

  struct TopicData {
    std::string_view topic_name;
    Uuid topic_id;
    std::vector<PartitionData> partitions;
  };

  std::int32_t broker_id = 0;
  std::int64_t broker_epoch = -1;
  std::vector<TopicData> topics;
};

struct AlterPartitionResponse {
  static constexpr ApiKey kKey = ApiKey::kAlterPartition;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 3;
  static constexpr std::int16_t kFirstFlexible = 0;
  static const MessageRows kRows;

  struct PartitionData {
    std::int32_t partition_index = 0;
    ErrorCode error_code = ErrorCode::kNone;
    std::int32_t leader_id = 0;
    std::int32_t leader_epoch = 0;
    std::vector<std::int32_t> isr;
    std::int8_t leader_recovery_state = 0;
    std::int32_t partition_epoch = 0;
  };

  struct TopicData {
    std::string_view topic_name;
    Uuid topic_id;
    std::vector<PartitionData> partitions;
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::vector<TopicData> topics;
};

}  // namespace ottla
