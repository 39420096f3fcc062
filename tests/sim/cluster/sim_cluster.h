// A whole cluster in one thread from one seed: brokers, ZooKeeper, clients, faults, and the checkers that look on.
//
//   SimCluster cluster({.seed = 7});
//   cluster.Start();                       // brokers up, topic made, clients running
//   cluster.RunWithFaults(minutes);        // safety under faults
//   cluster.HealAndFinish();               // liveness after healing, and a last reading of everything
//   cluster.history().violations()         // empty
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/sim/cluster/broker_process.h"
#include "tests/sim/cluster/topic_churn.h"
#include "tests/sim/env/sim_world.h"
#include "tests/sim/kit/checkers.h"
#include "tests/sim/kit/cluster_view.h"
#include "tests/sim/kit/history.h"
#include "tests/sim/kit/nemesis.h"
#include "tests/sim/kit/sim_consumer.h"
#include "tests/sim/kit/sim_producer.h"
#include "tests/sim/kit/sim_rpc.h"

namespace ottla::sim {

inline constexpr char kSimTopic[] = "sim";
inline constexpr char kSimChroot[] = "/cluster";

struct ClusterOptions {
  // Everything below drawn from the seed.
  static ClusterOptions Varied(std::uint64_t seed);

  std::uint64_t seed = 1;
  int brokers = 3;
  int partitions = 4;
  int replicas = 3;
  int producers = 2;
  int min_isr = 2;
  bool unclean = false;  // leaders may be elected from outside the ISR: hardly anything is promised then
  bool consumer_epochs = true;
  bool churn = false;  // a second topic, made and deleted all the time
  FaultRates rates;
  Properties properties;  // on top of the cluster's own
  BrokerFactory factory = MakeBroker;
};

class SimCluster final : public FaultTarget {
 public:
  explicit SimCluster(ClusterOptions options);
  ~SimCluster() override;
  SimCluster(const SimCluster&) = delete;
  SimCluster& operator=(const SimCluster&) = delete;

  // False: the cluster did not come up, or its topic was not made, in time. Violations say why.
  bool Start();
  void RunWithFaults(Micros duration);  // ends early at the first violation
  bool RunQuietly(Micros duration);
  // Every partition in sync, every producer answered, every record read back, all replicas equal.
  bool HealAndFinish();

  // By hand, for stories.
  void KillBroker(int broker) { Kill(broker); }
  void LosePowerOf(int broker) { LosePower(broker); }
  void RestartBroker(int broker) { Restart(broker); }
  bool IsUp(int broker) const { return Alive(broker); }
  // Orderly end of the process; false when it did not end in time.
  bool StopBroker(int broker);
  bool RunUntil(const std::function<bool()>& done, Micros limit);
  bool InSync() const { return AllInSync(); }
  int LeaderOf(int partition) const;  // as stored; -1: none
  int Controller() const;             // as elected; -1: none
  // Whether broker `id` has been told, by the controller, that it leads.
  bool Leads(int id, const TopicPartition& tp) const;

  SimWorld& world() { return world_; }
  History& history() { return history_; }
  StateChecker& state_checker() { return state_; }
  std::uint64_t trace_hash() const { return world_scheduler_->trace_hash(); }
  std::string Summary() const;  // what happened, how often
  std::map<std::string, std::uint64_t> fired() const;
  const std::vector<TopicPartition>& partitions() const { return partitions_; }

 private:
  struct Slot {
    std::unique_ptr<BrokerProcess> process;
    std::uint64_t incarnation = 0;
    bool stopping = false;
    std::shared_ptr<bool> stopped;  // set by the process's orderly end
  };
  int brokers() const override { return options_.brokers; }
  bool Alive(int broker) const override { return slots_[static_cast<std::size_t>(broker)].process != nullptr; }
  void Kill(int broker) override;
  void LosePower(int broker) override;
  void Restart(int broker) override;
  void BeginStop(int broker) override;
  bool Stopping(int broker) const override { return slots_[static_cast<std::size_t>(broker)].stopping; }
  bool AllInSync() const override { return state_.AllInSync(); }
  int controller() const override;
  bool HasFailedDir(int broker) const override;
  std::string LogDir(int broker, std::size_t disk) const override;

  Properties PropertiesOf(int broker) const;
  void StartClients();
  void StartReader();
  bool Await(const char* what, Micros limit, const std::function<bool()>& done);
  bool AwaitSync();
  bool AwaitProducers();
  bool ReadBack();
  SimRpc& NewRpc();
  bool MakeTopic();
  void AfterEvent();
  void CheckChanged();
  void CheckOne(int broker, const ReplicaView& replica);
  const SimZkTree::Node* Registration(int broker) const;  // nullptr: none
  BrokerEpoch EpochOf(int broker) const;
  bool Present(int broker) const;
  bool Trusted(int broker, const ReplicaView& replica) const;
  void CheckReplicas();
  void Supervise();
  SimExecutor& client_loop();
  bool Bad() const { return !history_.violations().empty(); }

  const ClusterOptions options_;
  SimWorld world_;
  SimScheduler* const world_scheduler_;
  History history_;
  IntactTracker intact_;
  StateChecker state_;
  LeaderChecker leaders_;
  CommittedChecker committed_;
  ReplicaChecker replicas_;
  std::vector<Slot> slots_;
  std::uint64_t next_incarnation_ = 1;
  std::vector<TopicPartition> partitions_;
  std::size_t data_loops_ = 1;
  std::size_t log_dirs_ = 1;
  std::uint64_t exits_ = 0;
  std::uint64_t events_ = 0;
  MonoTime replicas_checked_{};

  std::unique_ptr<Nemesis> nemesis_;
  std::vector<std::unique_ptr<SimRpc>> rpcs_;
  SimRpc* rpc_ = nullptr;  // for metadata and administration
  std::unique_ptr<ClusterView> view_;
  std::vector<std::unique_ptr<SimProducer>> producers_;
  std::unique_ptr<SimConsumer> consumer_;
  std::unique_ptr<TopicChurn> churn_;
  std::unique_ptr<SimConsumer> reader_;
};

}  // namespace ottla::sim
