// DescribeProducers (key 61), version 0, flexible from 0.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct DescribeProducersRequest {
  static constexpr ApiKey kKey = ApiKey::kDescribeProducers;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 0;
  static constexpr std::int16_t kFirstFlexible = 0;
  static const MessageRows kRows;

  struct TopicRequest {
    std::string_view name;
    std::vector<std::int32_t> partition_indexes;
  };

  std::vector<TopicRequest> topics;
};

struct DescribeProducersResponse {
  static constexpr ApiKey kKey = ApiKey::kDescribeProducers;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 0;
  static constexpr std::int16_t kFirstFlexible = 0;
  static const MessageRows kRows;

  struct ProducerState {
    std::int64_t producer_id = 0;
    std::int32_t producer_epoch = 0;
    std::int32_t last_sequence = -1;
    std::int64_t last_timestamp = -1;
    std::int32_t coordinator_epoch = 0;
    std::int64_t current_txn_start_offset = -1;
  };

  struct PartitionResponse {
    std::int32_t partition_index = 0;
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string_view> error_message;
    std::vector<ProducerState> active_producers;
  };

  struct TopicResponse {
    std::string_view name;
    std::vector<PartitionResponse> partitions;
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<TopicResponse> topics;
};

}  // namespace ottla
