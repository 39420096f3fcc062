// TxnOffsetCommit (key 28), versions 0-4, flexible from 3.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct TxnOffsetCommitRequest {
  static constexpr ApiKey kKey = ApiKey::kTxnOffsetCommit;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 4;
  static constexpr std::int16_t kFirstFlexible = 3;
  static const MessageRows kRows;

  struct TxnOffsetCommitRequestPartition {
    std::int32_t partition_index = 0;
    std::int64_t committed_offset = 0;
    std::int32_t committed_leader_epoch = -1;
    std::optional<std::string_view> committed_metadata = "";
  };

  struct TxnOffsetCommitRequestTopic {
    std::string_view name;
    std::vector<TxnOffsetCommitRequestPartition> partitions;
  };

  std::string_view transactional_id;
  std::string_view group_id;
  std::int64_t producer_id = 0;
  std::int16_t producer_epoch = 0;
  std::int32_t generation_id = -1;
  std::string_view member_id;
  std::optional<std::string_view> group_instance_id;
  std::vector<TxnOffsetCommitRequestTopic> topics;
};

struct TxnOffsetCommitResponse {
  static constexpr ApiKey kKey = ApiKey::kTxnOffsetCommit;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 4;
  static constexpr std::int16_t kFirstFlexible = 3;
  static const MessageRows kRows;

  struct TxnOffsetCommitResponsePartition {
    std::int32_t partition_index = 0;
    ErrorCode error_code = ErrorCode::kNone;
  };

  struct TxnOffsetCommitResponseTopic {
    std::string_view name;
    std::vector<TxnOffsetCommitResponsePartition> partitions;
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<TxnOffsetCommitResponseTopic> topics;
};

}  // namespace ottla
