// Heartbeat (key 12), versions 0-4, flexible from 4.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct HeartbeatRequest {
  static constexpr ApiKey kKey = ApiKey::kHeartbeat;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 4;
  static constexpr std::int16_t kFirstFlexible = 4;
  static const MessageRows kRows;

  std::string_view group_id;
  std::int32_t generation_id = 0;
  std::string_view member_id;
  std::optional<std::string_view> group_instance_id;
};

struct HeartbeatResponse {
  static constexpr ApiKey kKey = ApiKey::kHeartbeat;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 4;
  static constexpr std::int16_t kFirstFlexible = 4;
  static const MessageRows kRows;

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
};

}  // namespace ottla
