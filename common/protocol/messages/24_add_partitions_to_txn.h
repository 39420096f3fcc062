// AddPartitionsToTxn (key 24), versions 0-5, flexible from 3.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct AddPartitionsToTxnRequest {
  static constexpr ApiKey kKey = ApiKey::kAddPartitionsToTxn;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 5;
  static constexpr std::int16_t kFirstFlexible = 3;
  static const MessageRows kRows;

  struct AddPartitionsToTxnTopic {
    std::string_view name;
    std::vector<std::int32_t> partitions;
  };

  struct AddPartitionsToTxnTransaction {
    std::string_view transactional_id;
    std::int64_t producer_id = 0;
    std::int16_t producer_epoch = 0;
    bool verify_only = false;
    std::vector<AddPartitionsToTxnTopic> topics;
  };

  std::vector<AddPartitionsToTxnTransaction> transactions;
  std::string_view v3_and_below_transactional_id;
  std::int64_t v3_and_below_producer_id = 0;
  std::int16_t v3_and_below_producer_epoch = 0;
  std::vector<AddPartitionsToTxnTopic> v3_and_below_topics;
};

struct AddPartitionsToTxnResponse {
  static constexpr ApiKey kKey = ApiKey::kAddPartitionsToTxn;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 5;
  static constexpr std::int16_t kFirstFlexible = 3;
  static const MessageRows kRows;

  struct AddPartitionsToTxnPartitionResult {
    std::int32_t partition_index = 0;
    ErrorCode partition_error_code = ErrorCode::kNone;
  };

  struct AddPartitionsToTxnTopicResult {
    std::string_view name;
    std::vector<AddPartitionsToTxnPartitionResult> results_by_partition;
  };

  struct AddPartitionsToTxnResult {
    std::string_view transactional_id;
    std::vector<AddPartitionsToTxnTopicResult> topic_results;
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::vector<AddPartitionsToTxnResult> results_by_transaction;
  std::vector<AddPartitionsToTxnTopicResult> results_by_topic_v3_and_below;
};

}  // namespace ottla
