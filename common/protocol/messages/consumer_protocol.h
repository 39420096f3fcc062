// What consumers put into JoinGroup metadata and SyncGroup assignments. Begins with its int16 version
// (DecodeVersioned). A reader treats a version above the highest it knows as that highest one.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct ConsumerProtocolSubscription {
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 3;
  static constexpr std::int16_t kFirstFlexible = kNeverFlexible;
  static const MessageRows kRows;

  struct TopicPartition {
    std::string_view topic;
    std::vector<std::int32_t> partitions;
  };

  std::vector<std::string_view> topics;
  std::optional<std::string_view> user_data;
  std::vector<TopicPartition> owned_partitions;
  std::int32_t generation_id = -1;
  std::optional<std::string_view> rack_id;
};

struct ConsumerProtocolAssignment {
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 3;
  static constexpr std::int16_t kFirstFlexible = kNeverFlexible;
  static const MessageRows kRows;

  struct TopicPartition {
    std::string_view topic;
    std::vector<std::int32_t> partitions;
  };

  std::vector<TopicPartition> assigned_partitions;
  std::optional<std::string_view> user_data;
};

}  // namespace ottla
