// DescribeConfigs (key 32), versions 0-4, flexible from 4.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct DescribeConfigsRequest {
  static constexpr ApiKey kKey = ApiKey::kDescribeConfigs;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 4;
  static constexpr std::int16_t kFirstFlexible = 4;
  static const MessageRows kRows;

  struct DescribeConfigsResource {
    std::int8_t resource_type = 0;
    std::string_view resource_name;
    std::optional<std::vector<std::string_view>> configuration_keys = std::vector<std::string_view>{};
  };

  std::vector<DescribeConfigsResource> resources;
  bool include_synonyms = false;
  bool include_documentation = false;
};

struct DescribeConfigsResponse {
  static constexpr ApiKey kKey = ApiKey::kDescribeConfigs;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 4;
  static constexpr std::int16_t kFirstFlexible = 4;
  static const MessageRows kRows;

  struct DescribeConfigsSynonym {
    std::string_view name;
    std::optional<std::string_view> value = "";
    std::int8_t source = 0;
  };

  struct DescribeConfigsResourceResult {
    std::string_view name;
    std::optional<std::string_view> value = "";
    bool read_only = false;
    bool is_default = false;
    std::int8_t config_source = -1;
    bool is_sensitive = false;
    std::vector<DescribeConfigsSynonym> synonyms;
    std::int8_t config_type = 0;
    std::optional<std::string_view> documentation = "";
  };

  struct DescribeConfigsResult {
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string_view> error_message = "";
    std::int8_t resource_type = 0;
    std::string_view resource_name;
    std::vector<DescribeConfigsResourceResult> configs;
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<DescribeConfigsResult> results;
};

}  // namespace ottla
