// ShareFetch (key 78), version 0, flexible from 0.
#pragma once

#include <limits>
#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct ShareFetchRequest {
  static constexpr ApiKey kKey = ApiKey::kShareFetch;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 0;
  static constexpr std::int16_t kFirstFlexible = 0;
  static const MessageRows kRows;

  struct AcknowledgementBatch {
    std::int64_t first_offset = 0;
    std::int64_t last_offset = 0;
    std::vector<std::int8_t> acknowledge_types;
  };

  struct FetchPartition {
    std::int32_t partition_index = 0;
    std::int32_t partition_max_bytes = 0;
    std::vector<AcknowledgementBatch> acknowledgement_batches;
  };

  struct FetchTopic {
    Uuid topic_id;
    std::vector<FetchPartition> partitions;
  };

  struct ForgottenTopic {
    Uuid topic_id;
    std::vector<std::int32_t> partitions;
  };

  std::optional<std::string_view> group_id;
  std::optional<std::string_view> member_id = "";
  std::int32_t share_session_epoch = 0;
  std::int32_t max_wait_ms = 0;
  std::int32_t min_bytes = 0;
  std::int32_t max_bytes = std::numeric_limits<std::int32_t>::max();
  std::vector<FetchTopic> topics;
  std::vector<ForgottenTopic> forgotten_topics_data;
};

struct ShareFetchResponse {
  static constexpr ApiKey kKey = ApiKey::kShareFetch;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 0;
  static constexpr std::int16_t kFirstFlexible = 0;
  static const MessageRows kRows;

  struct LeaderIdAndEpoch {
    std::int32_t leader_id = 0;
    std::int32_t leader_epoch = 0;
  };

  struct AcquiredRecords {
    std::int64_t first_offset = 0;
    std::int64_t last_offset = 0;
    std::int16_t delivery_count = 0;
  };

  struct PartitionData {
    std::int32_t partition_index = 0;
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string_view> error_message;
    ErrorCode acknowledge_error_code = ErrorCode::kNone;
    std::optional<std::string_view> acknowledge_error_message;
    LeaderIdAndEpoch current_leader;
    Records records;
    std::vector<AcquiredRecords> acquired_records;
  };

  struct ShareFetchableTopicResponse {
    Uuid topic_id;
    std::vector<PartitionData> partitions;
  };

  struct NodeEndpoint {
    std::int32_t node_id = 0;
    std::string_view host;
    std::int32_t port = 0;
    std::optional<std::string_view> rack;
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string_view> error_message;
  std::vector<ShareFetchableTopicResponse> responses;
  std::vector<NodeEndpoint> node_endpoints;
};

}  // namespace ottla
