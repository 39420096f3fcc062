// Every broker setting of Kafka 3.9 as rows, and the snapshot a broker works with. Pure; a snapshot never changes: a
// dynamic change makes a new one.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"
#include "common/config/config_row.h"
#include "common/config/inter_broker_version.h"
#include "common/config/listeners.h"
#include "common/config/properties.h"

namespace ottla {

// All rows, sorted by name.
std::span<const ConfigRow> BrokerRows();
// nullptr: not a known name. A `listener.name.<listener>.` (and SASL mechanism) prefix is looked through.
const ConfigRow* FindBrokerRow(std::string_view name);
// The name itself first or after those that beat it: log.retention.hours -> {.ms, .minutes, .hours}.
std::vector<std::string> BrokerSynonyms(std::string_view name);

// Where the values of a broker come from, strongest first.
struct ConfigLayers {
  Properties dynamic_broker;   // /config/brokers/<id>
  Properties dynamic_default;  // /config/brokers/<default>
  Properties fixed;            // server.properties with --override on top
};

struct BrokerConfig {
  // Fails with the text for the log line: a bad value, a missing zookeeper.connect, a broken rule between two keys.
  // Unknown keys are no error: they are kept, and each gives one line in `warnings`.
  static Result<BrokerConfig> Make(ConfigLayers layers, std::vector<std::string>* warnings);
  // server.properties only.
  static Result<BrokerConfig> Make(Properties fixed, std::vector<std::string>* warnings);

  // Effective value of a row (null: monostate). The name must be that of a row (CHECK).
  const ConfigValue& Value(std::string_view name) const;
  bool IsSet(std::string_view name) const;  // in any layer
  // The text given in the strongest layer that has `name`.
  const std::string* RawValue(std::string_view name) const;

  ConfigLayers layers;
  std::map<std::string, ConfigValue, std::less<>> values;

  // Identity and threads.
  std::int32_t broker_id = -1;  // -1: to be generated
  bool broker_id_generation_enable = true;
  std::int32_t reserved_broker_max_id = 1000;
  std::optional<std::string> broker_rack;
  ListenerConfig listeners;
  InterBrokerVersion inter_broker_version;
  std::int32_t num_network_threads = 0;
  std::int32_t num_io_threads = 0;
  std::int32_t num_recovery_threads_per_data_dir = 0;
  std::int32_t num_replica_fetchers = 0;

  // Network.
  std::int32_t socket_send_buffer_bytes = 0;     // -1: the system's
  std::int32_t socket_receive_buffer_bytes = 0;  // -1: the system's
  std::int32_t socket_request_max_bytes = 0;
  std::int32_t socket_listen_backlog_size = 0;
  std::int32_t queued_max_requests = 0;
  std::int64_t queued_max_request_bytes = 0;  // <= 0: the broker's own limit
  std::int32_t max_connections = 0;
  std::int32_t max_connections_per_ip = 0;
  std::map<std::string, std::int32_t> max_connections_per_ip_overrides;
  std::int64_t connections_max_idle_ms = 0;
  std::int32_t request_timeout_ms = 0;

  // Fetch, produce, metadata.
  std::int32_t message_max_bytes = 0;
  std::int32_t fetch_max_bytes = 0;
  std::int32_t max_incremental_fetch_session_cache_slots = 0;
  std::int32_t num_partitions = 0;
  std::int32_t default_replication_factor = 0;
  bool auto_create_topics_enable = true;
  bool delete_topic_enable = true;
  std::int32_t min_insync_replicas = 0;
  bool unclean_leader_election_enable = false;

  // Replication and controller.
  std::int64_t replica_lag_time_max_ms = 0;
  std::int32_t replica_socket_timeout_ms = 0;
  std::int32_t replica_socket_receive_buffer_bytes = 0;
  std::int32_t replica_fetch_max_bytes = 0;
  std::int32_t replica_fetch_response_max_bytes = 0;
  std::int32_t replica_fetch_wait_max_ms = 0;
  std::int32_t replica_fetch_min_bytes = 0;
  std::int32_t replica_fetch_backoff_ms = 0;
  std::int64_t replica_high_watermark_checkpoint_interval_ms = 0;
  bool auto_leader_rebalance_enable = true;
  std::int32_t leader_imbalance_per_broker_percentage = 0;
  std::int64_t leader_imbalance_check_interval_seconds = 0;
  std::int32_t controller_socket_timeout_ms = 0;
  bool controlled_shutdown_enable = true;
  std::int32_t controlled_shutdown_max_retries = 0;
  std::int64_t controlled_shutdown_retry_backoff_ms = 0;

  // Groups.
  std::int32_t group_min_session_timeout_ms = 0;
  std::int32_t group_max_session_timeout_ms = 0;
  std::int32_t group_initial_rebalance_delay_ms = 0;
  std::int32_t group_max_size = 0;
  std::int32_t offset_metadata_max_bytes = 0;
  std::int16_t offsets_topic_replication_factor = 0;
  std::int32_t offsets_topic_num_partitions = 0;
  std::int32_t offsets_topic_segment_bytes = 0;
  std::int32_t offsets_topic_compression_codec = 0;  // id of the codec
  std::int32_t offsets_retention_minutes = 0;
  std::int64_t offsets_retention_check_interval_ms = 0;
  std::int32_t offsets_commit_timeout_ms = 0;

  // Transactions.
  std::int32_t transactional_id_expiration_ms = 0;
  std::int32_t transaction_max_timeout_ms = 0;
  std::int32_t transaction_state_log_num_partitions = 0;
  std::int16_t transaction_state_log_replication_factor = 0;
  std::int32_t transaction_state_log_min_isr = 0;
  std::int32_t transaction_state_log_segment_bytes = 0;
  std::int32_t transaction_abort_timed_out_transaction_cleanup_interval_ms = 0;
  std::int32_t transaction_remove_expired_transaction_cleanup_interval_ms = 0;
  bool transaction_partition_verification_enable = true;
  std::int32_t producer_id_expiration_ms = 0;
  std::int32_t producer_id_expiration_check_interval_ms = 0;

  // Logs. What is per topic stands in TopicConfig.
  std::vector<std::string> log_dirs;  // log.dirs, else log.dir; never empty
  std::int64_t log_retention_check_interval_ms = 0;
  std::int64_t log_flush_scheduler_interval_ms = 0;
  std::int32_t log_flush_offset_checkpoint_interval_ms = 0;
  std::int32_t log_flush_start_offset_checkpoint_interval_ms = 0;
  std::int64_t log_initial_task_delay_ms = 0;
  bool log_cleaner_enable = true;
  std::int32_t log_cleaner_threads = 0;
  double log_cleaner_io_max_bytes_per_second = 0;
  std::int64_t log_cleaner_dedupe_buffer_size = 0;
  std::int32_t log_cleaner_io_buffer_size = 0;
  double log_cleaner_io_buffer_load_factor = 0;
  std::int64_t log_cleaner_backoff_ms = 0;

  // ZooKeeper.
  std::string zookeeper_connect;  // host:port,host:port/chroot
  std::int32_t zookeeper_session_timeout_ms = 0;
  std::int32_t zookeeper_connection_timeout_ms = 0;  // the session timeout when not set
  std::int32_t zookeeper_max_in_flight_requests = 0;

  // Durations after the "whichever of ms, minutes, hours is set" rule; -1: no limit.
  std::int64_t log_retention_ms = 0;
  std::int64_t log_roll_ms = 0;
  std::int64_t log_roll_jitter_ms = 0;
  std::int64_t log_flush_interval_ms = 0;
};

}  // namespace ottla
