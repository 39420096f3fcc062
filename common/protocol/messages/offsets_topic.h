// Keys and values of __consumer_offsets, as the group coordinator of Kafka 3.9 in ZooKeeper mode writes them. On disk
// each begins with its int16 version (DecodeVersioned, EncodeVersioned); in a key the version is also the record type:
// 0 and 1 OffsetCommitKey, 2 GroupMetadataKey.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct OffsetCommitKey {
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 1;
  static constexpr std::int16_t kFirstFlexible = kNeverFlexible;
  static const MessageRows kRows;

  std::string_view group;
  std::string_view topic;
  std::int32_t partition = 0;
};

struct OffsetCommitValue {
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 4;
  static constexpr std::int16_t kFirstFlexible = 4;
  static const MessageRows kRows;

  std::int64_t offset = 0;
  std::int32_t leader_epoch = -1;
  std::string_view metadata;
  std::int64_t commit_timestamp = 0;
  std::int64_t expire_timestamp = -1;
};

struct GroupMetadataKey {
  static constexpr std::int16_t kMinVersion = 2;
  static constexpr std::int16_t kMaxVersion = 2;
  static constexpr std::int16_t kFirstFlexible = kNeverFlexible;
  static const MessageRows kRows;

  std::string_view group;
};

struct GroupMetadataValue {
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 4;
  static constexpr std::int16_t kFirstFlexible = 4;
  static const MessageRows kRows;

  struct MemberMetadata {
    std::string_view member_id;
    std::optional<std::string_view> group_instance_id;
    std::string_view client_id;
    std::string_view client_host;
    std::int32_t rebalance_timeout = -1;
    std::int32_t session_timeout = 0;
    std::string_view subscription;
    std::string_view assignment;
  };

  std::string_view protocol_type;
  std::int32_t generation = 0;
  std::optional<std::string_view> protocol = "";
  std::optional<std::string_view> leader = "";
  std::int64_t current_state_timestamp = -1;
  std::vector<MemberMetadata> members;
};

}  // namespace ottla
