// One broker: builds the parts, starts and stops them in one order, and passes on what concerns several of them (the
// ZooKeeper session, new metadata, changed settings, a lost log dir). main.cc and the simulated cluster build the same.
//
// Owner: the control loop, but for Start, Stop and ForEachReplica, which may be called from any thread that is no loop.
// A killed process simply ends: the object is then destroyed after its executors, and destructors post nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "broker/api/api_server.h"
#include "broker/log/log_manager.h"
#include "broker/replica/alter_partition_sender.h"
#include "broker/replica/replica_fetcher.h"
#include "broker/server/config_watcher.h"
#include "broker/server/controller_client.h"
#include "broker/server/env.h"
#include "broker/server/registration.h"
#include "broker/server/session_file.h"
#include "broker/server/socket_server.h"
#include "broker/server/topic_store.h"
#include "broker/server/zk_producer_ids.h"
#include "controller/shell/runner.h"

namespace ottla {

// Who outlives a broker that is killed and closes its ZooKeeper session; see keeper.h. Called on the control loop.
using SessionKeeper = std::function<void(const ZkSession&)>;

class Broker final : private LeadershipListener {
 public:
  struct Options {
    std::string host_name = "localhost";  // advertised where a listener names no host
    SessionKeeper keeper;                 // null: none
    std::size_t open_files = 0;           // the process may have so many at once, sockets among them; 0: no limit
    // The broker cannot go on (all log dirs lost, ZooKeeper refuses it). On the control loop, once.
    UniqueFunction<void(const Status&)> on_fatal;
  };
  Broker(Env env, std::shared_ptr<const BrokerConfig> config, Options options);
  ~Broker() override;
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;

  // `done` on the control loop: serving, or why not (one line that says what to do). After a failure: Stop.
  void Start(UniqueFunction<void(Status)> done);
  // Hands leadership over, closes everything, leaves clean marks. `done` on the control loop.
  void Stop(Task done);

  BrokerId id() const { return self_; }                               // after Start
  const std::vector<std::uint16_t>& ports() const { return ports_; }  // bound, in the order of `listeners`
  std::vector<LogDirStatus> LogDirs() const;                          // empty before Start; control loop
  // Every replica of data loop `loop`; only on that loop.
  void ForEachReplica(std::size_t loop, const std::function<void(const PartitionInfo&)>& visit) const;
  // The same of those that are online, and only their offsets.
  void ForEachBounds(std::size_t loop, const std::function<void(const PartitionBounds&)>& visit) const;

 private:
  // --- Start, one step after the other (broker_start.cc).
  std::size_t OpenFilesPerLoop() const;
  void OpenLogs();
  void EndOldSession();
  void Connect();
  void Prepare();
  void LoadLogs();
  void Build();  // with its three parts and Listen in broker_build.cc
  void BuildReplicas();
  void BuildController();
  void BuildApi();
  void Listen();
  void Register();
  void Serve();
  void StartFailed(const Status& why);
  void StartTimers();
  void Every(Micros first, Micros period, std::function<void()> work);

  // --- The ZooKeeper session.
  void OnSession(ZkClient::SessionState state);
  void OnNewSession();
  void RegisterAgain();
  void KeepSession();
  zk::BrokerRegistration RegistrationData() const;

  void OnElected(const TopicPartition&, LeaderEpoch) override {}
  void OnResigned(const TopicPartition&, LeaderEpoch) override {}
  void OnDeleted(const std::vector<TopicPartition>& partitions) override;
  void OnMetadata(const MetadataPtr& view) override;
  void OnConfigChange(const std::string& entity);
  void OnDirOffline(std::size_t dir, const Status& why);
  void SetEpoch(BrokerEpoch epoch);
  void TellOfFailedDir();
  void Fatal(const Status& why);

  // --- Stop (broker_stop.cc).
  void AskToLeave(int tries_left);
  void StopServing();
  void StopReplicas();
  void CloseLogs();
  void LeaveZooKeeper();

  Env env_;
  const std::shared_ptr<const BrokerConfig> config_;
  Options options_;
  Executor& control_;
  BrokerId self_ = kNoBroker;
  BrokerEpoch epoch_{-1};
  std::string cluster_id_;
  std::vector<std::uint16_t> ports_;
  UniqueFunction<void(Status)> started_;  // set while starting
  Task stopped_;
  TimerId connect_timer_ = 0;
  TimerId dir_timer_ = 0;
  TimerId leave_timer_ = 0;
  std::int64_t kept_session_ = 0;  // the one that the keeper and the session file know
  bool connected_once_ = false;
  bool registered_once_ = false;
  bool stopping_ = false;
  bool serving_ended_ = false;

  std::vector<std::unique_ptr<LoopContext>> contexts_;  // of the data loops, for outgoing connections
  LoopContext control_context_;
  TopicStore topics_;
  Registration registration_;
  ConfigWatcher watcher_;
  std::unique_ptr<LogManager> logs_;
  // Made by Build(), when the broker knows its id; destroyed in the opposite order.
  std::unique_ptr<ReplicaEnv> replica_env_;
  std::unique_ptr<PartitionShards> shards_;
  std::unique_ptr<ReplicaManager> replicas_;
  std::unique_ptr<AlterPartitionSender> isr_sender_;
  std::unique_ptr<ReplicaFetchers> fetchers_;
  std::unique_ptr<ControllerClient> controller_client_;
  std::unique_ptr<ZkProducerIds> zk_producer_ids_;
  std::unique_ptr<ProducerIds> producer_ids_;
  std::unique_ptr<controller::Controller> controller_;
  std::unique_ptr<ApiServices> services_;
  std::unique_ptr<ApiServer> api_;
  std::unique_ptr<SocketServer> sockets_;
};

}  // namespace ottla
