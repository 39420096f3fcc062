#include "common/config/broker_config.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "common/base/check.h"
#include "common/config/broker_rows.h"
#include "common/config/broker_rules.h"

namespace ottla {
namespace {

std::vector<ConfigRow> CollectRows() {
  std::vector<ConfigRow> all;
  for (const auto rows : {GeneralRows(), CoordinatorRows(), LogRows(), ClusterRows(), SecurityRows(), InertRows()}) {
    all.insert(all.end(), rows.begin(), rows.end());
  }
  std::ranges::sort(all, {}, &ConfigRow::name);
  OTTLA_CHECK(std::ranges::adjacent_find(all, {}, &ConfigRow::name) == all.end()) << "a setting stands in two rows";
  return all;
}

const ConfigRow* FindExact(std::string_view name) {
  const auto rows = BrokerRows();
  const auto it = std::ranges::lower_bound(rows, name, {}, &ConfigRow::name);
  return it != rows.end() && it->name == name ? &*it : nullptr;
}

// Names that clients, container images or older releases put into server.properties, with what became of them.
struct OldName {
  std::string_view name;
  std::string_view fate;
};
constexpr OldName kHonoured[] = {
    {"host.name", "taken as the host of listeners, which is not set"},
    {"port", "taken as the port of listeners, which is not set"},
    {"advertised.host.name", "taken as the host of advertised.listeners, which is not set"},
    {"advertised.port", "taken as the port of advertised.listeners, which is not set"},
};

std::string UnknownKeyWarning(const std::string& key, const Properties& fixed) {
  for (const OldName& old : kHonoured) {
    if (old.name != key) continue;
    const std::string newer = key.starts_with("advertised.") ? "advertised.listeners" : "listeners";
    if (const auto it = fixed.find(newer); it != fixed.end() && !TrimBlanks(it->second).empty()) {
      return std::string(key).append(" was removed in Kafka 3.0 and is ignored: ").append(newer).append(" is set");
    }
    return key + " was removed in Kafka 3.0: " + std::string(old.fate);
  }
  std::string text = "The configuration '";
  text += key;
  text += "' was supplied but isn't a known config.";
  return text;
}

Status ParseAll(BrokerConfig* config) {
  for (const ConfigRow& row : BrokerRows()) {
    const std::string* text = config->RawValue(row.name);
    if (text == nullptr) {
      config->values.emplace(row.name, DefaultValue(row));
      continue;
    }
    Result<ConfigValue> value = ParseConfigValue(row, *text);
    if (!value.ok()) return value.status();
    config->values.emplace(row.name, std::move(value).value());
  }
  return Status::Ok();
}

// Fills one typed field from the row of that name; the row's type bounds the value, so narrowing loses nothing.
class Binder {
 public:
  explicit Binder(const BrokerConfig& config) : config_(config) {}
  template <class T>
  void operator()(std::string_view name, T& field) const {
    const ConfigValue& value = config_.Value(name);
    if constexpr (std::is_same_v<T, bool> || std::is_same_v<T, double> || std::is_same_v<T, std::string>) {
      if (!std::holds_alternative<std::monostate>(value)) field = std::get<T>(value);
    } else if constexpr (std::is_same_v<T, std::optional<std::string>>) {
      if (const auto* text = std::get_if<std::string>(&value)) field = *text;
    } else {
      if (const auto* number = std::get_if<std::int64_t>(&value)) field = static_cast<T>(*number);
    }
  }

