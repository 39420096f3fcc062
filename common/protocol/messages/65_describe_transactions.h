// DescribeTransactions (key 65), version 0, flexible from 0.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct DescribeTransactionsRequest {
  static constexpr ApiKey kKey = ApiKey::kDescribeTransactions;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 0;
  static constexpr std::int16_t kFirstFlexible = 0;
  static const MessageRows kRows;

  std::vector<std::string_view> transactional_ids;
};

struct DescribeTransactionsResponse {
  static constexpr ApiKey kKey = ApiKey::kDescribeTransactions;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 0;
  static constexpr std::int16_t kFirstFlexible = 0;
  static const MessageRows kRows;

  struct TopicData {
    std::string_view topic;
    std::vector<std::int32_t> partitions;
  };

  struct TransactionState {
    ErrorCode error_code = ErrorCode::kNone;
    std::string_view transactional_id;
    std::string_view transaction_state;
    std::int32_t transaction_timeout_ms = 0;
    std::int64_t transaction_start_time_ms = 0;
    std::int64_t producer_id = 0;
    std::int16_t producer_epoch = 0;
    std::vector<TopicData> topics;
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<TransactionState> transaction_states;
};

}  // namespace ottla
