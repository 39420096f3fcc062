// OffsetForLeaderEpoch (key 23), versions 0-4, flexible from 4.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct OffsetForLeaderEpochRequest {
  static constexpr ApiKey kKey = ApiKey::kOffsetForLeaderEpoch;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 4;
  static constexpr std::int16_t kFirstFlexible = 4;
  static const MessageRows kRows;

  struct OffsetForLeaderPartition {
    std::int32_t partition = 0;
    std::int32_t current_leader_epoch = -1;
    std::int32_t leader_epoch = 0;
  };

  struct OffsetForLeaderTopic {
    std::string_view topic;
    std::vector<OffsetForLeaderPartition> partitions;
  };

  std::int32_t replica_id = -2;
  std::vector<OffsetForLeaderTopic> topics;
};

struct OffsetForLeaderEpochResponse {
  static constexpr ApiKey kKey = ApiKey::kOffsetForLeaderEpoch;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 4;
  static constexpr std::int16_t kFirstFlexible = 4;
  static const MessageRows kRows;

  struct EpochEndOffset {
    ErrorCode error_code = ErrorCode::kNone;
    std::int32_t partition = 0;
    std::int32_t leader_epoch = -1;
    std::int64_t end_offset = -1;
  };

  struct OffsetForLeaderTopicResult {
    std::string_view topic;
    std::vector<EpochEndOffset> partitions;
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<OffsetForLeaderTopicResult> topics;
};

}  // namespace ottla
