// OffsetDelete (key 47), version 0, never flexible.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct OffsetDeleteRequest {
  static constexpr ApiKey kKey = ApiKey::kOffsetDelete;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 0;
  static constexpr std::int16_t kFirstFlexible = kNeverFlexible;
  static const MessageRows kRows;

  struct OffsetDeleteRequestPartition {
    std::int32_t partition_index = 0;
  };

  struct OffsetDeleteRequestTopic {
    std::string_view name;
    std::vector<OffsetDeleteRequestPartition> partitions;
  };

  std::string_view group_id;
  std::vector<OffsetDeleteRequestTopic> topics;
};

struct OffsetDeleteResponse {
  static constexpr ApiKey kKey = ApiKey::kOffsetDelete;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 0;
  static constexpr std::int16_t kFirstFlexible = kNeverFlexible;
  static const MessageRows kRows;

  struct OffsetDeleteResponsePartition {
    std::int32_t partition_index = 0;
    ErrorCode error_code = ErrorCode::kNone;
  };

  struct OffsetDeleteResponseTopic {
    std::string_view name;
    std::vector<OffsetDeleteResponsePartition> partitions;
  };

  ErrorCode error_code = ErrorCode::kNone;
  std::int32_t throttle_time_ms = 0;
  std::vector<OffsetDeleteResponseTopic> topics;
};

}  // namespace ottla
