// FindCoordinator (key 10), versions 0-6, flexible from 3.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct FindCoordinatorRequest {
  static constexpr ApiKey kKey = ApiKey::kFindCoordinator;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 6;
  static constexpr std::int16_t kFirstFlexible = 3;
  static const MessageRows kRows;

  std::string_view key;
  std::int8_t key_type = 0;
  std::vector<std::string_view> coordinator_keys;
};

struct FindCoordinatorResponse {
  static constexpr ApiKey kKey = ApiKey::kFindCoordinator;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 6;
  static constexpr std::int16_t kFirstFlexible = 3;
  static const MessageRows kRows;

  struct Coordinator {
    std::string_view key;
    std::int32_t node_id = 0;
    std::string_view host;
    std::int32_t port = 0;
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string_view> error_message = "";
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string_view> error_message = "";
  std::int32_t node_id = 0;
  std::string_view host;
  std::int32_t port = 0;
  std::vector<Coordinator> coordinators;
};

}  // namespace ottla
