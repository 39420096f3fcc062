// ListClientMetricsResources (key 74), version 0, flexible from 0.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct ListClientMetricsResourcesRequest {
  static constexpr ApiKey kKey = ApiKey::kListClientMetricsResources;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 0;
  static constexpr std::int16_t kFirstFlexible = 0;
  static const MessageRows kRows;
};

struct ListClientMetricsResourcesResponse {
  static constexpr ApiKey kKey = ApiKey::kListClientMetricsResources;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 0;
  static constexpr std::int16_t kFirstFlexible = 0;
  static const MessageRows kRows;

  struct ClientMetricsResource {
    std::string_view name;
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::vector<ClientMetricsResource> client_metrics_resources;
};

}  // namespace ottla
