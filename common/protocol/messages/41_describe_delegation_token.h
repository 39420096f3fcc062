// DescribeDelegationToken (key 41), versions 0-3, flexible from 2.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct DescribeDelegationTokenRequest {
  static constexpr ApiKey kKey = ApiKey::kDescribeDelegationToken;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 3;
  static constexpr std::int16_t kFirstFlexible = 2;
  static const MessageRows kRows;

  struct DescribeDelegationTokenOwner {
    std::string_view principal_type;
    std::string_view principal_name;
  };

  std::optional<std::vector<DescribeDelegationTokenOwner>> owners = std::vector<DescribeDelegationTokenOwner>{};
};

struct DescribeDelegationTokenResponse {
  static constexpr ApiKey kKey = ApiKey::kDescribeDelegationToken;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 3;
  static constexpr std::int16_t kFirstFlexible = 2;
  static const MessageRows kRows;

  struct DescribedDelegationTokenRenewer {
    std::string_view principal_type;
    std::string_view principal_name;
  };

  struct DescribedDelegationToken {
    std::string_view principal_type;
    std::string_view principal_name;
    std::string_view token_requester_principal_type;
    std::string_view token_requester_principal_name;
    std::int64_t issue_timestamp = 0;
    std::int64_t expiry_timestamp = 0;
    std::int64_t max_timestamp = 0;
    std::string_view token_id;
    std::string_view hmac;
    std::vector<DescribedDelegationTokenRenewer> renewers;
  };

  ErrorCode error_code = ErrorCode::kNone;
  std::vector<DescribedDelegationToken> tokens;
  std::int32_t throttle_time_ms = 0;
};

}  // namespace ottla
