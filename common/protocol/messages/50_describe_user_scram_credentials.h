// DescribeUserScramCredentials (key 50), version 0, flexible from 0.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct DescribeUserScramCredentialsRequest {
  static constexpr ApiKey kKey = ApiKey::kDescribeUserScramCredentials;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 0;
  static constexpr std::int16_t kFirstFlexible = 0;
  static const MessageRows kRows;

  struct UserName {
    std::string_view name;
  };

  std::optional<std::vector<UserName>> users = std::vector<UserName>{};
};

struct DescribeUserScramCredentialsResponse {
  static constexpr ApiKey kKey = ApiKey::kDescribeUserScramCredentials;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 0;
  static constexpr std::int16_t kFirstFlexible = 0;
  static const MessageRows kRows;

  struct CredentialInfo {
    std::int8_t mechanism = 0;
    std::int32_t iterations = 0;
  };

  struct DescribeUserScramCredentialsResult {
    std::string_view user;
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string_view> error_message = "";
    std::vector<CredentialInfo> credential_infos;
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string_view> error_message = "";
  std::vector<DescribeUserScramCredentialsResult> results;
};

}  // namespace ottla
