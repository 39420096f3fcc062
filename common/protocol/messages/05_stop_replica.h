// StopReplica (key 5), versions 0-4, flexible from 2.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct StopReplicaRequest {
  static constexpr ApiKey kKey = ApiKey::kStopReplica;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 4;
  static constexpr std::int16_t kFirstFlexible = 2;
  static const MessageRows kRows;

  struct StopReplicaPartitionV0 {
    std::string_view topic_name;
    std::int32_t partition_index = 0;
  };

  struct StopReplicaTopicV1 {
    std::string_view name;
    std::vector<std::int32_t> partition_indexes;
  };

  struct StopReplicaPartitionState {
    std::int32_t partition_index = 0;
    std::int32_t leader_epoch = -1;
    bool delete_partition = false;
  };

  struct StopReplicaTopicState {
    std::string_view topic_name;
    std::vector<StopReplicaPartitionState> partition_states;
  };

  std::int32_t controller_id = 0;
  bool is_k_raft_controller = false;
  std::int32_t controller_epoch = 0;
  std::int64_t broker_epoch = -1;
  bool delete_partitions = false;
  std::vector<StopReplicaPartitionV0> ungrouped_partitions;
  std::vector<StopReplicaTopicV1> topics;
  std::vector<StopReplicaTopicState> topic_states;
};

struct StopReplicaResponse {
  static constexpr ApiKey kKey = ApiKey::kStopReplica;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 4;
  static constexpr std::int16_t kFirstFlexible = 2;
  static const MessageRows kRows;

  struct StopReplicaPartitionError {
    std::string_view topic_name;
    std::int32_t partition_index = 0;
    ErrorCode error_code = ErrorCode::kNone;
  };

  ErrorCode error_code = ErrorCode::kNone;
  std::vector<StopReplicaPartitionError> partition_errors;
};

}  // namespace ottla
