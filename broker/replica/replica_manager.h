// What the controller tells this broker: LeaderAndIsr, StopReplica, UpdateMetadata. Owner: the control loop; every call
// is made there and every callback runs there. One controller epoch is remembered for all three; requests are carried
// out one after the other, in the order of the calls. Partition state belongs to the shards (partition_shard.h). Rules:
// Apache Kafka 3.9's ReplicaManager in ZooKeeper mode. Nothing here survives a crash.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "broker/replica/metadata_cache.h"
#include "broker/replica/partition_shard.h"
#include "common/protocol/messages/04_leader_and_isr.h"
#include "common/protocol/messages/05_stop_replica.h"
#include "common/protocol/messages/06_update_metadata.h"

namespace ottla {

struct ControlPartitionOutcome {
  std::string_view topic;  // a view of the request's frame
  Uuid topic_id;           // as in the request; zero: none
  std::int32_t partition = 0;
  ErrorCode error = ErrorCode::kNone;
};

struct ControlOutcome {
  ErrorCode error = ErrorCode::kNone;  // top level
  // One entry per partition of the request, in its order. With STALE_BROKER_EPOCH or STALE_CONTROLLER_EPOCH on top:
  // LeaderAndIsr repeats the code for each, StopReplica lists none.
  std::vector<ControlPartitionOutcome> partitions;
};

// Told, on the control loop, what this broker became for a partition; coordinators look for their internal topics.
class LeadershipListener {
 public:
  virtual ~LeadershipListener() = default;
  // Leads now, and did not before, or leads under a newer epoch. Before LeaderAndIsr is answered.
  virtual void OnElected(const TopicPartition& tp, LeaderEpoch epoch) = 0;
  // Follows now or was stopped; `epoch` -1: stopped without one.
  virtual void OnResigned(const TopicPartition& tp, LeaderEpoch epoch) = 0;
  // Partitions that left the cluster (UpdateMetadata with leader -2): committed offsets of them go.
  virtual void OnDeleted(const std::vector<TopicPartition>& partitions) = 0;
  // A new view is published on every loop.
  virtual void OnMetadata(const MetadataPtr& view) = 0;
};

class ReplicaManager {
 public:
  struct Options {
    Micros high_watermark_checkpoint{std::chrono::seconds(5)};
    Micros lag_check{std::chrono::seconds(15)};  // replica.lag.time.max.ms / 2
  };
  ReplicaManager(Executor& control, PartitionShards& shards, LogManager& logs, Options options);
  ~ReplicaManager();
  ReplicaManager(const ReplicaManager&) = delete;
  ReplicaManager& operator=(const ReplicaManager&) = delete;

  void AddListener(LeadershipListener* listener);
  // czxid of this broker's registration; requests meant for an older one are refused with STALE_BROKER_EPOCH.
  // What the controller says waits for the first of these: until then nobody can tell whether it speaks to this process
  // or to the one before, whose log may have held more.
  void SetBrokerEpoch(BrokerEpoch epoch);
  BrokerEpoch broker_epoch() const { return broker_epoch_; }
  const MetadataPtr& metadata() const { return cache_.view(); }

  // The frame behind `request` must live until `done` has returned; `request` itself only until the call returns.
  using Done = UniqueFunction<void(ControlOutcome)>;
  void LeaderAndIsr(const LeaderAndIsrRequest& request, std::int16_t version, Done done);
  void StopReplica(const StopReplicaRequest& request, std::int16_t version, Done done);
  void UpdateMetadata(const UpdateMetadataRequest& request, std::int16_t version, Done done);

  // The ZooKeeper session was lost: another leader may be elected at any time.
  void OnSessionLost();
  // Settings of a topic (or broker defaults: empty name, all topics) changed.
  void OnTopicConfigChanged(const std::string& topic);
  void OnDirOffline(std::size_t dir_index);
  // No further fetchers are started by LeaderAndIsr from now on (controlled shutdown).
  void BeginShutdown();
  // Stops timers, fails what waits, stops every partition. `done` when all shards have.
  void Stop(Task done);

 private:
  using TpList = std::vector<TopicPartition>;

  void Enqueue(Task request);
  void RunNext();
  void Finished();
  // kNone, or why the whole request is refused; remembers the controller's epoch.
  ErrorCode Admit(std::int32_t controller_epoch, std::int64_t broker_epoch);
  void Lead(std::vector<PartitionShard::LeaderState> states, ControlOutcome outcome, Done done);
  void TellLeadership(const std::vector<PartitionShard::LeaderState>& states,
                      const std::vector<PartitionShard::LeaderOutcome>& outcomes);
  void Halt(std::vector<PartitionShard::StopState> states, ControlOutcome outcome, Done done);
  // Runs `work(shard)` on every loop, then `then` here.
  void OnAllShards(const std::function<void(PartitionShard&)>& work, Task then);
  void StartCheckpoints();
  void ScheduleLagCheck();
  void ScheduleCheckpoint();

  Executor& control_;
  PartitionShards& shards_;
  LogManager& logs_;
  const Options options_;
  BrokerEpoch broker_epoch_{-1};
  ControllerEpoch controller_epoch_{0};
  MetadataCache cache_;
  std::vector<LeadershipListener*> listeners_;
  std::deque<Task> waiting_;  // requests behind the one under way
  bool running_ = false;
  bool checkpoints_started_ = false;
  bool stopped_ = false;
  TimerId checkpoint_timer_ = 0;
  TimerId lag_timer_ = 0;
  std::shared_ptr<ReplicaManager*> self_;  // what posted work looks at before it touches this object
};

}  // namespace ottla
