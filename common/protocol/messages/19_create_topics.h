// CreateTopics (key 19), versions 0-7, flexible from 5.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct CreateTopicsRequest {
  static constexpr ApiKey kKey = ApiKey::kCreateTopics;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 7;
  static constexpr std::int16_t kFirstFlexible = 5;
  static const MessageRows kRows;

  struct CreatableReplicaAssignment {
    std::int32_t partition_index = 0;
    std::vector<std::int32_t> broker_ids;
  };

  struct CreatableTopicConfig {
    std::string_view name;
    std::optional<std::string_view> value = "";
  };

  struct CreatableTopic {
    std::string_view name;
    std::int32_t num_partitions = 0;
    std::int16_t replication_factor = 0;
    std::vector<CreatableReplicaAssignment> assignments;
    std::vector<CreatableTopicConfig> configs;
  };

  std::vector<CreatableTopic> topics;
  std::int32_t timeout_ms = 60000;
  bool validate_only = false;
};

struct CreateTopicsResponse {
  static constexpr ApiKey kKey = ApiKey::kCreateTopics;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 7;
  static constexpr std::int16_t kFirstFlexible = 5;
  static const MessageRows kRows;

  struct CreatableTopicConfigs {
    std::string_view name;
    std::optional<std::string_view> value = "";
    bool read_only = false;
    std::int8_t config_source = -1;
    bool is_sensitive = false;
  };

  struct CreatableTopicResult {
    std::string_view name;
    Uuid topic_id;
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string_view> error_message = "";
    ErrorCode topic_config_error_code = ErrorCode::kNone;
    std::int32_t num_partitions = -1;
    std::int16_t replication_factor = -1;
    std::optional<std::vector<CreatableTopicConfigs>> configs = std::vector<CreatableTopicConfigs>{};
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<CreatableTopicResult> topics;
};

}  // namespace ottla
