// IncrementalAlterConfigs (key 44), versions 0-1, flexible from 1.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct IncrementalAlterConfigsRequest {
  static constexpr ApiKey kKey = ApiKey::kIncrementalAlterConfigs;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 1;
  static constexpr std::int16_t kFirstFlexible = 1;
  static const MessageRows kRows;

  struct AlterableConfig {
    std::string_view name;
    std::int8_t config_operation = 0;
    std::optional<std::string_view> value = "";
  };

  struct AlterConfigsResource {
    std::int8_t resource_type = 0;
    std::string_view resource_name;
    std::vector<AlterableConfig> configs;
  };

  std::vector<AlterConfigsResource> resources;
  bool validate_only = false;
};

struct IncrementalAlterConfigsResponse {
  static constexpr ApiKey kKey = ApiKey::kIncrementalAlterConfigs;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 1;
  static constexpr std::int16_t kFirstFlexible = 1;
  static const MessageRows kRows;

  struct AlterConfigsResourceResponse {
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string_view> error_message = "";
    std::int8_t resource_type = 0;
    std::string_view resource_name;
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<AlterConfigsResourceResponse> responses;
};

}  // namespace ottla
