// LeaveGroup (key 13), versions 0-5, flexible from 4.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct LeaveGroupRequest {
  static constexpr ApiKey kKey = ApiKey::kLeaveGroup;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 5;
  static constexpr std::int16_t kFirstFlexible = 4;
  static const MessageRows kRows;

  struct MemberIdentity {
    std::string_view member_id;
    std::optional<std::string_view> group_instance_id;
    std::optional<std::string_view> reason;
  };

  std::string_view group_id;
  std::string_view member_id;
  std::vector<MemberIdentity> members;
};

struct LeaveGroupResponse {
  static constexpr ApiKey kKey = ApiKey::kLeaveGroup;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 5;
  static constexpr std::int16_t kFirstFlexible = 4;
  static const MessageRows kRows;

  struct MemberResponse {
    std::string_view member_id;
    std::optional<std::string_view> group_instance_id = "";
    ErrorCode error_code = ErrorCode::kNone;
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::vector<MemberResponse> members;
};

}  // namespace ottla
