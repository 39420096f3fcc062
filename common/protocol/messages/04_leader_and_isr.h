// LeaderAndIsr (key 4), versions 0-7, flexible from 4.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct LeaderAndIsrRequest {
  static constexpr ApiKey kKey = ApiKey::kLeaderAndIsr;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 7;
  static constexpr std::int16_t kFirstFlexible = 4;
  static const MessageRows kRows;

  struct LeaderAndIsrPartitionState {
    std::string_view topic_name;
    std::int32_t partition_index = 0;
    std::int32_t controller_epoch = 0;
    std::int32_t leader = 0;
    std::int32_t leader_epoch = 0;
    std::vector<std::int32_t> isr;
    std::int32_t partition_epoch = 0;
    std::vector<std::int32_t> replicas;
    std::vector<std::int32_t> adding_replicas;
    std::vector<std::int32_t> removing_replicas;
    bool is_new = false;
    std::int8_t leader_recovery_state = 0;
  };

  struct LeaderAndIsrTopicState {
    std::string_view topic_name;
    Uuid topic_id;
    std::vector<LeaderAndIsrPartitionState> partition_states;
  };

  struct LeaderAndIsrLiveLeader {
    std::int32_t broker_id = 0;
    std::string_view host_name;
    std::int32_t port = 0;
  };

  std::int32_t controller_id = 0;
  bool is_k_raft_controller = false;
  std::int32_t controller_epoch = 0;
  std::int64_t broker_epoch = -1;
  std::int8_t type = 0;
  std::vector<LeaderAndIsrPartitionState> ungrouped_partition_states;
  std::vector<LeaderAndIsrTopicState> topic_states;
  std::vector<LeaderAndIsrLiveLeader> live_leaders;
};

struct LeaderAndIsrResponse {
  static constexpr ApiKey kKey = ApiKey::kLeaderAndIsr;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 7;
  static constexpr std::int16_t kFirstFlexible = 4;
  static const MessageRows kRows;

  struct LeaderAndIsrPartitionError {
    std::string_view topic_name;
    std::int32_t partition_index = 0;
    ErrorCode error_code = ErrorCode::kNone;
  };

  struct LeaderAndIsrTopicError {
    Uuid topic_id;
    std::vector<LeaderAndIsrPartitionError> partition_errors;
  };

  ErrorCode error_code = ErrorCode::kNone;
  std::vector<LeaderAndIsrPartitionError> partition_errors;
  std::vector<LeaderAndIsrTopicError> topics;
};

}  // namespace ottla
