// ShareGroupHeartbeat (key 76), version 0, flexible from 0.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct ShareGroupHeartbeatRequest {
  static constexpr ApiKey kKey = ApiKey::kShareGroupHeartbeat;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 0;
  static constexpr std::int16_t kFirstFlexible = 0;
  static const MessageRows kRows;

  std::string_view group_id;
  std::string_view member_id;
  std::int32_t member_epoch = 0;
  std::optional<std::string_view> rack_id;
  std::optional<std::vector<std::string_view>> subscribed_topic_names;
};

struct ShareGroupHeartbeatResponse {
  static constexpr ApiKey kKey = ApiKey::kShareGroupHeartbeat;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 0;
  static constexpr std::int16_t kFirstFlexible = 0;
  static const MessageRows kRows;

  struct TopicPartitions {
    Uuid topic_id;
    std::vector<std::int32_t> partitions;
  };

  struct Assignment {
    std::vector<TopicPartitions> topic_partitions;
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string_view> error_message;
  std::optional<std::string_view> member_id;
  std::int32_t member_epoch = 0;
  std::int32_t heartbeat_interval_ms = 0;
  std::optional<Assignment> assignment;
};

}  // namespace ottla
