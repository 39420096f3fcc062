// DeleteGroups (key 42), versions 0-2, flexible from 2.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct DeleteGroupsRequest {
  static constexpr ApiKey kKey = ApiKey::kDeleteGroups;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 2;
  static constexpr std::int16_t kFirstFlexible = 2;
  static const MessageRows kRows;

  std::vector<std::string_view> groups_names;
};

struct DeleteGroupsResponse {
  static constexpr ApiKey kKey = ApiKey::kDeleteGroups;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 2;
  static constexpr std::int16_t kFirstFlexible = 2;
  static const MessageRows kRows;

  struct DeletableGroupResult {
    std::string_view group_id;
    ErrorCode error_code = ErrorCode::kNone;
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<DeletableGroupResult> results;
};

}  // namespace ottla
