// ListTransactions (key 66), versions 0-1, flexible from 0.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct ListTransactionsRequest {
  static constexpr ApiKey kKey = ApiKey::kListTransactions;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 1;
  static constexpr std::int16_t kFirstFlexible = 0;
  static const MessageRows kRows;

  std::vector<std::string_view> state_filters;
  std::vector<std::int64_t> producer_id_filters;
  std::int64_t duration_filter = -1;
};

struct ListTransactionsResponse {
  static constexpr ApiKey kKey = ApiKey::kListTransactions;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 1;
  static constexpr std::int16_t kFirstFlexible = 0;
  static const MessageRows kRows;

  struct TransactionState {
    std::string_view transactional_id;
    std::int64_t producer_id = 0;
    std::string_view transaction_state;
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::vector<std::string_view> unknown_state_filters;
  std::vector<TransactionState> transaction_states;
};

}  // namespace ottla
