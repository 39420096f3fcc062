// ApiVersions (key 18), versions 0-4, flexible from 3.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct ApiVersionsRequest {
  static constexpr ApiKey kKey = ApiKey::kApiVersions;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 4;
  static constexpr std::int16_t kFirstFlexible = 3;
  static const MessageRows kRows;

  std::string_view client_software_name;
  std::string_view client_software_version;
};

struct ApiVersionsResponse {
  static constexpr ApiKey kKey = ApiKey::kApiVersions;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 4;
  static constexpr std::int16_t kFirstFlexible = 3;
  static const MessageRows kRows;

  struct ApiVersion {
    std::int16_t api_key = 0;
    std::int16_t min_version = 0;
    std::int16_t max_version = 0;
  };

  struct SupportedFeatureKey {
    std::string_view name;
    std::int16_t min_version = 0;
    std::int16_t max_version = 0;
  };

  struct FinalizedFeatureKey {
    std::string_view name;
    std::int16_t max_version_level = 0;
    std::int16_t min_version_level = 0;
  };

  ErrorCode error_code = ErrorCode::kNone;
  std::vector<ApiVersion> api_keys;
  std::int32_t throttle_time_ms = 0;
  std::vector<SupportedFeatureKey> supported_features;
  std::int64_t finalized_features_epoch = -1;
  std::vector<FinalizedFeatureKey> finalized_features;
  bool zk_migration_ready = false;
};

}  // namespace ottla
