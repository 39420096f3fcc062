// ShareAcknowledge (key 79), version 0, flexible from 0.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct ShareAcknowledgeRequest {
  static constexpr ApiKey kKey = ApiKey::kShareAcknowledge;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 0;
  static constexpr std::int16_t kFirstFlexible = 0;
  static const MessageRows kRows;

  struct AcknowledgementBatch {
    std::int64_t first_offset = 0;
    std::int64_t last_offset = 0;
    std::vector<std::int8_t> acknowledge_types;
  };

  struct AcknowledgePartition {
    std::int32_t partition_index = 0;
    std::vector<AcknowledgementBatch> acknowledgement_batches;
  };

  struct AcknowledgeTopic {
    Uuid topic_id;
    std::vector<AcknowledgePartition> partitions;
  };

  std::optional<std::string_view> group_id;
  std::optional<std::string_view> member_id = "";
  std::int32_t share_session_epoch = 0;
  std::vector<AcknowledgeTopic> topics;
};

struct ShareAcknowledgeResponse {
  static constexpr ApiKey kKey = ApiKey::kShareAcknowledge;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 0;
  static constexpr std::int16_t kFirstFlexible = 0;
  static const MessageRows kRows;

  struct LeaderIdAndEpoch {
    std::int32_t leader_id = 0;
    std::int32_t leader_epoch = 0;
  };

  struct PartitionData {
    std::int32_t partition_index = 0;
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string_view> error_message;
    LeaderIdAndEpoch current_leader;
  };

  struct ShareAcknowledgeTopicResponse {
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
  std::vector<ShareAcknowledgeTopicResponse> responses;
  std::vector<NodeEndpoint> node_endpoints;
};

}  // namespace ottla
