// The start of a broker, one step after the other: locks, session, identity, logs, parts, sockets, registration,
// service.
#include <algorithm>
#include <utility>

#include "broker/server/broker.h"
#include "broker/server/log_settings.h"
#include "controller/shell/rpc_control_link.h"

namespace ottla {
namespace {

constexpr Micros kFirstUpkeep = std::chrono::seconds(30);
constexpr int kTopicIdVersion = 13;  // of Fetch

// Requests between brokers whose version is fixed by inter.broker.protocol.version and not negotiated.
std::int16_t FetchVersion(const InterBrokerVersion& ibp) {
  if (ibp >= InterBrokerVersion{3, 9, 0}) return 17;
  if (ibp >= InterBrokerVersion{3, 7, 4}) return 16;
  if (ibp >= InterBrokerVersion{3, 5, 1}) return 15;
  if (ibp >= InterBrokerVersion{3, 5, 0}) return 14;
  if (ibp >= InterBrokerVersion{3, 1, 0}) return kTopicIdVersion;
  return 12;
}

std::int16_t ListOffsetsVersion(const InterBrokerVersion& ibp) {
  if (ibp >= InterBrokerVersion{3, 9, 0}) return 9;
  if (ibp >= InterBrokerVersion{3, 5, 0}) return 8;
  if (ibp >= InterBrokerVersion{3, 0, 1}) return 7;
  return 6;
}

}  // namespace

void Broker::Start(UniqueFunction<void(Status)> done) {
  control_.Post([this, done = std::move(done)]() mutable {
    started_ = std::move(done);
    // Below 2.8 there are no topic ids and, below 2.7, ISR changes go through ZooKeeper: not built yet.
    if (config_->inter_broker_version < InterBrokerVersion{2, 8, 1}) {
      StartFailed({StatusCode::kUnsupported, "inter.broker.protocol.version " +
                                                 config_->inter_broker_version.ToString() +
                                                 " is not supported; use 2.8 or newer"});
      return;
    }
    OpenLogs();
  });
}

void Broker::StartFailed(const Status& why) {
  if (!started_) return;
  control_.Cancel(connect_timer_);
  connect_timer_ = 0;
  std::exchange(started_, nullptr)(why);
}

void Broker::OpenLogs() {
  LogManagerOptions options;
  options.dirs = config_->log_dirs;
  options.loop_of = [loops = env_.executors.data_loops()](const TopicPartition& tp) {
    return ShardIndex(tp.topic, tp.partition, loops);
  };
  options.config_of = [this](const std::string& topic) { return MakeLogConfig(*topics_.Config(topic), *config_); };
  logs_ = std::make_unique<LogManager>(env_.executors, env_.files, env_.clock, env_.random.Fork(), std::move(options));
  logs_->OnDirOffline([this](std::size_t dir, const Status& why) { OnDirOffline(dir, why); });
  logs_->Open([this](Result<DirIdentity> identity) {
    if (!identity.ok()) {
      StartFailed(identity.status());
      return;
    }
    self_ = BrokerId(config_->broker_id);
    if (self_ < BrokerId(0)) self_ = identity->broker_id.value_or(kNoBroker);
    EndOldSession();
  });
}

// With the locks held, no other process of this broker lives: what its session still holds may go.
void Broker::EndOldSession() {
  const std::string path = SessionFilePath(config_->log_dirs.front());
  env_.executors.Disk(0).Post([this, path, &files = env_.files] {
    auto old = ReadSessionFile(files, path);
    control_.Post([this, old = std::move(old)] {
      if (!old.ok()) {
        if (old.status().code() != StatusCode::kNotFound) LOG(WARNING) << old.status();
        Connect();
        return;
      }
      env_.zk.CloseOldSession(*old, [this](const Status& status) {
        if (status.ok()) LOG(INFO) << "ended the ZooKeeper session of this broker's previous process";
        Connect();
      });
    });
  });
}

void Broker::Connect() {
  const Millis limit(config_->zookeeper_connection_timeout_ms);
  connect_timer_ = control_.RunAfter(limit, [this, limit] {
    connect_timer_ = 0;
    StartFailed({StatusCode::kTimeout, "no connection to ZooKeeper at " + config_->zookeeper_connect + " within " +
                                           std::to_string(limit.count()) +
                                           " ms (zookeeper.connection.timeout.ms); is it running and reachable?"});
  });
  env_.zk.Start([this](ZkClient::SessionState state) { OnSession(state); });
}

void Broker::Prepare() {
  registration_.Prepare([this](Result<std::string> cluster_id) {
    if (!cluster_id.ok()) {
      StartFailed(cluster_id.status());
      return;
    }
    cluster_id_ = std::move(*cluster_id);
    if (self_ >= BrokerId(0)) {
      LoadLogs();
      return;
    }
    registration_.GenerateId(config_->reserved_broker_max_id, [this](Result<BrokerId> id) {
      if (!id.ok()) {
        StartFailed(id.status());
        return;
      }
      self_ = *id;
      LoadLogs();
    });
  });
}

void Broker::LoadLogs() {
  topics_.LoadAll([this] {
    const MonoTime begin = env_.clock.Now();
    logs_->Load(self_, cluster_id_, [this, begin](const Status& status) {
      if (!status.ok()) {
        StartFailed(status);
        return;
      }
      LOG(INFO) << "logs loaded in " << ToMillis(env_.clock.Now()) - ToMillis(begin) << " ms";
      Build();
      Listen();
    });
  });
}

void Broker::Build() {
  const std::string& listener = config_->listeners.inter_broker;
  const TopicConfigSource topic_config = [this](std::string_view topic) { return topics_.Config(topic); };

  ReplicaOptions replica;
  replica.self = self_;
  replica.lag_max = Millis(config_->replica_lag_time_max_ms);
  replica.rack = config_->broker_rack.value_or("");
  // Kafka names its selectors by Java class; the rack aware one is the only one it ships besides "always the leader".
  if (const std::string* selector = config_->RawValue("replica.selector.class"); selector != nullptr) {
    replica.rack_aware_selector = selector->ends_with("RackAwareReplicaSelector");
  }
  replica_env_ = std::make_unique<ReplicaEnv>(ReplicaEnv{
      .clock = env_.clock,
      .logs = *logs_,
      .topic_config = topic_config,
      .log_config = [this](const std::string& topic) { return MakeLogConfig(*topics_.Config(topic), *config_); },
      .options = replica});
  shards_ = std::make_unique<PartitionShards>(env_.executors, *replica_env_);
  ReplicaManager::Options manager;
  manager.high_watermark_checkpoint = Millis(config_->replica_high_watermark_checkpoint_interval_ms);
  manager.lag_check = Millis(config_->replica_lag_time_max_ms) / 2;
  replicas_ = std::make_unique<ReplicaManager>(control_, *shards_, *logs_, manager);

  AlterPartitionSender::Options isr;
  isr.self = self_;
  isr.inter_broker_listener = listener;
  isr.request_timeout = Millis(config_->request_timeout_ms);
  isr_sender_ = std::make_unique<AlterPartitionSender>(control_context_, env_.network, env_.random.Next(), isr,
                                                       [this] { return epoch_; });
  FetcherOptions fetch;
  fetch.self = self_;
  fetch.inter_broker_listener = listener;
  fetch.fetch_version = FetchVersion(config_->inter_broker_version);
  fetch.list_offsets_version = ListOffsetsVersion(config_->inter_broker_version);
  fetch.wait_max_ms = config_->replica_fetch_wait_max_ms;
  fetch.min_bytes = config_->replica_fetch_min_bytes;
  fetch.max_bytes = config_->replica_fetch_response_max_bytes;
  fetch.partition_max_bytes = config_->replica_fetch_max_bytes;
  fetch.backoff = Millis(config_->replica_fetch_backoff_ms);
  fetch.request_timeout = Millis(config_->replica_socket_timeout_ms);
  std::vector<LoopContext*> contexts;
  for (const auto& context : contexts_) contexts.push_back(context.get());
  fetchers_ = std::make_unique<ReplicaFetchers>(*shards_, contexts, env_.network, env_.random.Next(), fetch);
  replica_env_->isr_sender = isr_sender_.get();
  replica_env_->fetchers = fetchers_.get();

  ControllerClient::Options client{self_, listener, Millis(config_->request_timeout_ms)};
  controller_client_ = std::make_unique<ControllerClient>(control_context_, env_.network, env_.random.Next(), client);
  producer_ids_ = std::make_unique<ProducerIds>(control_, [this](UniqueFunction<void(Result<ProducerIdBlock>)> done) {
    controller_client_->AllocateProducerIds(std::move(done));
  });

  controller::ControllerOptions control;
  control.core.self = self_;
  control.core.listener = config_->listeners.control_plane.empty() ? listener : config_->listeners.control_plane;
  control.core.delete_topics = config_->delete_topic_enable;
  control.core.unclean_default = config_->unclean_leader_election_enable;
  control.core.default_partitions = config_->num_partitions;
  control.core.default_replication_factor = static_cast<std::int16_t>(config_->default_replication_factor);
  control.core.imbalance_percentage = config_->leader_imbalance_per_broker_percentage;
  control.core.leader_recovery = config_->inter_broker_version >= InterBrokerVersion{3, 2, 0};
  control.feature_version = config_->inter_broker_version >= InterBrokerVersion{3, 3, 0} ? 2 : 1;
  control.core.seed = env_.random.Next();
  control.core.validate_config = [this](const std::string&, const std::map<std::string, std::string>& configs) {
    return ValidateTopicConfig(*config_, configs);
  };
  control.auto_rebalance = config_->auto_leader_rebalance_enable;
  control.rebalance_every = std::chrono::seconds(config_->leader_imbalance_check_interval_seconds);
  controller::RpcLinkOptions link;
  link.self = self_;
  link.versions = controller::ControlVersionsOf(config_->inter_broker_version);
  link.listener = control.core.listener;
  link.connect_timeout = Millis(config_->controller_socket_timeout_ms);
  link.request_timeout = Millis(config_->request_timeout_ms);
  controller_ = std::make_unique<controller::Controller>(
      control_, env_.zk, env_.clock, control,
      controller::MakeRpcLinks(control_context_, env_.network, env_.random.Fork(), link));

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
                  .topic_config = topic_config,
                  .finalized_features_epoch = [this] { return watcher_.feature_version(); }});
  api_ = std::make_unique<ApiServer>(*services_, env_.random.Fork());
  topics_.SetView([this] { return replicas_->metadata(); });
  topics_.OnChange([this](const std::string& topic) { replicas_->OnTopicConfigChanged(topic); });
  replicas_->AddListener(this);
  replicas_->AddListener(api_.get());
}

