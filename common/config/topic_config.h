// Topic settings over broker defaults: rows, validation, and the snapshot the log layer works with. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"
#include "common/config/broker_config.h"
#include "common/config/config_row.h"

namespace ottla {

struct TopicRow {
  ConfigRow row;  // `def` is Kafka's default; the effective one is the broker's value of the synonyms below
  std::vector<std::string> synonyms;  // broker names in priority order; empty: no broker setting stands behind it
};

std::span<const TopicRow> TopicRows();  // sorted by name
const TopicRow* FindTopicRow(std::string_view name);

// As CreateTopics, AlterConfigs and IncrementalAlterConfigs refuse (INVALID_CONFIG): unknown name, value out of range,
// min.compaction.lag.ms above max.compaction.lag.ms. `config` names what gives the values that are not overridden.
Status ValidateTopicConfig(const BrokerConfig& broker, const Properties& overrides);

struct TopicConfig {
  // Overrides that do not parse are left out (each with a line in `warnings`): a znode edited by hand must not stop a
  // broker. `warnings` may be nullptr.
  static TopicConfig Make(const BrokerConfig& broker, const Properties& overrides, std::vector<std::string>* warnings);

  // Effective value of every topic row, in canonical text (DescribeConfigs); null as nullopt.
  std::map<std::string, std::optional<std::string>, std::less<>> values;
  Properties overrides;  // those that were taken

  bool compact = false;
  bool remove = true;            // cleanup.policy has `delete`
  std::string compression_type;  // producer, uncompressed, gzip, snappy, lz4, zstd
  std::int32_t compression_gzip_level = -1;
  std::int32_t compression_lz4_level = 9;
  std::int32_t compression_zstd_level = 3;
  std::int64_t delete_retention_ms = 0;
  std::int64_t file_delete_delay_ms = 0;
  std::int64_t flush_messages = 0;
  std::int64_t flush_ms = 0;
  std::int32_t index_interval_bytes = 0;
  std::int32_t max_message_bytes = 0;
  bool message_downconversion_enable = true;
  bool log_append_time = false;                      // message.timestamp.type
  std::int64_t message_timestamp_before_max_ms = 0;  // the deprecated difference.max.ms already taken in
  std::int64_t message_timestamp_after_max_ms = 0;
  std::int64_t max_compaction_lag_ms = 0;
  std::int64_t min_compaction_lag_ms = 0;
  double min_cleanable_dirty_ratio = 0;
  std::int32_t min_insync_replicas = 1;
  bool preallocate = false;
  std::int64_t retention_bytes = -1;  // -1: no limit
  std::int64_t retention_ms = -1;     // -1: no limit
  std::int32_t segment_bytes = 0;
  std::int32_t segment_index_bytes = 0;
  std::int64_t segment_jitter_ms = 0;
  std::int64_t segment_ms = 0;
  bool unclean_leader_election_enable = false;
  std::vector<std::string> leader_throttled_replicas;    // `partition:broker` or `*`
  std::vector<std::string> follower_throttled_replicas;  // the same
};

}  // namespace ottla
