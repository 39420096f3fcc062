// CreateAcls (key 30), versions 0-3, flexible from 2.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct CreateAclsRequest {
  static constexpr ApiKey kKey = ApiKey::kCreateAcls;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 3;
  static constexpr std::int16_t kFirstFlexible = 2;
  static const MessageRows kRows;

  struct AclCreation {
    std::int8_t resource_type = 0;
    std::string_view resource_name;
    std::int8_t resource_pattern_type = 3;
    std::string_view principal;
    std::string_view host;
    std::int8_t operation = 0;
    std::int8_t permission_type = 0;
  };

  std::vector<AclCreation> creations;
};

struct CreateAclsResponse {
  static constexpr ApiKey kKey = ApiKey::kCreateAcls;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 3;
  static constexpr std::int16_t kFirstFlexible = 2;
  static const MessageRows kRows;

  struct AclCreationResult {
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string_view> error_message = "";
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<AclCreationResult> results;
};

}  // namespace ottla
