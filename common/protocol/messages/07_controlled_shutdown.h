// ControlledShutdown (key 7), versions 0-3, flexible from 3.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct ControlledShutdownRequest {
  static constexpr ApiKey kKey = ApiKey::kControlledShutdown;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 3;
  static constexpr std::int16_t kFirstFlexible = 3;
  static const MessageRows kRows;

  std::int32_t broker_id = 0;
  std::int64_t broker_epoch = -1;
};

struct ControlledShutdownResponse {
  static constexpr ApiKey kKey = ApiKey::kControlledShutdown;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 3;
  static constexpr std::int16_t kFirstFlexible = 3;
  static const MessageRows kRows;

  struct RemainingPartition {
    std::string_view topic_name;
    std::int32_t partition_index = 0;
  };

  ErrorCode error_code = ErrorCode::kNone;
  std::vector<RemainingPartition> remaining_partitions;
};

}  // namespace ottla
