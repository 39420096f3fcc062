// SaslAuthenticate (key 36), versions 0-2, flexible from 2.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct SaslAuthenticateRequest {
  static constexpr ApiKey kKey = ApiKey::kSaslAuthenticate;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 2;
  static constexpr std::int16_t kFirstFlexible = 2;
  static const MessageRows kRows;

  std::string_view auth_bytes;
};

struct SaslAuthenticateResponse {
  static constexpr ApiKey kKey = ApiKey::kSaslAuthenticate;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 2;
  static constexpr std::int16_t kFirstFlexible = 2;
  static const MessageRows kRows;

  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string_view> error_message = "";
  std::string_view auth_bytes;
  std::int64_t session_lifetime_ms = 0;
};

}  // namespace ottla
