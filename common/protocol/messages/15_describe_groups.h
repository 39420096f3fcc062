// DescribeGroups (key 15), versions 0-5, flexible from 5.
#pragma once

#include <limits>
#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct DescribeGroupsRequest {
  static constexpr ApiKey kKey = ApiKey::kDescribeGroups;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 5;
  static constexpr std::int16_t kFirstFlexible = 5;
  static const MessageRows kRows;

  std::vector<std::string_view> groups;
  bool include_authorized_operations = false;
};

struct DescribeGroupsResponse {
  static constexpr ApiKey kKey = ApiKey::kDescribeGroups;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 5;
  static constexpr std::int16_t kFirstFlexible = 5;
  static const MessageRows kRows;

  struct DescribedGroupMember {
    std::string_view member_id;
    std::optional<std::string_view> group_instance_id;
    std::string_view client_id;
    std::string_view client_host;
    std::string_view member_metadata;
    std::string_view member_assignment;
  };

  struct DescribedGroup {
    ErrorCode error_code = ErrorCode::kNone;
    std::string_view group_id;
    std::string_view group_state;
    std::string_view protocol_type;
    std::string_view protocol_data;
    std::vector<DescribedGroupMember> members;
    std::int32_t authorized_operations = std::numeric_limits<std::int32_t>::min();
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<DescribedGroup> groups;
};

}  // namespace ottla
