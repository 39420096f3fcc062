// UpdateFeatures (key 57), versions 0-1, flexible from 0.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct UpdateFeaturesRequest {
  static constexpr ApiKey kKey = ApiKey::kUpdateFeatures;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 1;
  static constexpr std::int16_t kFirstFlexible = 0;
  static const MessageRows kRows;

  struct FeatureUpdateKey {
    std::string_view feature;
    std::int16_t max_version_level = 0;
    bool allow_downgrade = false;
    std::int8_t upgrade_type = 1;
  };

  std::int32_t timeout_ms = 60000;
  std::vector<FeatureUpdateKey> feature_updates;
  bool validate_only = false;
};

struct UpdateFeaturesResponse {
  static constexpr ApiKey kKey = ApiKey::kUpdateFeatures;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 1;
  static constexpr std::int16_t kFirstFlexible = 0;
  static const MessageRows kRows;

  struct UpdatableFeatureResult {
    std::string_view feature;
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string_view> error_message = "";
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string_view> error_message = "";
  std::vector<UpdatableFeatureResult> results;
};

}  // namespace ottla
