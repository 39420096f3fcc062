// AlterReplicaLogDirs (key 34), versions 0-2, flexible from 2.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct AlterReplicaLogDirsRequest {
  static constexpr ApiKey kKey = ApiKey::kAlterReplicaLogDirs;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 2;
  static constexpr std::int16_t kFirstFlexible = 2;
  static const MessageRows kRows;

  struct AlterReplicaLogDirTopic {
    std::string_view name;
    std::vector<std::int32_t> partitions;
  };

  struct AlterReplicaLogDir {
    std::string_view path;
    std::vector<AlterReplicaLogDirTopic> topics;
  };

  std::vector<AlterReplicaLogDir> dirs;
};

struct AlterReplicaLogDirsResponse {
  static constexpr ApiKey kKey = ApiKey::kAlterReplicaLogDirs;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 2;
  static constexpr std::int16_t kFirstFlexible = 2;
  static const MessageRows kRows;

  struct AlterReplicaLogDirPartitionResult {
    std::int32_t partition_index = 0;
    ErrorCode error_code = ErrorCode::kNone;
  };

  struct AlterReplicaLogDirTopicResult {
    std::string_view topic_name;
    std::vector<AlterReplicaLogDirPartitionResult> partitions;
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<AlterReplicaLogDirTopicResult> results;
};

}  // namespace ottla
