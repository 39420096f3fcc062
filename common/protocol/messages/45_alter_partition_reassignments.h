// AlterPartitionReassignments (key 45), version 0, flexible from 0.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct AlterPartitionReassignmentsRequest {
  static constexpr ApiKey kKey = ApiKey::kAlterPartitionReassignments;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 0;
  static constexpr std::int16_t kFirstFlexible = 0;
  static const MessageRows kRows;

  struct ReassignablePartition {
    std::int32_t partition_index = 0;
    std::optional<std::vector<std::int32_t>> replicas;
  };

  struct ReassignableTopic {
    std::string_view name;
    std::vector<ReassignablePartition> partitions;
  };

  std::int32_t timeout_ms = 60000;
  std::vector<ReassignableTopic> topics;
};

struct AlterPartitionReassignmentsResponse {
  static constexpr ApiKey kKey = ApiKey::kAlterPartitionReassignments;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 0;
  static constexpr std::int16_t kFirstFlexible = 0;
  static const MessageRows kRows;

  struct ReassignablePartitionResponse {
    std::int32_t partition_index = 0;
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string_view> error_message = "";
  };

  struct ReassignableTopicResponse {
    std::string_view name;
    std::vector<ReassignablePartitionResponse> partitions;
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string_view> error_message = "";
  std::vector<ReassignableTopicResponse> responses;
};

}  // namespace ottla
