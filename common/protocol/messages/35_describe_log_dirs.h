// DescribeLogDirs (key 35), versions 0-4, flexible from 2.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct DescribeLogDirsRequest {
  static constexpr ApiKey kKey = ApiKey::kDescribeLogDirs;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 4;
  static constexpr std::int16_t kFirstFlexible = 2;
  static const MessageRows kRows;

  struct DescribableLogDirTopic {
    std::string_view topic;
    std::vector<std::int32_t> partitions;
  };

  std::optional<std::vector<DescribableLogDirTopic>> topics = std::vector<DescribableLogDirTopic>{};
};

struct DescribeLogDirsResponse {
  static constexpr ApiKey kKey = ApiKey::kDescribeLogDirs;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 4;
  static constexpr std::int16_t kFirstFlexible = 2;
  static const MessageRows kRows;

  struct DescribeLogDirsPartition {
    std::int32_t partition_index = 0;
    std::int64_t partition_size = 0;
    std::int64_t offset_lag = 0;
    bool is_future_key = false;
  };

  struct DescribeLogDirsTopic {
    std::string_view name;
    std::vector<DescribeLogDirsPartition> partitions;
  };

  struct DescribeLogDirsResult {
    ErrorCode error_code = ErrorCode::kNone;
    std::string_view log_dir;
    std::vector<DescribeLogDirsTopic> topics;
    std::int64_t total_bytes = -1;
    std::int64_t usable_bytes = -1;
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::vector<DescribeLogDirsResult> results;
};

}  // namespace ottla
