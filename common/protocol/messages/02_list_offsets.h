// ListOffsets (key 2), versions 0-9, flexible from 6.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct ListOffsetsRequest {
  static constexpr ApiKey kKey = ApiKey::kListOffsets;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 9;
  static constexpr std::int16_t kFirstFlexible = 6;
  static const MessageRows kRows;

  struct ListOffsetsPartition {
    std::int32_t partition_index = 0;
    std::int32_t current_leader_epoch = -1;
    std::int64_t timestamp = 0;
    std::int32_t max_num_offsets = 1;
  };

  struct ListOffsetsTopic {
    std::string_view name;
    std::vector<ListOffsetsPartition> partitions;
  };

  std::int32_t replica_id = 0;
  std::int8_t isolation_level = 0;
  std::vector<ListOffsetsTopic> topics;
};

struct ListOffsetsResponse {
  static constexpr ApiKey kKey = ApiKey::kListOffsets;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 9;
  static constexpr std::int16_t kFirstFlexible = 6;
  static const MessageRows kRows;

  struct ListOffsetsPartitionResponse {
    std::int32_t partition_index = 0;
    ErrorCode error_code = ErrorCode::kNone;
    std::vector<std::int64_t> old_style_offsets;
    std::int64_t timestamp = -1;
    std::int64_t offset = -1;
    std::int32_t leader_epoch = -1;
  };

  struct ListOffsetsTopicResponse {
    std::string_view name;
    std::vector<ListOffsetsPartitionResponse> partitions;
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<ListOffsetsTopicResponse> topics;
};

}  // namespace ottla
