// Envelope (key 58), version 0, flexible from 0.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct EnvelopeRequest {
  static constexpr ApiKey kKey = ApiKey::kEnvelope;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 0;
  static constexpr std::int16_t kFirstFlexible = 0;
  static const MessageRows kRows;

  std::string_view request_data;
  std::optional<std::string_view> request_principal = "";
  std::string_view client_host_address;
};

struct EnvelopeResponse {
  static constexpr ApiKey kKey = ApiKey::kEnvelope;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 0;
  static constexpr std::int16_t kFirstFlexible = 0;
  static const MessageRows kRows;

  std::optional<std::string_view> response_data;
  ErrorCode error_code = ErrorCode::kNone;
};

}  // namespace ottla
