// CreateDelegationToken (key 38), versions 0-3, flexible from 2.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct CreateDelegationTokenRequest {
  static constexpr ApiKey kKey = ApiKey::kCreateDelegationToken;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 3;
  static constexpr std::int16_t kFirstFlexible = 2;
  static const MessageRows kRows;

  struct CreatableRenewers {
    std::string_view principal_type;
    std::string_view principal_name;
  };

  std::optional<std::string_view> owner_principal_type = "";
  std::optional<std::string_view> owner_principal_name = "";
  std::vector<CreatableRenewers> renewers;
  std::int64_t max_lifetime_ms = 0;
};

struct CreateDelegationTokenResponse {
  static constexpr ApiKey kKey = ApiKey::kCreateDelegationToken;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 3;
  static constexpr std::int16_t kFirstFlexible = 2;
  static const MessageRows kRows;

  ErrorCode error_code = ErrorCode::kNone;
  std::string_view principal_type;
  std::string_view principal_name;
  std::string_view token_requester_principal_type;
  std::string_view token_requester_principal_name;
  std::int64_t issue_timestamp_ms = 0;
  std::int64_t expiry_timestamp_ms = 0;
  std::int64_t max_timestamp_ms = 0;
  std::string_view token_id;
  std::string_view hmac;
  std::int32_t throttle_time_ms = 0;
};

}  // namespace ottla
