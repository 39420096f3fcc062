// OffsetFetch (key 9), versions 0-9, flexible from 6.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct OffsetFetchRequest {
  static constexpr ApiKey kKey = ApiKey::kOffsetFetch;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 9;
  static constexpr std::int16_t kFirstFlexible = 6;
  static const MessageRows kRows;

  struct OffsetFetchRequestTopic {
    std::string_view name;
    std::vector<std::int32_t> partition_indexes;
  };

  struct OffsetFetchRequestTopics {
    std::string_view name;
    std::vector<std::int32_t> partition_indexes;
  };

  struct OffsetFetchRequestGroup {
    std::string_view group_id;
    std::optional<std::string_view> member_id;
    std::int32_t member_epoch = -1;
    std::optional<std::vector<OffsetFetchRequestTopics>> topics = std::vector<OffsetFetchRequestTopics>{};
  };

  std::string_view group_id;
  std::optional<std::vector<OffsetFetchRequestTopic>> topics = std::vector<OffsetFetchRequestTopic>{};
  std::vector<OffsetFetchRequestGroup> groups;
  bool require_stable = false;
};

struct OffsetFetchResponse {
  static constexpr ApiKey kKey = ApiKey::kOffsetFetch;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 9;
  static constexpr std::int16_t kFirstFlexible = 6;
  static const MessageRows kRows;

  struct OffsetFetchResponsePartition {
    std::int32_t partition_index = 0;
    std::int64_t committed_offset = 0;
    std::int32_t committed_leader_epoch = -1;
    std::optional<std::string_view> metadata = "";
    ErrorCode error_code = ErrorCode::kNone;
  };

  struct OffsetFetchResponseTopic {
    std::string_view name;
    std::vector<OffsetFetchResponsePartition> partitions;
  };

  struct OffsetFetchResponsePartitions {
    std::int32_t partition_index = 0;
    std::int64_t committed_offset = 0;
    std::int32_t committed_leader_epoch = -1;
    std::optional<std::string_view> metadata = "";
    ErrorCode error_code = ErrorCode::kNone;
  };

  struct OffsetFetchResponseTopics {
    std::string_view name;
    std::vector<OffsetFetchResponsePartitions> partitions;
  };

  struct OffsetFetchResponseGroup {
    std::string_view group_id;
    std::vector<OffsetFetchResponseTopics> topics;
    ErrorCode error_code = ErrorCode::kNone;
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<OffsetFetchResponseTopic> topics;
  ErrorCode error_code = ErrorCode::kNone;
  std::vector<OffsetFetchResponseGroup> groups;
};

}  // namespace ottla
