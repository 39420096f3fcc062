// DescribeCluster (key 60), versions 0-1, flexible from 0.
#pragma once

#include <limits>
#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct DescribeClusterRequest {
  static constexpr ApiKey kKey = ApiKey::kDescribeCluster;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 1;
  static constexpr std::int16_t kFirstFlexible = 0;
  static const MessageRows kRows;

  bool include_cluster_authorized_operations = false;
  std::int8_t endpoint_type = 1;
};

struct DescribeClusterResponse {
  static constexpr ApiKey kKey = ApiKey::kDescribeCluster;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 1;
  static constexpr std::int16_t kFirstFlexible = 0;
  static const MessageRows kRows;

  struct DescribeClusterBroker {
    std::int32_t broker_id = 0;
    std::string_view host;
    std::int32_t port = 0;
    std::optional<std::string_view> rack;
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string_view> error_message;
  std::int8_t endpoint_type = 1;
  std::string_view cluster_id;
  std::int32_t controller_id = -1;
  std::vector<DescribeClusterBroker> brokers;
  std::int32_t cluster_authorized_operations = std::numeric_limits<std::int32_t>::min();
};

}  // namespace ottla
