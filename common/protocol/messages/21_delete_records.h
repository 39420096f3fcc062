// DeleteRecords (key 21), versions 0-2, flexible from 2.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct DeleteRecordsRequest {
  static constexpr ApiKey kKey = ApiKey::kDeleteRecords;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 2;
  static constexpr std::int16_t kFirstFlexible = 2;
  static const MessageRows kRows;

  struct DeleteRecordsPartition {
    std::int32_t partition_index = 0;
    std::int64_t offset = 0;
  };

  struct DeleteRecordsTopic {
    std::string_view name;
    std::vector<DeleteRecordsPartition> partitions;
  };

  std::vector<DeleteRecordsTopic> topics;
  std::int32_t timeout_ms = 0;
};

struct DeleteRecordsResponse {
  static constexpr ApiKey kKey = ApiKey::kDeleteRecords;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 2;
  static constexpr std::int16_t kFirstFlexible = 2;
  static const MessageRows kRows;

  struct DeleteRecordsPartitionResult {
    std::int32_t partition_index = 0;
    std::int64_t low_watermark = 0;
    ErrorCode error_code = ErrorCode::kNone;
  };

  struct DeleteRecordsTopicResult {
    std::string_view name;
    std::vector<DeleteRecordsPartitionResult> partitions;
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<DeleteRecordsTopicResult> topics;
};

}  // namespace ottla
