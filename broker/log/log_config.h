// What one log needs to know of its topic's settings. The upper layer fills it from topic and broker settings; the
// defaults are Kafka's.
#pragma once

#include <cstdint>
#include <limits>

#include "common/record/record_batch.h"

namespace ottla {

struct LogConfig {
  static constexpr std::int64_t kForever = std::numeric_limits<std::int64_t>::max();

  std::int64_t segment_bytes = 1 << 30;
  std::int64_t segment_ms = 604'800'000;
  std::int64_t segment_jitter_ms = 0;
  std::int64_t segment_index_bytes = 10'485'760;  // bounds the entries of one index; nothing is pre-allocated
  std::int64_t index_interval_bytes = 4096;
  std::int64_t retention_ms = 604'800'000;  // -1: no limit
  std::int64_t retention_bytes = -1;        // -1: no limit
  bool cleanup_delete = true;               // cleanup.policy
  bool cleanup_compact = false;
  std::int64_t max_compaction_lag_ms = kForever;
  std::int64_t min_compaction_lag_ms = 0;
  std::int64_t delete_retention_ms = 86'400'000;
  double min_cleanable_dirty_ratio = 0.5;
  std::int64_t file_delete_delay_ms = 60'000;
  std::int64_t flush_messages = kForever;
  std::int64_t flush_ms = kForever;
  bool preallocate = false;
  TimestampType timestamp_type = TimestampType::kCreateTime;
  std::int64_t max_message_bytes = 1'048'588;
  std::int64_t producer_expiration_ms = 86'400'000;  // producer.id.expiration.ms

  friend bool operator==(const LogConfig&, const LogConfig&) = default;
};

}  // namespace ottla
