// ListPartitionReassignments (key 46), version 0, flexible from 0.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct ListPartitionReassignmentsRequest {
  static constexpr ApiKey kKey = ApiKey::kListPartitionReassignments;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 0;
  static constexpr std::int16_t kFirstFlexible = 0;
  static const MessageRows kRows;

  struct ListPartitionReassignmentsTopics {
    std::string_view name;
    std::vector<std::int32_t> partition_indexes;
  };

  std::int32_t timeout_ms = 60000;
  std::optional<std::vector<ListPartitionReassignmentsTopics>> topics;
};

struct ListPartitionReassignmentsResponse {
  static constexpr ApiKey kKey = ApiKey::kListPartitionReassignments;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 0;
  static constexpr std::int16_t kFirstFlexible = 0;
  static const MessageRows kRows;

  struct OngoingPartitionReassignment {
    std::int32_t partition_index = 0;
    std::vector<std::int32_t> replicas;
    std::vector<std::int32_t> adding_replicas;
    std::vector<std::int32_t> removing_replicas;
  };

  struct OngoingTopicReassignment {
    std::string_view name;
    std::vector<OngoingPartitionReassignment> partitions;
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string_view> error_message = "";
  std::vector<OngoingTopicReassignment> topics;
};

}  // namespace ottla
