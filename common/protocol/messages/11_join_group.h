// JoinGroup (key 11), versions 0-9, flexible from 6.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct JoinGroupRequest {
  static constexpr ApiKey kKey = ApiKey::kJoinGroup;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 9;
  static constexpr std::int16_t kFirstFlexible = 6;
  static const MessageRows kRows;

  struct JoinGroupRequestProtocol {
    std::string_view name;
    std::string_view metadata;
  };

  std::string_view group_id;
  std::int32_t session_timeout_ms = 0;
  std::int32_t rebalance_timeout_ms = -1;
  std::string_view member_id;
  std::optional<std::string_view> group_instance_id;
  std::string_view protocol_type;
  std::vector<JoinGroupRequestProtocol> protocols;
  std::optional<std::string_view> reason;
};

struct JoinGroupResponse {
  static constexpr ApiKey kKey = ApiKey::kJoinGroup;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 9;
  static constexpr std::int16_t kFirstFlexible = 6;
  static const MessageRows kRows;

  struct JoinGroupResponseMember {
    std::string_view member_id;
    std::optional<std::string_view> group_instance_id;
    std::string_view metadata;
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::int32_t generation_id = -1;
  std::optional<std::string_view> protocol_type;
  std::optional<std::string_view> protocol_name = "";
  std::string_view leader;
  bool skip_assignment = false;
  std::string_view member_id;
  std::vector<JoinGroupResponseMember> members;
};

}  // namespace ottla
