// ConsumerGroupDescribe (key 69), version 0, flexible from 0.
#pragma once

#include <limits>
#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct ConsumerGroupDescribeRequest {
  static constexpr ApiKey kKey = ApiKey::kConsumerGroupDescribe;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 0;
  static constexpr std::int16_t kFirstFlexible = 0;
  static const MessageRows kRows;

  std::vector<std::string_view> group_ids;
  bool include_authorized_operations = false;
};

struct ConsumerGroupDescribeResponse {
  static constexpr ApiKey kKey = ApiKey::kConsumerGroupDescribe;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 0;
  static constexpr std::int16_t kFirstFlexible = 0;
  static const MessageRows kRows;

  struct TopicPartitions {
    Uuid topic_id;
    std::string_view topic_name;
    std::vector<std::int32_t> partitions;
  };

  struct Assignment {
    std::vector<TopicPartitions> topic_partitions;
  };

  struct Member {
    std::string_view member_id;
    std::optional<std::string_view> instance_id;
    std::optional<std::string_view> rack_id;
    std::int32_t member_epoch = 0;
    std::string_view client_id;
    std::string_view client_host;
    std::vector<std::string_view> subscribed_topic_names;
    std::optional<std::string_view> subscribed_topic_regex;
    Assignment assignment;
    Assignment target_assignment;
  };

  struct DescribedGroup {
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string_view> error_message;
    std::string_view group_id;
    std::string_view group_state;
    std::int32_t group_epoch = 0;
    std::int32_t assignment_epoch = 0;
    std::string_view assignor_name;
    std::vector<Member> members;
    std::int32_t authorized_operations = std::numeric_limits<std::int32_t>::min();
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<DescribedGroup> groups;
};

}  // namespace ottla
