// ElectLeaders (key 43), versions 0-2, flexible from 2.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct ElectLeadersRequest {
  static constexpr ApiKey kKey = ApiKey::kElectLeaders;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 2;
  static constexpr std::int16_t kFirstFlexible = 2;
  static const MessageRows kRows;

  struct TopicPartitions {
    std::string_view topic;
    std::vector<std::int32_t> partitions;
  };

  std::int8_t election_type = 0;
  std::optional<std::vector<TopicPartitions>> topic_partitions = std::vector<TopicPartitions>{};
  std::int32_t timeout_ms = 60000;
};

struct ElectLeadersResponse {
  static constexpr ApiKey kKey = ApiKey::kElectLeaders;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 2;
  static constexpr std::int16_t kFirstFlexible = 2;
  static const MessageRows kRows;

  struct PartitionResult {
    std::int32_t partition_id = 0;
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string_view> error_message = "";
  };

  struct ReplicaElectionResult {
    std::string_view topic;
    std::vector<PartitionResult> partition_result;
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::vector<ReplicaElectionResult> replica_election_results;
};

}  // namespace ottla
