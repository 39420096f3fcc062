// InitProducerId (key 22), versions 0-5, flexible from 2.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct InitProducerIdRequest {
  static constexpr ApiKey kKey = ApiKey::kInitProducerId;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 5;
  static constexpr std::int16_t kFirstFlexible = 2;
  static const MessageRows kRows;

  std::optional<std::string_view> transactional_id = "";
  std::int32_t transaction_timeout_ms = 0;
  std::int64_t producer_id = -1;
  std::int16_t producer_epoch = -1;
};

struct InitProducerIdResponse {
  static constexpr ApiKey kKey = ApiKey::kInitProducerId;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 5;
  static constexpr std::int16_t kFirstFlexible = 2;
  static const MessageRows kRows;

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::int64_t producer_id = -1;
  std::int16_t producer_epoch = 0;
};

}  // namespace ottla
