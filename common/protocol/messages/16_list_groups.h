// ListGroups (key 16), versions 0-5, flexible from 3.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct ListGroupsRequest {
  static constexpr ApiKey kKey = ApiKey::kListGroups;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 5;
  static constexpr std::int16_t kFirstFlexible = 3;
  static const MessageRows kRows;

  std::vector<std::string_view> states_filter;
  std::vector<std::string_view> types_filter;
};

struct ListGroupsResponse {
  static constexpr ApiKey kKey = ApiKey::kListGroups;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 5;
  static constexpr std::int16_t kFirstFlexible = 3;
  static const MessageRows kRows;

  struct ListedGroup {
    std::string_view group_id;
    std::string_view protocol_type;
    std::string_view group_state;
    std::string_view group_type;
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::vector<ListedGroup> groups;
};

}  // namespace ottla
