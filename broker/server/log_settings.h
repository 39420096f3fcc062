// From the settings of a topic to what its logs need. Pure.
#pragma once

#include "broker/log/log_config.h"
#include "common/config/topic_config.h"

namespace ottla {

inline LogConfig MakeLogConfig(const TopicConfig& topic, const BrokerConfig& broker) {
  LogConfig log;
  log.segment_bytes = topic.segment_bytes;
  log.segment_ms = topic.segment_ms;
  log.segment_jitter_ms = topic.segment_jitter_ms;
  log.segment_index_bytes = topic.segment_index_bytes;
  log.index_interval_bytes = topic.index_interval_bytes;
  log.retention_ms = topic.retention_ms;
  log.retention_bytes = topic.retention_bytes;
  log.cleanup_delete = topic.remove;
  log.cleanup_compact = topic.compact;
  log.max_compaction_lag_ms = topic.max_compaction_lag_ms;
  log.min_compaction_lag_ms = topic.min_compaction_lag_ms;
  log.delete_retention_ms = topic.delete_retention_ms;
  log.min_cleanable_dirty_ratio = topic.min_cleanable_dirty_ratio;
  log.file_delete_delay_ms = topic.file_delete_delay_ms;
  log.flush_messages = topic.flush_messages;
  log.flush_ms = topic.flush_ms;
  log.preallocate = topic.preallocate;
  log.timestamp_type = topic.log_append_time ? TimestampType::kLogAppendTime : TimestampType::kCreateTime;
  log.max_message_bytes = topic.max_message_bytes;
  log.producer_expiration_ms = broker.producer_id_expiration_ms;
  return log;
}

}  // namespace ottla
