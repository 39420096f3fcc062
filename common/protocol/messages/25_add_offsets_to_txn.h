// AddOffsetsToTxn (key 25), versions 0-4, flexible from 3.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct AddOffsetsToTxnRequest {
  static constexpr ApiKey kKey = ApiKey::kAddOffsetsToTxn;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 4;
  static constexpr std::int16_t kFirstFlexible = 3;
  static const MessageRows kRows;

  std::string_view transactional_id;
  std::int64_t producer_id = 0;
  std::int16_t producer_epoch = 0;
  std::string_view group_id;
};

struct AddOffsetsToTxnResponse {
  static constexpr ApiKey kKey = ApiKey::kAddOffsetsToTxn;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 4;
  static constexpr std::int16_t kFirstFlexible = 3;
  static const MessageRows kRows;

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
};

}  // namespace ottla
