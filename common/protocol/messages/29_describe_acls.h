// DescribeAcls (key 29), versions 0-3, flexible from 2.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct DescribeAclsRequest {
  static constexpr ApiKey kKey = ApiKey::kDescribeAcls;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 3;
  static constexpr std::int16_t kFirstFlexible = 2;
  static const MessageRows kRows;

  std::int8_t resource_type_filter = 0;
  std::optional<std::string_view> resource_name_filter = "";
  std::int8_t pattern_type_filter = 3;
  std::optional<std::string_view> principal_filter = "";
  std::optional<std::string_view> host_filter = "";
  std::int8_t operation = 0;
  std::int8_t permission_type = 0;
};

struct DescribeAclsResponse {
  static constexpr ApiKey kKey = ApiKey::kDescribeAcls;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 3;
  static constexpr std::int16_t kFirstFlexible = 2;
  static const MessageRows kRows;

  struct AclDescription {
    std::string_view principal;
    std::string_view host;
    std::int8_t operation = 0;
    std::int8_t permission_type = 0;
  };

  struct DescribeAclsResource {
    std::int8_t resource_type = 0;
    std::string_view resource_name;
    std::int8_t pattern_type = 3;
    std::vector<AclDescription> acls;
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string_view> error_message = "";
  std::vector<DescribeAclsResource> resources;
};

}  // namespace ottla