 private:
  const BrokerConfig& config_;
};

void BindGeneral(const Binder& bind, BrokerConfig* c) {
  bind("broker.id", c->broker_id);
  bind("broker.id.generation.enable", c->broker_id_generation_enable);
  bind("reserved.broker.max.id", c->reserved_broker_max_id);
  bind("broker.rack", c->broker_rack);
  bind("num.network.threads", c->num_network_threads);
  bind("num.io.threads", c->num_io_threads);
  bind("num.recovery.threads.per.data.dir", c->num_recovery_threads_per_data_dir);
  bind("num.replica.fetchers", c->num_replica_fetchers);
  bind("socket.send.buffer.bytes", c->socket_send_buffer_bytes);
  bind("socket.receive.buffer.bytes", c->socket_receive_buffer_bytes);
  bind("socket.request.max.bytes", c->socket_request_max_bytes);
  bind("socket.listen.backlog.size", c->socket_listen_backlog_size);
  bind("queued.max.requests", c->queued_max_requests);
  bind("queued.max.request.bytes", c->queued_max_request_bytes);
  bind("max.connections", c->max_connections);
  bind("max.connections.per.ip", c->max_connections_per_ip);
  bind("connections.max.idle.ms", c->connections_max_idle_ms);
  bind("request.timeout.ms", c->request_timeout_ms);
  bind("message.max.bytes", c->message_max_bytes);
  bind("fetch.max.bytes", c->fetch_max_bytes);
  bind("max.incremental.fetch.session.cache.slots", c->max_incremental_fetch_session_cache_slots);
  bind("num.partitions", c->num_partitions);
  bind("default.replication.factor", c->default_replication_factor);
  bind("auto.create.topics.enable", c->auto_create_topics_enable);
  bind("delete.topic.enable", c->delete_topic_enable);
  bind("min.insync.replicas", c->min_insync_replicas);
  bind("unclean.leader.election.enable", c->unclean_leader_election_enable);
}

void BindReplication(const Binder& bind, BrokerConfig* c) {
  bind("replica.lag.time.max.ms", c->replica_lag_time_max_ms);
  bind("replica.socket.timeout.ms", c->replica_socket_timeout_ms);
  bind("replica.socket.receive.buffer.bytes", c->replica_socket_receive_buffer_bytes);
  bind("replica.fetch.max.bytes", c->replica_fetch_max_bytes);
  bind("replica.fetch.response.max.bytes", c->replica_fetch_response_max_bytes);
  bind("replica.fetch.wait.max.ms", c->replica_fetch_wait_max_ms);
  bind("replica.fetch.min.bytes", c->replica_fetch_min_bytes);
  bind("replica.fetch.backoff.ms", c->replica_fetch_backoff_ms);
  bind("replica.high.watermark.checkpoint.interval.ms", c->replica_high_watermark_checkpoint_interval_ms);
  bind("auto.leader.rebalance.enable", c->auto_leader_rebalance_enable);
  bind("leader.imbalance.per.broker.percentage", c->leader_imbalance_per_broker_percentage);
  bind("leader.imbalance.check.interval.seconds", c->leader_imbalance_check_interval_seconds);
  bind("controller.socket.timeout.ms", c->controller_socket_timeout_ms);
  bind("controlled.shutdown.enable", c->controlled_shutdown_enable);
  bind("controlled.shutdown.max.retries", c->controlled_shutdown_max_retries);
  bind("controlled.shutdown.retry.backoff.ms", c->controlled_shutdown_retry_backoff_ms);
  bind("zookeeper.connect", c->zookeeper_connect);
  bind("zookeeper.session.timeout.ms", c->zookeeper_session_timeout_ms);
  c->zookeeper_connection_timeout_ms = c->zookeeper_session_timeout_ms;
  bind("zookeeper.connection.timeout.ms", c->zookeeper_connection_timeout_ms);
  bind("zookeeper.max.in.flight.requests", c->zookeeper_max_in_flight_requests);
}

void BindCoordinators(const Binder& bind, BrokerConfig* c) {
  bind("group.min.session.timeout.ms", c->group_min_session_timeout_ms);
  bind("group.max.session.timeout.ms", c->group_max_session_timeout_ms);
  bind("group.initial.rebalance.delay.ms", c->group_initial_rebalance_delay_ms);
  bind("group.max.size", c->group_max_size);
  bind("offset.metadata.max.bytes", c->offset_metadata_max_bytes);
  bind("offsets.topic.replication.factor", c->offsets_topic_replication_factor);
  bind("offsets.topic.num.partitions", c->offsets_topic_num_partitions);
  bind("offsets.topic.segment.bytes", c->offsets_topic_segment_bytes);
  bind("offsets.topic.compression.codec", c->offsets_topic_compression_codec);
  bind("offsets.retention.minutes", c->offsets_retention_minutes);
  bind("offsets.retention.check.interval.ms", c->offsets_retention_check_interval_ms);
  bind("offsets.commit.timeout.ms", c->offsets_commit_timeout_ms);
  bind("transactional.id.expiration.ms", c->transactional_id_expiration_ms);
  bind("transaction.max.timeout.ms", c->transaction_max_timeout_ms);
  bind("transaction.state.log.num.partitions", c->transaction_state_log_num_partitions);
  bind("transaction.state.log.replication.factor", c->transaction_state_log_replication_factor);
  bind("transaction.state.log.min.isr", c->transaction_state_log_min_isr);
  bind("transaction.state.log.segment.bytes", c->transaction_state_log_segment_bytes);
  bind("transaction.abort.timed.out.transaction.cleanup.interval.ms",
       c->transaction_abort_timed_out_transaction_cleanup_interval_ms);
  bind("transaction.remove.expired.transaction.cleanup.interval.ms",
       c->transaction_remove_expired_transaction_cleanup_interval_ms);
  bind("transaction.partition.verification.enable", c->transaction_partition_verification_enable);
  bind("producer.id.expiration.ms", c->producer_id_expiration_ms);
  bind("producer.id.expiration.check.interval.ms", c->producer_id_expiration_check_interval_ms);
}

void BindLogs(const Binder& bind, BrokerConfig* c) {
  bind("log.retention.check.interval.ms", c->log_retention_check_interval_ms);
  bind("log.flush.scheduler.interval.ms", c->log_flush_scheduler_interval_ms);
  bind("log.flush.offset.checkpoint.interval.ms", c->log_flush_offset_checkpoint_interval_ms);
  bind("log.flush.start.offset.checkpoint.interval.ms", c->log_flush_start_offset_checkpoint_interval_ms);
  bind("log.initial.task.delay.ms", c->log_initial_task_delay_ms);
  bind("log.cleaner.enable", c->log_cleaner_enable);
  bind("log.cleaner.threads", c->log_cleaner_threads);
  bind("log.cleaner.io.max.bytes.per.second", c->log_cleaner_io_max_bytes_per_second);
  bind("log.cleaner.dedupe.buffer.size", c->log_cleaner_dedupe_buffer_size);
  bind("log.cleaner.io.buffer.size", c->log_cleaner_io_buffer_size);
  bind("log.cleaner.io.buffer.load.factor", c->log_cleaner_io_buffer_load_factor);
  bind("log.cleaner.backoff.ms", c->log_cleaner_backoff_ms);
}

struct Unit {
  std::string_view name;
  std::int64_t millis;
};

// The first of `units` that has a value, in milliseconds.
std::int64_t Duration(const BrokerConfig& config, std::span<const Unit> units) {
  for (const Unit& unit : units) {
    if (const auto* number = std::get_if<std::int64_t>(&config.Value(unit.name))) return *number * unit.millis;
  }
  return -1;
}

void ResolveDurations(BrokerConfig* c) {
  constexpr std::int64_t kMinute = 60'000;
  constexpr std::int64_t kHour = 60 * kMinute;
  constexpr Unit kRetention[] = {
      {"log.retention.ms", 1}, {"log.retention.minutes", kMinute}, {"log.retention.hours", kHour}};
  constexpr Unit kRoll[] = {{"log.roll.ms", 1}, {"log.roll.hours", kHour}};
  constexpr Unit kJitter[] = {{"log.roll.jitter.ms", 1}, {"log.roll.jitter.hours", kHour}};
  constexpr Unit kFlush[] = {{"log.flush.interval.ms", 1}, {"log.flush.scheduler.interval.ms", 1}};
  c->log_retention_ms = std::max<std::int64_t>(-1, Duration(*c, kRetention));
  c->log_roll_ms = Duration(*c, kRoll);
  c->log_roll_jitter_ms = Duration(*c, kJitter);
  c->log_flush_interval_ms = Duration(*c, kFlush);
}

// Either name gives both: DescribeConfigs tells node.id though only broker.id was written.
void ResolveIds(BrokerConfig* c) {
  if (c->IsSet("broker.id") && !c->IsSet("node.id")) {
    c->layers.fixed["node.id"] = c->layers.fixed["broker.id"];
    c->values["node.id"] = c->Value("broker.id");
  } else if (!c->IsSet("broker.id") && c->IsSet("node.id")) {
    c->broker_id = static_cast<std::int32_t>(std::get<std::int64_t>(c->Value("node.id")));
    c->values["broker.id"] = std::int64_t{c->broker_id};
  }
}

void ResolveLogDirs(BrokerConfig* c) {
  const ConfigValue& dirs = c->Value("log.dirs");
  const ConfigValue& used = std::holds_alternative<std::monostate>(dirs) ? c->Value("log.dir") : dirs;
  c->log_dirs = SplitList(std::get<std::string>(used));
  std::erase(c->log_dirs, "");  // of a comma too many
}

Status ResolveConnectionOverrides(BrokerConfig* c) {
  for (const std::string& item : SplitList(std::get<std::string>(c->Value("max.connections.per.ip.overrides")))) {
    const std::size_t colon = item.rfind(':');
    std::int32_t limit = -1;
    if (colon != std::string::npos && colon > 0) {
      const auto parsed = std::from_chars(item.data() + colon + 1, item.data() + item.size(), limit);
      if (parsed.ec != std::errc() || parsed.ptr != item.data() + item.size()) limit = -1;
    }
    if (limit < 0) {
      return Status(StatusCode::kInvalidArgument, "Invalid value " + item +
                                                      " for configuration max.connections.per.ip.overrides: expected "
                                                      "host:limit");
    }
    c->max_connections_per_ip_overrides[item.substr(0, colon)] = limit;
  }
  return Status::Ok();
}

// Listener keys as the layers give them, strongest first.
Properties ListenerProperties(const ConfigLayers& layers) {
  Properties merged = layers.fixed;
  for (const auto* layer : {&layers.dynamic_default, &layers.dynamic_broker}) {
    for (const auto& [key, value] : *layer) merged[key] = value;
  }
  return merged;
}

Status Resolve(BrokerConfig* config) {
  const Binder bind(*config);
  BindGeneral(bind, config);
  BindReplication(bind, config);
  BindCoordinators(bind, config);
  BindLogs(bind, config);
  ResolveDurations(config);
  ResolveIds(config);
  ResolveLogDirs(config);
  OTTLA_RETURN_IF_ERROR(ResolveConnectionOverrides(config));
  const std::string& version_text = std::get<std::string>(config->Value("inter.broker.protocol.version"));
  Result<InterBrokerVersion> version = ParseInterBrokerVersion(version_text);
  if (!version.ok()) {
    return Status(StatusCode::kInvalidArgument,
                  "Invalid value " + version_text +
                      " for configuration inter.broker.protocol.version: " + version.status().message());
  }
  config->inter_broker_version = *version;
  Result<ListenerConfig> listeners = ResolveListeners(ListenerProperties(config->layers));
  if (!listeners.ok()) return listeners.status();
  config->listeners = std::move(listeners).value();
  return Status::Ok();
}

}  // namespace

std::span<const ConfigRow> BrokerRows() {
  static const std::vector<ConfigRow> rows = CollectRows();
  return rows;
}

const ConfigRow* FindBrokerRow(std::string_view name) {
  if (const ConfigRow* row = FindExact(name)) return row;
  constexpr std::string_view kPrefix = "listener.name.";
  if (!name.starts_with(kPrefix)) return nullptr;
  name.remove_prefix(kPrefix.size());
  // After the listener, and perhaps a SASL mechanism, stands the plain name.
  for (int parts = 0; parts < 2; ++parts) {
    const std::size_t dot = name.find('.');
    if (dot == std::string_view::npos) return nullptr;
    name.remove_prefix(dot + 1);
    if (const ConfigRow* row = FindExact(name)) return row;
  }
  return nullptr;
}

std::vector<std::string> BrokerSynonyms(std::string_view name) {
  static const std::vector<std::vector<std::string>> groups = {
      {"log.retention.ms", "log.retention.minutes", "log.retention.hours"},
      {"log.roll.ms", "log.roll.hours"},
      {"log.roll.jitter.ms", "log.roll.jitter.hours"},
      {"log.flush.interval.ms", "log.flush.scheduler.interval.ms"},
  };
  for (const auto& group : groups) {
    if (std::ranges::find(group, name) != group.end()) return group;
  }
  const ConfigRow* row = FindBrokerRow(name);
  if (row != nullptr && row->name != name) return {std::string(name), std::string(row->name)};
  return {std::string(name)};
}

Result<BrokerConfig> BrokerConfig::Make(Properties fixed, std::vector<std::string>* warnings) {
  return Make(ConfigLayers{.fixed = std::move(fixed)}, warnings);
}

Result<BrokerConfig> BrokerConfig::Make(ConfigLayers layers, std::vector<std::string>* warnings) {
  BrokerConfig config;
  config.layers = std::move(layers);
  OTTLA_RETURN_IF_ERROR(ParseAll(&config));
  OTTLA_RETURN_IF_ERROR(Resolve(&config));
  OTTLA_RETURN_IF_ERROR(CheckBrokerRules(config));
  if (warnings != nullptr) {
    for (const auto& [key, value] : config.layers.fixed) {
      if (FindBrokerRow(key) == nullptr) warnings->push_back(UnknownKeyWarning(key, config.layers.fixed));
    }
  }
  return config;
}

const ConfigValue& BrokerConfig::Value(std::string_view name) const {
  const auto it = values.find(name);
  OTTLA_CHECK(it != values.end()) << "no row of this name: " << name;
  return it->second;
}

bool BrokerConfig::IsSet(std::string_view name) const { return RawValue(name) != nullptr; }

const std::string* BrokerConfig::RawValue(std::string_view name) const {
  const std::string key(name);
  for (const Properties* layer : {&layers.dynamic_broker, &layers.dynamic_default, &layers.fixed}) {
    if (const auto it = layer->find(key); it != layer->end()) return &it->second;
  }
  return nullptr;
}

}  // namespace ottla
