// SyncGroup (key 14), versions 0-5, flexible from 4.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct SyncGroupRequest {
  static constexpr ApiKey kKey = ApiKey::kSyncGroup;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 5;
  static constexpr std::int16_t kFirstFlexible = 4;
  static const MessageRows kRows;

  struct SyncGroupRequestAssignment {
    std::string_view member_id;
    std::string_view assignment;
  };

  std::string_view group_id;
  std::int32_t generation_id = 0;
  std::string_view member_id;
  std::optional<std::string_view> group_instance_id;
  std::optional<std::string_view> protocol_type;
  std::optional<std::string_view> protocol_name;
  std::vector<SyncGroupRequestAssignment> assignments;
};

struct SyncGroupResponse {
  static constexpr ApiKey kKey = ApiKey::kSyncGroup;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 5;
  static constexpr std::int16_t kFirstFlexible = 4;
  static const MessageRows kRows;

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string_view> protocol_type;
  std::optional<std::string_view> protocol_name;
  std::string_view assignment;
};

}  // namespace ottla
