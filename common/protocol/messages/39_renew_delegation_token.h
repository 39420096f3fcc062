// RenewDelegationToken (key 39), versions 0-2, flexible from 2.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct RenewDelegationTokenRequest {
  static constexpr ApiKey kKey = ApiKey::kRenewDelegationToken;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 2;
  static constexpr std::int16_t kFirstFlexible = 2;
  static const MessageRows kRows;

  std::string_view hmac;
  std::int64_t renew_period_ms = 0;
};

struct RenewDelegationTokenResponse {
  static constexpr ApiKey kKey = ApiKey::kRenewDelegationToken;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 2;
  static constexpr std::int16_t kFirstFlexible = 2;
  static const MessageRows kRows;

  ErrorCode error_code = ErrorCode::kNone;
  std::int64_t expiry_timestamp_ms = 0;
  std::int32_t throttle_time_ms = 0;
};

}  // namespace ottla
