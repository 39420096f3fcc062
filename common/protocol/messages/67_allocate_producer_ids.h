// AllocateProducerIds (key 67), version 0, flexible from 0.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct AllocateProducerIdsRequest {
  static constexpr ApiKey kKey = ApiKey::kAllocateProducerIds;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 0;
  static constexpr std::int16_t kFirstFlexible = 0;
  static const MessageRows kRows;

  std::int32_t broker_id = 0;
  std::int64_t broker_epoch = -1;
};

struct AllocateProducerIdsResponse {
  static constexpr ApiKey kKey = ApiKey::kAllocateProducerIds;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 0;
  static constexpr std::int16_t kFirstFlexible = 0;
  static const MessageRows kRows;

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::int64_t producer_id_start = 0;
  std::int32_t producer_id_len = 0;
};

}  // namespace ottla
