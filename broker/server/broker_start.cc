// The start of a broker, one step after the other: locks, session, identity, logs, parts, sockets, registration,
// service. What is built with which settings stands in broker_build.cc.
#include <algorithm>
#include <utility>

#include "broker/server/broker.h"
#include "broker/server/log_settings.h"

namespace ottla {
namespace {

constexpr Micros kFirstUpkeep = std::chrono::seconds(30);

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

// A quarter of what the process may have open is for logs, at least some.
std::size_t Broker::OpenFilesPerLoop() const {
  constexpr std::size_t kLeast = 16;
  if (options_.open_files == 0) return SIZE_MAX;
  return std::max(kLeast, options_.open_files / 4 / env_.executors.data_loops());
}

void Broker::OpenLogs() {
  LogManagerOptions options;
  options.dirs = config_->log_dirs;
  options.loop_of = [loops = env_.executors.data_loops()](const TopicPartition& tp) {
    return ShardIndex(tp.topic, tp.partition, loops);
  };
  options.open_files_per_loop = std::min(options.open_files_per_loop, OpenFilesPerLoop());
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
