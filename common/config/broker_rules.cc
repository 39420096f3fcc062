#include "common/config/broker_rules.h"

#include <algorithm>
#include <functional>
#include <string>

namespace ottla {
namespace {

Status Bad(std::string message) { return Status(StatusCode::kInvalidArgument, std::move(message)); }

std::int64_t Number(const BrokerConfig& config, std::string_view name) {
  return std::get<std::int64_t>(config.Value(name));
}

bool IsEmpty(const ConfigValue& value) { return CanonicalText(value).value_or("").empty(); }

bool Contains(const ConfigValue& list, std::string_view item) {
  return std::ranges::any_of(std::get<std::vector<std::string>>(list), [&](const std::string& s) { return s == item; });
}

Status CheckIds(const BrokerConfig& config) {
  if (!config.broker_id_generation_enable) {
    return config.broker_id >= 0 ? Status::Ok() : Bad("broker.id must be greater than or equal to 0");
  }
  if (config.broker_id <= config.reserved_broker_max_id) return Status::Ok();
  return Bad("broker.id must be greater than or equal to -1 and not greater than reserved.broker.max.id (" +
             std::to_string(config.reserved_broker_max_id) + ")");
}

Status CheckNodeId(const BrokerConfig& config) {
  if (!config.IsSet("node.id") || !config.IsSet("broker.id")) return Status::Ok();
  if (Number(config, "node.id") == Number(config, "broker.id")) return Status::Ok();
  return Bad("You must set `node.id` to the same value as `broker.id`.");
}

Status CheckZooKeeperMode(const BrokerConfig& config) {
  if (config.zookeeper_connect.empty()) {
    return Bad("Missing required configuration `zookeeper.connect` which has no default value.");
  }
  if (!IsEmpty(config.Value("process.roles"))) {
    return Bad("process.roles must be empty when running with ZooKeeper");
  }
  if (!IsEmpty(config.Value("controller.listener.names"))) {
    return Bad("controller.listener.names must be empty when not running in KRaft mode");
  }
  if (std::get<bool>(config.Value("zookeeper.metadata.migration.enable"))) {
    return Bad("zookeeper.metadata.migration.enable must be false: there is no KRaft to migrate to");
  }
  if (std::get<bool>(config.Value("remote.log.storage.system.enable"))) {
    return Bad("remote.log.storage.system.enable must be false: tiered storage needs Java plugins");
  }
  if (Contains(config.Value("group.coordinator.rebalance.protocols"), "consumer") ||
      Contains(config.Value("group.coordinator.rebalance.protocols"), "share")) {
    return Bad("The new 'consumer' and 'share' rebalance protocols are only supported in KRaft cluster.");
  }
  if (Contains(config.Value("group.coordinator.rebalance.protocols"), "classic")) return Status::Ok();
  return Bad("Disabling the 'classic' rebalance protocol is not supported.");
}

Status CheckNetwork(const BrokerConfig& config) {
  if (config.queued_max_request_bytes > 0 && config.queued_max_request_bytes < config.socket_request_max_bytes) {
    return Bad("queued.max.request.bytes must be larger or equal to socket.request.max.bytes");
  }
  if (config.max_connections_per_ip == 0 && config.max_connections_per_ip_overrides.empty()) {
    return Bad("max.connections.per.ip can be set to zero only if max.connections.per.ip.overrides property is set.");
  }
  const std::int64_t delay = Number(config, "connection.failed.authentication.delay.ms");
  if (config.connections_max_idle_ms > 0 && delay >= config.connections_max_idle_ms) {
    return Bad("connection.failed.authentication.delay.ms=" + std::to_string(delay) +
               " should always be less than connections.max.idle.ms=" + std::to_string(config.connections_max_idle_ms) +
               " to prevent failed authentication responses from timing out");
  }
  const auto uses_sasl = [&] {
    for (const ListenerEndpoint& endpoint : config.listeners.advertised) {
      if (endpoint.listener != config.listeners.inter_broker) continue;
      return endpoint.protocol == SecurityProtocol::kSaslPlaintext || endpoint.protocol == SecurityProtocol::kSaslSsl;
    }
    return false;
  };
  const auto& mechanism = std::get<std::string>(config.Value("sasl.mechanism.inter.broker.protocol"));
  if (uses_sasl() && !Contains(config.Value("sasl.enabled.mechanisms"), mechanism)) {
    return Bad(
        "sasl.mechanism.inter.broker.protocol must be included in sasl.enabled.mechanisms when SASL is used for "
        "inter-broker communication");
  }
  return Status::Ok();
}

Status CheckReplication(const BrokerConfig& config) {
  if (config.replica_fetch_wait_max_ms > config.replica_socket_timeout_ms) {
    return Bad(
        "replica.socket.timeout.ms should always be at least replica.fetch.wait.max.ms to prevent unnecessary "
        "socket timeouts");
  }
  if (config.replica_fetch_wait_max_ms > config.replica_lag_time_max_ms) {
    return Bad(
        "replica.fetch.wait.max.ms should always be less than or equal to replica.lag.time.max.ms to prevent "
        "frequent changes in ISR");
  }
  const std::int64_t acks = Number(config, "offsets.commit.required.acks");
  if (acks < -1 || acks > config.offsets_topic_replication_factor) {
    return Bad(
        "offsets.commit.required.acks must be greater or equal -1 and less or equal to "
        "offsets.topic.replication.factor");
  }
  return Status::Ok();
}

Status CheckLogs(const BrokerConfig& config) {
  if (config.log_dirs.empty()) {
    return Bad("At least one log directory must be defined via log.dirs or log.dir.");
  }
  for (std::string_view name : {"log.retention.ms", "log.retention.minutes", "log.retention.hours"}) {
    const auto* value = std::get_if<std::int64_t>(&config.Value(name));
    if (value != nullptr && *value == 0) {
      return Bad(std::string(name) + " must be unlimited (-1) or, equal or greater than 1");
    }
  }
  const std::int64_t threads = config.log_cleaner_threads;
  if (config.log_cleaner_enable && threads > 0 &&
      config.log_cleaner_dedupe_buffer_size / threads <= std::int64_t{1} << 20) {
    return Bad("log.cleaner.dedupe.buffer.size must be at least 1MB per cleaner thread.");
  }
  const std::int64_t gzip = Number(config, "compression.gzip.level");
  if (gzip != -1 && (gzip < 1 || gzip > 9)) {
    return Bad("Invalid value " + std::to_string(gzip) +
               " for configuration compression.gzip.level: Value must be between 1 and 9 or equal to -1");
  }
  return Status::Ok();
}

}  // namespace

Status CheckBrokerRules(const BrokerConfig& config) {
  for (const auto& check : {CheckZooKeeperMode, CheckNodeId, CheckIds, CheckNetwork, CheckReplication, CheckLogs}) {
    OTTLA_RETURN_IF_ERROR(check(config));
  }
  return Status::Ok();
}

}  // namespace ottla
