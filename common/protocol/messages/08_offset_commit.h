// OffsetCommit (key 8), versions 0-9, flexible from 8.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct OffsetCommitRequest {
  static constexpr ApiKey kKey = ApiKey::kOffsetCommit;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 9;
  static constexpr std::int16_t kFirstFlexible = 8;
  static const MessageRows kRows;

  struct OffsetCommitRequestPartition {
    std::int32_t partition_index = 0;
    std::int64_t committed_offset = 0;
    std::int32_t committed_leader_epoch = -1;
    std::int64_t commit_timestamp = -1;
    std::optional<std::string_view> committed_metadata = "";
  };

  struct OffsetCommitRequestTopic {
    std::string_view name;
    std::vector<OffsetCommitRequestPartition> partitions;
  };

  std::string_view group_id;
  std::int32_t generation_id_or_member_epoch = -1;
  std::string_view member_id;
  std::optional<std::string_view> group_instance_id;
  std::int64_t retention_time_ms = -1;
  std::vector<OffsetCommitRequestTopic> topics;
};

struct OffsetCommitResponse {
  static constexpr ApiKey kKey = ApiKey::kOffsetCommit;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 9;
  static constexpr std::int16_t kFirstFlexible = 8;
  static const MessageRows kRows;

  struct OffsetCommitResponsePartition {
    std::int32_t partition_index = 0;
    ErrorCode error_code = ErrorCode::kNone;
  };

  struct OffsetCommitResponseTopic {
    std::string_view name;
    std::vector<OffsetCommitResponsePartition> partitions;
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<OffsetCommitResponseTopic> topics;
};

}  // namespace ottla
