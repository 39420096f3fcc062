// DeleteTopics (key 20), versions 0-6, flexible from 4.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct DeleteTopicsRequest {
  static constexpr ApiKey kKey = ApiKey::kDeleteTopics;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 6;
  static constexpr std::int16_t kFirstFlexible = 4;
  static const MessageRows kRows;

  struct DeleteTopicState {
    std::optional<std::string_view> name;
    Uuid topic_id;
  };

  std::vector<DeleteTopicState> topics;
  std::vector<std::string_view> topic_names;
  std::int32_t timeout_ms = 0;
};

struct DeleteTopicsResponse {
  static constexpr ApiKey kKey = ApiKey::kDeleteTopics;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 6;
  static constexpr std::int16_t kFirstFlexible = 4;
  static const MessageRows kRows;

  struct DeletableTopicResult {
    std::optional<std::string_view> name = "";
    Uuid topic_id;
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string_view> error_message;
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<DeletableTopicResult> responses;
};

}  // namespace ottla
