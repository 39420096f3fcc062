// AlterUserScramCredentials (key 51), version 0, flexible from 0.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct AlterUserScramCredentialsRequest {
  static constexpr ApiKey kKey = ApiKey::kAlterUserScramCredentials;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 0;
  static constexpr std::int16_t kFirstFlexible = 0;
  static const MessageRows kRows;

  struct ScramCredentialDeletion {
    std::string_view name;
    std::int8_t mechanism = 0;
  };

  struct ScramCredentialUpsertion {
    std::string_view name;
    std::int8_t mechanism = 0;
    std::int32_t iterations = 0;
    std::string_view salt;
    std::string_view salted_password;
  };

  std::vector<ScramCredentialDeletion> deletions;
  std::vector<ScramCredentialUpsertion> upsertions;
};

struct AlterUserScramCredentialsResponse {
  static constexpr ApiKey kKey = ApiKey::kAlterUserScramCredentials;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 0;
  static constexpr std::int16_t kFirstFlexible = 0;
  static const MessageRows kRows;

  struct AlterUserScramCredentialsResult {
    std::string_view user;
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string_view> error_message = "";
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<AlterUserScramCredentialsResult> results;
};

}  // namespace ottla
