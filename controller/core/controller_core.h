// The controller's decisions: events in, effects out, the only writer of ClusterState. Pure: no clock, socket, thread
// or ZooKeeper of its own; the same events in the same order give the same effects (chance comes from a seed).
//
// A write to ZooKeeper is an effect and its result an event: state that depends on it moves only then, and nothing is
// sent before it is stored. While a ZooKeeper request is in flight the core is busy and takes nothing but ZkDone and
// Resigned: one event at a time, to its end. Conflicts (someone wrote a state znode meanwhile) are read, taken over and
// decided again.
//
// One pass handles what Kafka does in rounds: brokers that went, came or came back are taken in together, each
// partition concerned gets one new state with one step of its leader epoch, and each broker one request of each kind.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/base/random.h"
#include "common/base/status.h"
#include "common/base/unique_function.h"
#include "controller/core/cluster_state.h"
#include "controller/core/effects.h"
#include "controller/core/election.h"
#include "controller/core/events.h"
#include "controller/core/request_plan.h"

namespace ottla::controller {

using TopicConfigValidator =
    std::function<Status(const std::string& topic, const std::map<std::string, std::string>& configs)>;

struct CoreOptions {
  BrokerId self;
  std::string listener = "PLAINTEXT";  // on which the controller reaches brokers
  bool delete_topics = true;           // delete.topic.enable
  bool unclean_default = false;        // unclean.leader.election.enable of the broker
  std::int32_t default_partitions = 1;
  std::int16_t default_replication_factor = 1;
  bool leader_recovery = true;  // inter.broker.protocol.version >= 3.2: unclean leaders are marked recovering
  std::int32_t imbalance_percentage = 10;  // leader.imbalance.per.broker.percentage
  std::uint64_t seed = 1;
  TopicConfigValidator validate_config;  // none: everything passes
};

inline constexpr std::int32_t kProducerIdBlockSize = 1000;

// What a controller that is not (or no longer) active answers.
Answer NotActiveAnswer(const Command& command);

class ControllerCore {
 public:
  explicit ControllerCore(CoreOptions options);

  Effects On(Event event);
  bool active() const { return active_; }
  bool busy() const { return static_cast<bool>(on_zk_); }
  const CoreOptions& options() const { return options_; }
  const ClusterState& state() const { return state_; }
  ControllerEpoch epoch() const { return epoch_; }
  void CheckInvariants() const;  // of everything: for tests; after each event the product checks what it touched

 private:
  using Then = UniqueFunction<void()>;
  using ZkThen = UniqueFunction<void(ZkDone&)>;
  using Partitions = std::vector<TopicPartition>;
  // Registered anew since the partition's state was written?
  using Reborn = std::function<bool(const TopicPartition&, BrokerId)>;

  // A new state for a partition, and who hears of it by LeaderAndIsr.
  struct Change {
    zk::PartitionStateData next;
    bool create = false;
    std::vector<BrokerId> tell;
    std::vector<BrokerId> tell_new;  // with isNew
  };
  using Decide = std::function<std::optional<Change>(const TopicPartition&)>;
  using Changes = std::vector<std::pair<TopicPartition, Change>>;

  // --- core_zk.cc: asking ZooKeeper, storing states ---
  void Ask(ZkRequest request, ZkThen then);
  void Write(std::vector<ZkWrite> writes, ZkThen then) { Ask({{}, std::move(writes)}, std::move(then)); }
  void Store(Partitions partitions, Decide decide, Then then);
  void StoreRound(Partitions partitions, const std::shared_ptr<Decide>& decide,
                  const std::shared_ptr<std::set<TopicPartition>>& orphans, Then then);
  bool StateWritten(const TopicPartition& tp, const Change& change, ZkWriteResult& result,
                    std::set<TopicPartition>& orphans);
  ZkOp StateOp(const TopicPartition& tp, const Change& change) const;
  std::vector<ZkWrite> Directories(const Changes& changes) const;
  void Stored(const TopicPartition& tp, const Change& change, PartitionEpoch epoch);
  void AdoptState(const TopicPartition& tp, const ZkData& data, const ZkStat& stat);
  void DropForeign(const TopicPartition& tp, const zk::PartitionReplicas& assignment, zk::PartitionStateData& state);
  void Finish();
  void Say(Note::Level level, std::string text, std::string counter = "");
  void Emit(Effects effects);
  void UpdateStatus(Partition& partition);

  // --- core_takeover.cc ---
  void Handle(BecameController& event);
  void Handle(Resigned& event);
  void LoadBrokers(const std::vector<BrokerNode>& nodes);
  void LoadTopics(BecameController& event);
  Reborn RebornSinceStored(const BecameController& event) const;
  void AnnounceAfterTakeover();

  // --- core_brokers.cc ---
  struct BrokerDelta {
    std::vector<BrokerId> fresh, bounced, dead, modified;
    std::vector<BrokerId> came() const;
    bool Has(BrokerId id) const;
  };
  void Handle(BrokersChanged& event);
  void Handle(LogDirsFailed& event);
  void Handle(ControlAnswered& event);
  void Handle(ControlledShutdownCommand& command);
  std::map<BrokerId, Broker> ParseBrokers(const std::vector<BrokerNode>& nodes);
  BrokerDelta ApplyBrokers(std::map<BrokerId, Broker> now);
  void ReplicasFailed(BrokerId broker, const Partitions& partitions);
  void LeadersMoved(BrokerId broker, const Partitions& partitions);

