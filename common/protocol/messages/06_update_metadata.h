// UpdateMetadata (key 6), versions 0-8, flexible from 6.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct UpdateMetadataRequest {
  static constexpr ApiKey kKey = ApiKey::kUpdateMetadata;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 8;
  static constexpr std::int16_t kFirstFlexible = 6;
  static const MessageRows kRows;

  struct UpdateMetadataPartitionState {
    std::string_view topic_name;
    std::int32_t partition_index = 0;
    std::int32_t controller_epoch = 0;
    std::int32_t leader = 0;
    std::int32_t leader_epoch = 0;
    std::vector<std::int32_t> isr;
    std::int32_t zk_version = 0;
    std::vector<std::int32_t> replicas;
    std::vector<std::int32_t> offline_replicas;
  };

  struct UpdateMetadataTopicState {
    std::string_view topic_name;
    Uuid topic_id;
    std::vector<UpdateMetadataPartitionState> partition_states;
  };

  struct UpdateMetadataEndpoint {
    std::int32_t port = 0;
    std::string_view host;
    std::string_view listener;
    std::int16_t security_protocol = 0;
  };

  struct UpdateMetadataBroker {
    std::int32_t id = 0;
    std::string_view v0_host;
    std::int32_t v0_port = 0;
    std::vector<UpdateMetadataEndpoint> endpoints;
    std::optional<std::string_view> rack = "";
  };

  std::int32_t controller_id = 0;
  bool is_k_raft_controller = false;
  std::int8_t type = 0;
  std::int32_t controller_epoch = 0;
  std::int64_t broker_epoch = -1;
  std::vector<UpdateMetadataPartitionState> ungrouped_partition_states;
  std::vector<UpdateMetadataTopicState> topic_states;
  std::vector<UpdateMetadataBroker> live_brokers;
};

struct UpdateMetadataResponse {
  static constexpr ApiKey kKey = ApiKey::kUpdateMetadata;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 8;
  static constexpr std::int16_t kFirstFlexible = 6;
  static const MessageRows kRows;

  ErrorCode error_code = ErrorCode::kNone;
};

}  // namespace ottla