void Broker::Listen() {
  SocketServer::Options options;
  options.pipeline.connection.max_frame_bytes = config_->socket_request_max_bytes;
  options.pipeline.connection.idle_timeout = Millis(config_->connections_max_idle_ms);
  options.limits.total = static_cast<std::size_t>(config_->max_connections);
  options.limits.per_ip = static_cast<std::size_t>(config_->max_connections_per_ip);
  for (const auto& [host, count] : config_->max_connections_per_ip_overrides) {
    options.limits.per_ip_overrides[host] = static_cast<std::size_t>(count);
  }
  // Kafka's default is no limit; ours is one that still lets the largest legal request in.
  constexpr std::uint64_t kDefaultMemory = 256 << 20;
  const auto largest = static_cast<std::uint64_t>(config_->socket_request_max_bytes);
  options.memory_bytes = config_->queued_max_request_bytes > 0
                             ? static_cast<std::uint64_t>(config_->queued_max_request_bytes)
                             : std::max(kDefaultMemory, largest);
  options.backlog = config_->socket_listen_backlog_size;
  options.log_dirs = config_->log_dirs.size();
  sockets_ = std::make_unique<SocketServer>(env_.executors, env_.network, env_.clock, *api_, options);
  std::vector<SocketServer::ListenerSpec> listeners;
  for (const ListenerEndpoint& at : config_->listeners.listeners) {
    if (at.protocol != SecurityProtocol::kPlaintext) {
      StartFailed({StatusCode::kUnsupported, "listener " + at.listener + " asks for " +
                                                 std::string(ToString(at.protocol)) +
                                                 ", which is not supported yet; only PLAINTEXT is"});
      return;
    }
    listeners.push_back(
        {at.listener, std::string(ToString(at.protocol)), Endpoint{at.host, static_cast<std::uint16_t>(at.port)}});
  }
  sockets_->Start(std::move(listeners), [this](Result<std::vector<std::uint16_t>> ports) {
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

void Broker::Register() {
  // A foreign owner of our znode is waited for as long as ZooKeeper may keep a dead process's session, and a little
  // more.
  const Micros wait = Millis(config_->zookeeper_session_timeout_ms) * 5 / 4;
  registration_.Register(self_, RegistrationData(), wait, [this](Result<BrokerEpoch> epoch) {
    if (!epoch.ok()) {
      StartFailed(epoch.status());
      return;
    }
    SetEpoch(*epoch);
    Serve();
  });
}

void Broker::Serve() {
  watcher_.Start();
  controller_->Start();
  StartTimers();
  if (started_) std::exchange(started_, nullptr)(Status::Ok());
}

void Broker::Every(Micros first, Micros period, std::function<void()> work) {
  control_.RunAfter(first, [this, period, work = std::move(work)]() mutable {
    if (stopping_) return;
    work();
    Every(period, period, std::move(work));
  });
}

void Broker::StartTimers() {
  const auto log_failure = [](const char* what) {
    return [what](const Status& status) {
      if (!status.ok()) LOG(ERROR) << what << ": " << status;
    };
  };
  const Millis points(config_->log_flush_offset_checkpoint_interval_ms);
  Every(kFirstUpkeep, points,
        [this, log_failure] { logs_->CheckpointRecoveryPoints(log_failure("recovery point checkpoint")); });
  const Millis starts(config_->log_flush_start_offset_checkpoint_interval_ms);
  Every(kFirstUpkeep, starts, [this, log_failure] { logs_->CheckpointLogStarts(log_failure("log start checkpoint")); });
  Every(kFirstUpkeep, Millis(config_->log_retention_check_interval_ms), [this] { logs_->RunRetention(); });
  Every(kFirstUpkeep, Millis(config_->producer_id_expiration_check_interval_ms),
        [this] { logs_->RunProducerExpiry(); });
  constexpr std::int64_t kNever = std::int64_t{1} << 50;  // ms; the default is the largest number there is
  if (config_->log_flush_scheduler_interval_ms < kNever) {
    const Millis flush(std::max<std::int64_t>(1, config_->log_flush_scheduler_interval_ms));
    Every(flush, flush, [this] { logs_->RunFlush(); });
  }
}

}  // namespace ottla
