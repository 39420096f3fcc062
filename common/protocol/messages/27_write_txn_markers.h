// WriteTxnMarkers (key 27), versions 0-1, flexible from 1.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/protocol/message_types.h"

namespace ottla {

struct WriteTxnMarkersRequest {
  static constexpr ApiKey kKey = ApiKey::kWriteTxnMarkers;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 1;
  static constexpr std::int16_t kFirstFlexible = 1;
  static const MessageRows kRows;

  struct WritableTxnMarkerTopic {
    std::string_view name;
    std::vector<std::int32_t> partition_indexes;
  };

  struct WritableTxnMarker {
    std::int64_t producer_id = 0;
    std::int16_t producer_epoch = 0;
    bool transaction_result = false;
    std::vector<WritableTxnMarkerTopic> topics;
    std::int32_t coordinator_epoch = 0;
  };

  std::vector<WritableTxnMarker> markers;
};

struct WriteTxnMarkersResponse {
  static constexpr ApiKey kKey = ApiKey::kWriteTxnMarkers;
  static constexpr std::int16_t kMinVersion = 0;
  static constexpr std::int16_t kMaxVersion = 1;
  static constexpr std::int16_t kFirstFlexible = 1;
  static const MessageRows kRows;

  struct WritableTxnMarkerPartitionResult {
    std::int32_t partition_index = 0;
    ErrorCode error_code = ErrorCode::kNone;
  };

  struct WritableTxnMarkerTopicResult {
    std::string_view name;
    std::vector<WritableTxnMarkerPartitionResult> partitions;
  };

  struct WritableTxnMarkerResult {
    std::int64_t producer_id = 0;
    std::vector<WritableTxnMarkerTopicResult> topics;
  };

  std::vector<WritableTxnMarkerResult> markers;
};

}  // namespace ottla
