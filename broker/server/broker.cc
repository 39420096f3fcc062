#include "broker/server/broker.h"

#include <utility>

#include "common/zk/zk_paths.h"

namespace ottla {
namespace {

constexpr Micros kRegisterRetry = std::chrono::seconds(1);
constexpr Micros kTellAgain = std::chrono::seconds(1);

}  // namespace

Broker::Broker(Env env, std::shared_ptr<const BrokerConfig> config, Options options)
    : env_(env),
      config_(std::move(config)),
      options_(std::move(options)),
      control_(env_.executors.Control()),
      topics_(control_, env_.zk, config_, env_.random.Fork()),
      registration_(control_, env_.zk, env_.clock, env_.random.Fork()),
      watcher_(control_, env_.zk, env_.clock, [this](const std::string& entity) { OnConfigChange(entity); }) {
  for (std::size_t i = 0; i < env_.executors.data_loops(); ++i) {
    auto& context = contexts_.emplace_back(std::make_unique<LoopContext>());
    context->executor = &env_.executors.Data(i);
    context->clock = &env_.clock;
  }
  control_context_.executor = &control_;
  control_context_.clock = &env_.clock;
}

Broker::~Broker() = default;

void Broker::OnSession(ZkClient::SessionState state) {
  switch (state) {
    case ZkClient::SessionState::kConnecting:
      if (connected_once_) LOG(WARNING) << "connection to ZooKeeper lost; serving on and trying again";
      return;
    case ZkClient::SessionState::kConnected:
      if (!stopping_ && env_.zk.session().id != kept_session_) KeepSession();
      if (!connected_once_) {
        connected_once_ = true;
        control_.Cancel(connect_timer_);
        Prepare();
      } else if (!stopping_ && registered_once_) {
        OnNewSession();
      }
      return;
    case ZkClient::SessionState::kExpired:
      if (stopping_) return;
      LOG(WARNING) << "the ZooKeeper session has expired: other brokers may lead by now";
      if (controller_ != nullptr) controller_->SessionExpired();
      if (replicas_ != nullptr) replicas_->OnSessionLost();
      epoch_ = BrokerEpoch(-1);
      env_.zk.NewSession();
      return;
    case ZkClient::SessionState::kAuthFailed:
      Fatal({StatusCode::kUnavailable, "ZooKeeper refused this broker's authentication"});
      return;
  }
}

// A connection that came back with its old session needs nothing: its watches and its registration live on.
void Broker::OnNewSession() {
  if (epoch_.value >= 0) return;
  topics_.LoadAll([this] { RegisterAgain(); });
}

void Broker::RegisterAgain() {
  registration_.Register(self_, RegistrationData(), Millis(config_->zookeeper_session_timeout_ms) * 2,
                         [this](Result<BrokerEpoch> epoch) {
                           if (stopping_) return;
                           if (!epoch.ok()) {
                             if (epoch.status().code() == StatusCode::kAlreadyExists) {
                               Fatal(epoch.status());
                               return;
                             }
                             LOG(WARNING) << epoch.status() << "; trying again";
                             control_.RunAfter(kRegisterRetry, [this] {
                               if (epoch_.value < 0 && !stopping_) RegisterAgain();
                             });
                             return;
                           }
                           SetEpoch(*epoch);
                           watcher_.Start();
                           controller_->Start();
                         });
}

// The keeper and the next process of this broker learn how to end this session.
void Broker::KeepSession() {
  const ZkSession session = env_.zk.session();
  kept_session_ = session.id;
  if (options_.keeper) options_.keeper(session);
  const std::string path = SessionFilePath(config_->log_dirs.front());
  env_.executors.Disk(0).Post([&files = env_.files, path, session] {
    const Status status = WriteSessionFile(files, path, session);
    if (!status.ok()) LOG(WARNING) << "a restart after a crash may have to wait for the session timeout: " << status;
  });
}

zk::BrokerRegistration Broker::RegistrationData() const {
  zk::BrokerRegistration data;
  data.rack = config_->broker_rack;
  const ListenerConfig& listeners = config_->listeners;
  for (const ListenerEndpoint& advertised : listeners.advertised) {
    zk::ListenerEndpoint endpoint;
    endpoint.listener = advertised.listener;
    endpoint.protocol = ToString(advertised.protocol);
    endpoint.host = advertised.host.empty() ? options_.host_name : advertised.host;
    endpoint.port = advertised.port;
    for (std::size_t i = 0; endpoint.port == 0 && i < listeners.listeners.size() && i < ports_.size(); ++i) {
      if (listeners.listeners[i].listener == advertised.listener) endpoint.port = ports_[i];
    }
    data.endpoints.push_back(std::move(endpoint));
  }
  return data;
}

void Broker::SetEpoch(BrokerEpoch epoch) {
  epoch_ = epoch;
  registered_once_ = true;
  replicas_->SetBrokerEpoch(epoch);
  fetchers_->SetBrokerEpoch(epoch);
  controller_client_->SetBrokerEpoch(epoch);
  LOG(INFO) << "registered as broker " << self_ << " with epoch " << epoch;
}

void Broker::OnMetadata(const MetadataPtr& view) {
  isr_sender_->OnMetadata(view);
  controller_client_->OnMetadata(view);
}

void Broker::OnDeleted(const std::vector<TopicPartition>& partitions) {
  for (const TopicPartition& tp : partitions) {
    if (replicas_->metadata()->FindTopic(tp.topic) == nullptr) topics_.Forget(tp.topic);
  }
}

void Broker::OnConfigChange(const std::string& entity) {
  constexpr std::string_view kTopics = "topics/";
  if (!entity.starts_with(kTopics)) {
    LOG(WARNING) << "settings of " << entity << " changed in ZooKeeper; this broker takes them at its next start";
    return;
  }
  const std::string topic = entity.substr(kTopics.size());
  topics_.Load({topic}, [this, topic] {
    if (controller_ != nullptr) controller_->TopicConfigChanged(topic);
  });
}

void Broker::OnDirOffline(std::size_t dir, const Status& why) {
  LOG(ERROR) << "log dir " << config_->log_dirs[dir] << " is offline until the next start: " << why;
  if (logs_->AllOffline()) {
    Fatal({StatusCode::kIoError, "all log dirs are offline: " + why.message()});
    return;
  }
  if (replicas_ != nullptr) replicas_->OnDirOffline(dir);
  TellOfFailedDir();
}

// Until it is heard: the controller moves leadership away by nothing else. Told twice does no harm.
void Broker::TellOfFailedDir() {
  env_.zk.Create(std::string(zk::kLogDirEvents) + "/" + zk::kLogDirEventPrefix, zk::EncodeLogDirEvent(self_),
                 ZkCreateMode::kPersistentSequential, [this](ZkError error, const std::string&) {
                   if (error == ZkError::kOk || stopping_ || dir_timer_ != 0) return;
                   LOG(WARNING) << "the controller could not be told of the lost log dir: " << ToString(error)
                                << "; trying again";
                   dir_timer_ = control_.RunAfter(kTellAgain, [this] {
                     dir_timer_ = 0;
                     if (!stopping_) TellOfFailedDir();
                   });
                 });
}

void Broker::Fatal(const Status& why) {
  if (started_) {
    StartFailed(why);
    return;
  }
  if (!options_.on_fatal) return;
  auto told = std::move(options_.on_fatal);
  options_.on_fatal = nullptr;
  told(why);
}

void Broker::ForEachBounds(std::size_t loop, const std::function<void(const PartitionBounds&)>& visit) const {
  if (shards_ != nullptr) shards_->at(loop).ForEachBounds(visit);
}

std::vector<LogDirStatus> Broker::LogDirs() const {
  return logs_ == nullptr ? std::vector<LogDirStatus>{} : logs_->Dirs();
}

void Broker::ForEachReplica(std::size_t loop, const std::function<void(const PartitionInfo&)>& visit) const {
  if (shards_ != nullptr) shards_->at(loop).ForEachInfo(visit);
}

}  // namespace ottla
