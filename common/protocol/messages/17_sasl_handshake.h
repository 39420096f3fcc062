// SaslHandshake (key 17), versions 0-1, never flexible.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct SaslHandshakeRequest {
  static constexpr ApiKey kKey = ApiKey::kSaslHandshake;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 1;
  static constexpr std::int16_t kFirstFlexible = kNeverFlexible;
  static const MessageRows kRows;

  std::string_view mechanism;
};

struct SaslHandshakeResponse {
  static constexpr ApiKey kKey = ApiKey::kSaslHandshake;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 1;
  static constexpr std::int16_t kFirstFlexible = kNeverFlexible;
  static const MessageRows kRows;

  ErrorCode error_code = ErrorCode::kNone;
  std::vector<std::string_view> mechanisms;
};

}  // namespace ottla
