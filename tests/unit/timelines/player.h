// A recorded life of a cluster, lived again by our brokers' registrations and controllers over a simulated ZooKeeper.
//
// The recording gives the causes: who starts, dies, registers and with what, who wins an election; what people and
// tools write; what brokers ask of the controller, as far as it shows in what was stored (an ISR that a leader
// proposed, a topic created by request, a controlled shutdown, a preferred election, a move and its end). Everything
// else is ours to decide. Brokers are links that answer every control request.
//
// Where a broker of a protocol before 2.7 (a registration below version 5) is the controller, it is the recorded one
// that acts: such a controller is none of ours, but ours takes over from it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "broker/server/registration.h"
#include "controller/shell/runner.h"
#include "story.h"
#include "tests/sim/env/sim_world.h"
#include "timeline.h"

namespace ottla::timelines {

class Player {
 public:
  explicit Player(const Timeline& timeline);
  ~Player();
  Player(const Player&) = delete;
  Player& operator=(const Player&) = delete;

  void Play();
  const Log& kafka() const { return kafka_; }
  const Log& ours() const { return ours_; }
  const std::vector<std::string>& faults() const { return faults_; }    // what no recording allows
  const std::map<std::string, int>& causes() const { return counts_; }  // kinds of causes, how often
  const RecordedTree& tree() const { return tree_; }
  const sim::SimZk& zookeeper() { return world_.zk(); }

 private:
  struct Process {
    int node = 0;
    std::string session;                  // in the recording
    std::int32_t registered_version = 0;  // of its registration
    bool connected = false;
    std::unique_ptr<Registration> registration;
    std::unique_ptr<controller::Controller> controller;
    std::set<TopicPartition> failed;  // replicas in a log dir that has failed
  };
  class Link;

  // --- player.cc: processes ---
  Process& process(std::int32_t broker) { return processes_.at(broker); }
  sim::SimNode& node(std::int32_t broker) { return world_.node(process(broker).node); }
  void On(std::int32_t broker, const std::function<void()>& act) { node(broker).executors().control().Run(act); }
  void Settle() { world_.RunFor(Millis(400)); }
  void Boot(const Change& change);
  void Kill(std::int32_t broker);
  void Register(const Change& change);
  void StartController(std::int32_t broker);
  void Depose();
  void Observe(std::int64_t session, const std::vector<ZkOp>& ops);
  controller::ControllerOptions Options(std::int32_t broker) const;
  controller::ControlAnswered Answer(const controller::ControlRequest& request);
  bool Setting(const char* name, bool otherwise) const;

  // --- causes.cc: what the recording says had happened ---
  void Take(const Change& change);
  void TakeWrites(const Change& change);
  bool IsBrokerStart(const Change& change) const;
  void TakeOperator(const Change& change);
  void TakeFenced(const Change& change);
  void TakeUnfenced(const Change& change);
  void FencedTopic(const ZkOp& op);
  void FencedState(const ZkOp& op, const StatePath& at);
  void Foreign(const Change& change);
  void LogDirFails(std::int32_t broker);
  bool CreatesTopic(std::int32_t broker, const std::string& topic) const;
  void Cause(const std::string& kind, const std::string& what, const std::string& topic = "");
  void Said(const Change& change);
  bool OursIsBoss(std::int32_t broker) const { return boss_ == broker && boss_ >= 0; }
  controller::Controller& boss() { return *process(boss_).controller; }

  // --- asking.cc: what brokers ask of our controller ---
  template <class A>
  void Ask(const std::string& what, const std::function<void(controller::ControllerHandle::Done<A>)>& ask,
           const std::function<std::string(const A&)>& fault);
  void AskTopic(const std::string& topic, const ZkOp& op);
  void AskGrowth(const std::string& topic, const ZkOp& op);
  void AskDeletion(const std::string& topic);
  void AskProducerIds(const ZkOp& op);
  void AskIsr(const TopicPartition& tp, const zk::PartitionStateData& wanted);
  void AskShutdown(std::int32_t broker);
  void AskElection(const TopicPartition& tp, bool unclean);
  void AskMove(const TopicPartition& tp, std::optional<std::vector<BrokerId>> target);

  const Timeline& timeline_;
  sim::SimWorld world_{7};
  std::map<std::int32_t, Process> processes_;
  RecordedTree tree_;
  std::size_t at_ = 0;              // of the changes
  std::int32_t boss_ = -1;          // our controller; -1: none, or a recorded one
  std::int32_t paused_ = -1;        // a controller that is being deposed
  std::set<std::int32_t> leaving_;  // asked for controlled shutdown
  std::set<std::string> not_ours_;  // paths that a process writes in the place of a recorded one
  Log kafka_, ours_;
  std::vector<std::string> faults_;
  std::map<std::string, int> counts_;
};

}  // namespace ottla::timelines
