// The parts of a broker: which settings each is given, and in which order they are made and joined.
#include <algorithm>
#include <utility>

#include "broker/server/broker.h"
#include "broker/server/log_settings.h"
#include "broker/server/request_versions.h"
#include "controller/shell/rpc_control_link.h"

namespace ottla {
namespace {

ReplicaOptions ReplicaOptionsOf(const BrokerConfig& config, BrokerId self) {
  ReplicaOptions out;
  out.self = self;
  out.lag_max = Millis(config.replica_lag_time_max_ms);
  out.rack = config.broker_rack.value_or("");
  // Kafka names its selectors by Java class; the rack aware one is the only one it ships besides "always the leader".
  if (const std::string* selector = config.RawValue("replica.selector.class"); selector != nullptr) {
    out.rack_aware_selector = selector->ends_with("RackAwareReplicaSelector");
  }
  return out;
}

ReplicaManager::Options ManagerOptionsOf(const BrokerConfig& config) {
  ReplicaManager::Options out;
  out.high_watermark_checkpoint = Millis(config.replica_high_watermark_checkpoint_interval_ms);
  out.lag_check = Millis(config.replica_lag_time_max_ms) / 2;
  return out;
}

AlterPartitionSender::Options IsrOptionsOf(const BrokerConfig& config, BrokerId self) {
  AlterPartitionSender::Options out;
  out.self = self;
  out.inter_broker_listener = config.listeners.inter_broker;
  out.request_timeout = Millis(config.request_timeout_ms);
  return out;
}

FetcherOptions FetcherOptionsOf(const BrokerConfig& config, BrokerId self) {
  FetcherOptions out;
  out.self = self;
  out.inter_broker_listener = config.listeners.inter_broker;
  out.fetch_version = FetchVersion(config.inter_broker_version);
  out.list_offsets_version = ListOffsetsVersion(config.inter_broker_version);
  out.wait_max_ms = config.replica_fetch_wait_max_ms;
  out.min_bytes = config.replica_fetch_min_bytes;
  out.max_bytes = config.replica_fetch_response_max_bytes;
  out.partition_max_bytes = config.replica_fetch_max_bytes;
  out.backoff = Millis(config.replica_fetch_backoff_ms);
  out.request_timeout = Millis(config.replica_socket_timeout_ms);
  return out;
}

controller::CoreOptions CoreOptionsOf(const BrokerConfig& config, BrokerId self) {
  controller::CoreOptions out;
  out.self = self;
  out.listener =
      config.listeners.control_plane.empty() ? config.listeners.inter_broker : config.listeners.control_plane;
  out.delete_topics = config.delete_topic_enable;
  out.unclean_default = config.unclean_leader_election_enable;
  out.default_partitions = config.num_partitions;
  out.default_replication_factor = static_cast<std::int16_t>(config.default_replication_factor);
  out.imbalance_percentage = config.leader_imbalance_per_broker_percentage;
  out.leader_recovery = config.inter_broker_version >= InterBrokerVersion{3, 2, 0};
  return out;
}

controller::ControllerOptions ControllerOptionsOf(const BrokerConfig& config, BrokerId self) {
  controller::ControllerOptions out;
  out.core = CoreOptionsOf(config, self);
  out.feature_version = config.inter_broker_version >= InterBrokerVersion{3, 3, 0} ? 2 : 1;
  out.auto_rebalance = config.auto_leader_rebalance_enable;
  out.rebalance_every = std::chrono::seconds(config.leader_imbalance_check_interval_seconds);
  return out;
}

controller::RpcLinkOptions LinkOptionsOf(const BrokerConfig& config, const controller::CoreOptions& core) {
  controller::RpcLinkOptions out;
  out.self = core.self;
  out.versions = controller::ControlVersionsOf(config.inter_broker_version);
  out.listener = core.listener;
  out.connect_timeout = Millis(config.controller_socket_timeout_ms);
  out.request_timeout = Millis(config.request_timeout_ms);
  return out;
}

// Kafka's default is no limit; ours is one that still lets the largest legal request in.
std::uint64_t RequestMemory(const BrokerConfig& config) {
  constexpr std::uint64_t kDefault = 256 << 20;
  if (config.queued_max_request_bytes > 0) return static_cast<std::uint64_t>(config.queued_max_request_bytes);
  return std::max(kDefault, static_cast<std::uint64_t>(config.socket_request_max_bytes));
}

// Half of what the process may have open at once: a log that cannot be opened takes its directory offline, while a
// client that is turned away comes again.
std::size_t ConnectionsOf(const BrokerConfig& config, std::size_t open_files) {
  const auto wanted = static_cast<std::size_t>(config.max_connections);
  return open_files == 0 ? wanted : std::min(wanted, open_files / 2);
}

SocketServer::Options SocketOptionsOf(const BrokerConfig& config, const Network& network, std::size_t open_files) {
  SocketServer::Options out;
  out.pipeline.connection.max_frame_bytes = config.socket_request_max_bytes;
  out.pipeline.connection.send.sendfile_from = network.sendfile_from();
  out.pipeline.connection.idle_timeout = Millis(config.connections_max_idle_ms);
  out.limits.total = ConnectionsOf(config, open_files);
  out.limits.per_ip = static_cast<std::size_t>(config.max_connections_per_ip);
  for (const auto& [host, count] : config.max_connections_per_ip_overrides) {
    out.limits.per_ip_overrides[host] = static_cast<std::size_t>(count);
  }
  out.memory_bytes = RequestMemory(config);
  out.backlog = config.socket_listen_backlog_size;
  out.log_dirs = config.log_dirs.size();
  return out;
}

Result<std::vector<SocketServer::ListenerSpec>> ListenersOf(const BrokerConfig& config) {
  std::vector<SocketServer::ListenerSpec> out;
  for (const ListenerEndpoint& at : config.listeners.listeners) {
    const std::string protocol(ToString(at.protocol));
    if (at.protocol != SecurityProtocol::kPlaintext) {
      return Status{StatusCode::kUnsupported, "listener " + at.listener + " asks for " + protocol +
                                                  ", which is not supported yet; only PLAINTEXT is"};
    }
    out.push_back({at.listener, protocol, Endpoint{at.host, static_cast<std::uint16_t>(at.port)}});
  }
  return out;
}

}  // namespace

void Broker::Build() {
  BuildReplicas();
  BuildController();
  BuildApi();
}

void Broker::BuildReplicas() {
  replica_env_ = std::make_unique<ReplicaEnv>(ReplicaEnv{
      .clock = env_.clock,
      .logs = *logs_,
      .topic_config = [this](std::string_view topic) { return topics_.Config(topic); },
      .log_config = [this](const std::string& topic) { return MakeLogConfig(*topics_.Config(topic), *config_); },
      .options = ReplicaOptionsOf(*config_, self_)});
  shards_ = std::make_unique<PartitionShards>(env_.executors, *replica_env_);
  replicas_ = std::make_unique<ReplicaManager>(control_, *shards_, *logs_, ManagerOptionsOf(*config_));
  isr_sender_ = std::make_unique<AlterPartitionSender>(control_context_, env_.network, env_.random.Next(),
                                                       IsrOptionsOf(*config_, self_), [this] { return epoch_; });
  std::vector<LoopContext*> contexts;
  for (const auto& context : contexts_) contexts.push_back(context.get());
  fetchers_ = std::make_unique<ReplicaFetchers>(*shards_, contexts, env_.network, env_.random.Next(),
                                                FetcherOptionsOf(*config_, self_));
  replica_env_->isr_sender = isr_sender_.get();
  replica_env_->fetchers = fetchers_.get();
}

void Broker::BuildController() {
  controller_client_ = std::make_unique<ControllerClient>(
      control_context_, env_.network, env_.random.Next(),
      ControllerClient::Options{self_, config_->listeners.inter_broker, Millis(config_->request_timeout_ms)});
  zk_producer_ids_ = std::make_unique<ZkProducerIds>(env_.zk, self_);
  producer_ids_ = std::make_unique<ProducerIds>(control_, [this](UniqueFunction<void(Result<ProducerIdBlock>)> done) {
    if (AllocatesByController(config_->inter_broker_version)) {
      controller_client_->AllocateProducerIds(std::move(done));
    } else {
      zk_producer_ids_->Allocate(std::move(done));
    }
  });
  controller::ControllerOptions options = ControllerOptionsOf(*config_, self_);
  options.core.seed = env_.random.Next();
  options.core.validate_config = [this](const std::string&, const std::map<std::string, std::string>& configs) {
    return ValidateTopicConfig(*config_, configs);
  };
  auto links = controller::MakeRpcLinks(control_context_, env_.network, env_.random.Fork(),
                                        LinkOptionsOf(*config_, options.core));
  controller_ = std::make_unique<controller::Controller>(control_, env_.zk, env_.clock, options, std::move(links));
}

void Broker::BuildApi() {
  services_ = std::make_unique<ApiServices>(
      ApiServices{.config = config_,
                  .self = self_,
                  .cluster_id = cluster_id_,
                  .clock = env_.clock,
                  .executors = env_.executors,
                  .shards = *shards_,
                  .replicas = *replicas_,
                  .controller = *controller_,
                  .topics = topics_,
                  .producer_ids = *producer_ids_,
                  .topic_config = replica_env_->topic_config,
                  .finalized_features_epoch = [this] { return watcher_.feature_version(); }});
  api_ = std::make_unique<ApiServer>(*services_, env_.random.Fork());
  topics_.SetView([this] { return replicas_->metadata(); });
  topics_.OnChange([this](const std::string& topic) { replicas_->OnTopicConfigChanged(topic); });
  replicas_->AddListener(this);
  replicas_->AddListener(api_.get());
}

void Broker::Listen() {
  auto listeners = ListenersOf(*config_);
  if (!listeners.ok()) {
    StartFailed(listeners.status());
    return;
  }
  sockets_ = std::make_unique<SocketServer>(env_.executors, env_.network, env_.clock, *api_,
                                            SocketOptionsOf(*config_, env_.network, options_.open_files));
  sockets_->Start(std::move(*listeners), [this](Result<std::vector<std::uint16_t>> ports) {
    control_.Post([this, ports = std::move(ports)]() mutable {
      if (!ports.ok()) {
        StartFailed(ports.status());
        return;
      }
      ports_ = std::move(*ports);
      Register();
    });
  });
}

}  // namespace ottla
