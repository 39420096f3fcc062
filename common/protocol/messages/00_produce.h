// Produce (key 0), versions 0-11, flexible from 9.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct ProduceRequest {
  static constexpr ApiKey kKey = ApiKey::kProduce;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 11;
  static constexpr std::int16_t kFirstFlexible = 9;
  static const MessageRows kRows;

  struct PartitionProduceData {
    std::int32_t index = 0;
    Records records;
  };

  struct TopicProduceData {
    std::string_view name;
    std::vector<PartitionProduceData> partition_data;
  };

  std::optional<std::string_view> transactional_id;
  std::int16_t acks = 0;
  std::int32_t timeout_ms = 0;
  std::vector<TopicProduceData> topic_data;
};

struct ProduceResponse {
  static constexpr ApiKey kKey = ApiKey::kProduce;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 11;
  static constexpr std::int16_t kFirstFlexible = 9;
  static const MessageRows kRows;

  struct BatchIndexAndErrorMessage {
    std::int32_t batch_index = 0;
    std::optional<std::string_view> batch_index_error_message;
  };

  struct LeaderIdAndEpoch {
    std::int32_t leader_id = -1;
    std::int32_t leader_epoch = -1;
  };

  struct PartitionProduceResponse {
    std::int32_t index = 0;
    ErrorCode error_code = ErrorCode::kNone;
    std::int64_t base_offset = 0;
    std::int64_t log_append_time_ms = -1;
    std::int64_t log_start_offset = -1;
    std::vector<BatchIndexAndErrorMessage> record_errors;
    std::optional<std::string_view> error_message;
    LeaderIdAndEpoch current_leader;
  };

  struct TopicProduceResponse {
    std::string_view name;
    std::vector<PartitionProduceResponse> partition_responses;
  };

  struct NodeEndpoint {
    std::int32_t node_id = 0;
    std::string_view host;
    std::int32_t port = 0;
    std::optional<std::string_view> rack;
  };

  std::vector<TopicProduceResponse> responses;
  std::int32_t throttle_time_ms = 0;
  std::vector<NodeEndpoint> node_endpoints;
};

}  // namespace ottla