  // --- core_elections.cc ---
  ReconsiderInput InputFor(const TopicPartition& tp, const Partition& partition, const Reborn& reborn) const;
  // Gives every partition the leader and ISR that the present brokers allow; creates states that are missing.
  void ReconsiderAll(Partitions partitions, const Reborn& reborn, Then then);
  void ReadUncleanConfigs(const Partitions& partitions, const Reborn& reborn, Then then);
  std::optional<Change> DecideOne(const TopicPartition& tp, const Reborn& reborn) const;
  Change ChangeTo(const Partition& partition, const Elected& elected) const;
  std::vector<BrokerId> Recipients(const Partition& partition) const;
  Partitions Leaderless() const;
  using Elections = std::shared_ptr<std::map<TopicPartition, ElectedPartition>>;
  void ElectPartitions(const Partitions& partitions, bool unclean, const Elections& outcome, Then then);
  std::optional<ElectedPartition> CannotElect(const TopicPartition& tp, bool unclean) const;
  void Handle(PreferredElectionAsked& event);
  void Handle(ElectLeadersCommand& command);
  void Handle(RebalanceDue& event);
  void Handle(TopicConfigChanged& event);
  void Handle(UncleanDefaultChanged& event);
  Partitions OutOfBalance() const;
  void PreferredFromZk(const ZkData& data, Then then);

  // --- core_topics.cc ---
  void Handle(TopicsChanged& event);
  void Handle(TopicChanged& event);
  // Takes a topic znode in; returns partitions without a state. Queues the rewrite of a node that lacks its id.
  static Result<zk::TopicAssignment> DecodeTopic(const TopicNode& node);
  Partitions TakeTopic(const TopicNode& node, std::vector<ZkWrite>& repairs);
  void ForgetTopic(const std::string& name);
  void CreateStates(Partitions partitions, Then then);
  void RepairTopics(std::vector<ZkWrite> repairs, Then then);
  Uuid NewTopicId();
  void SetTopicId(const std::string& name, Topic& topic, const Uuid& id);
  zk::TopicAssignment AssignmentOf(const std::string& name) const;
  Partitions AllPartitions() const;
  Partitions PartitionsOn(const std::vector<BrokerId>& brokers) const;

  // --- core_commands.cc ---
  void Handle(CommandReceived& event);
  void Handle(DeleteTopicsCommand& command);
  void Answer_(Answer answer);

  // --- core_create_topics.cc ---
  struct PendingTopic;
  void Handle(CreateTopicsCommand& command);
  CreatedTopic CheckNewName(const std::string& name) const;
  CreatedTopic CheckCreatable(const CreatableTopic& topic, zk::TopicAssignment& assignment);
  ErrorCode Place(const CreatableTopic& topic, zk::TopicAssignment& assignment, std::string& message);
  void WriteNewTopics(const std::shared_ptr<std::vector<PendingTopic>>& topics, Then then);

  // --- core_create_partitions.cc ---
  void Handle(CreatePartitionsCommand& command);
  GrownTopic CheckGrowable(const GrowableTopic& topic, std::map<std::int32_t, std::vector<BrokerId>>& added);

  // --- core_producer_ids.cc ---
  void Handle(AllocateProducerIdsCommand& command);
  void AllocateBlock(BrokerId broker, const ZkReadResult& now);

  // --- core_isr.cc ---
  void Handle(AlterPartitionCommand& command);
  void Handle(IsrChangesNotified& event);

  // --- core_deletion.cc ---
  void Handle(DeletionsListed& event);
  void QueueDeletion(const std::string& topic, bool at_takeover);
  void ResumeDeletions(Then then);
  Partitions AnnounceDeletions();
  std::optional<Change> WithoutLeader(const TopicPartition& tp) const;
  void AdvanceDeletion(const std::string& name, Topic& topic);
  void FinishDeletions(std::vector<std::string> topics, Then then);
  void DeletionAnswered(const ControlAnswered& event);
  void DeletionsAfter(const BrokerDelta& delta);

  // --- core_reassignment.cc ---
  void Handle(ReassignmentAsked& event);
  void Handle(AlterReassignmentsCommand& command);
  void Handle(ListReassignmentsCommand& command);
  using Moves = std::shared_ptr<std::map<TopicPartition, zk::PartitionReplicas>>;
  ElectedPartition CheckMove(const TopicPartition& tp, const std::optional<std::vector<BrokerId>>& target,
                             bool must_live, zk::PartitionReplicas& next) const;
  void StartMoves(const Moves& next, const Elections& outcome, Then then);
  void WriteMoves(const Moves& next, Partitions shrunk, const Elections& outcome, Then then);
  std::optional<Change> WithinList(const Partition& partition, const std::vector<BrokerId>& list) const;
  bool Movable(const Partition& partition) const;
  void CompleteMoves(Then then);
  void MovesFromZk(const ZkData& data, Then then);
  void AppendZkMoves(std::vector<ZkWrite>& writes);

  // Taken apart elsewhere or never told to an active controller.
  void Handle(ZkDone&) {}

  static void CheckPartition(const TopicPartition& tp, const Partition& partition);
  void CheckTouched();

  const CoreOptions options_;
  Random random_;
  bool active_ = false;
  ControllerEpoch epoch_;
  ClusterState state_;
  bool unclean_default_ = false;
  std::map<std::string, bool> unclean_topics_;                // what topic configs said, for the event at hand
  std::set<TopicPartition> moving_;                           // with adding or removing replicas
  std::map<TopicPartition, std::vector<BrokerId>> zk_moves_;  // of them, those asked by /admin/reassign_partitions
  bool zk_moves_dropped_ = false;                             // some have gone that the node still names
  bool zk_moves_asked_ = false;                               // that node exists
  std::set<std::string> deleting_;                            // topics
  std::vector<TopicPartition> touched_;                       // whose state or replicas changed in the event at hand
  ZkThen on_zk_;
  std::optional<std::pair<RequestId, Command>> caller_;  // whose command is being carried out
  RequestPlan plan_;
  Effects effects_;
};

}  // namespace ottla::controller
