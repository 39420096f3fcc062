// CreatePartitions (key 37), versions 0-3, flexible from 2.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct CreatePartitionsRequest {
  static constexpr ApiKey kKey = ApiKey::kCreatePartitions;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 3;
  static constexpr std::int16_t kFirstFlexible = 2;
  static const MessageRows kRows;

  struct CreatePartitionsAssignment {
    std::vector<std::int32_t> broker_ids;
  };

  struct CreatePartitionsTopic {
    std::string_view name;
    std::int32_t count = 0;
    std::optional<std::vector<CreatePartitionsAssignment>> assignments = std::vector<CreatePartitionsAssignment>{};
  };

  std::vector<CreatePartitionsTopic> topics;
  std::int32_t timeout_ms = 0;
  bool validate_only = false;
};

struct CreatePartitionsResponse {
  static constexpr ApiKey kKey = ApiKey::kCreatePartitions;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 3;
  static constexpr std::int16_t kFirstFlexible = 2;
  static const MessageRows kRows;

  struct CreatePartitionsTopicResult {
    std::string_view name;
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string_view> error_message;
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<CreatePartitionsTopicResult> results;
};

}  // namespace ottla
