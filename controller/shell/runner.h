// The controller of one broker process: takes part in elections, and while elected feeds the core one event at a time:
// what watches found (read again first), what brokers asked, what control requests were answered.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "common/base/clock.h"
#include "common/base/executor.h"
#include "common/zk/zk_client.h"
#include "controller/core/controller_core.h"
#include "controller/shell/broker_channels.h"
#include "controller/shell/elector.h"
#include "controller/shell/handle.h"
#include "controller/shell/loader.h"
#include "controller/shell/zk_effects.h"

namespace ottla::controller {

struct ControllerOptions {
  CoreOptions core;
  bool auto_rebalance = true;  // auto.leader.rebalance.enable
  Micros rebalance_first{std::chrono::seconds(5)};
  Micros rebalance_every{std::chrono::seconds(300)};  // leader.imbalance.check.interval.seconds
  std::int32_t feature_version = 2;                   // of /feature: 1 where inter.broker.protocol.version is below 3.3
  std::size_t commands_max = 10'000;  // waiting; beyond, kNotController sends the asker away for a while
};

// Owner: the control executor; the handle's calls come from any thread. All state dies with the process: a successor
// reads everything from ZooKeeper. Counters of notes are summed in `counters`.
class Controller final : public ControllerHandle {
 public:
  Controller(Executor& control, ZkClient& zk, const Clock& clock, ControllerOptions options, ControlLinkFactory links);
  ~Controller() override;

  // On the control executor. Start: after this broker has registered, first and after every new session.
  void Start();
  void SessionExpired();  // before NewSession of the client: resigns first
  void Stop();            // gives up the post; called once, before destruction

  BrokerId elected() const { return elector_.controller(); }
  void SetUncleanDefault(bool enabled);
  const ClusterState& state() const { return core_.state(); }  // for tests and metrics
  const std::map<std::string, std::int64_t>& counters() const { return counters_; }
  std::size_t queued() const { return jobs_.size(); }

  // ControllerHandle, any thread.
  bool IsActive() const override { return active_.load(std::memory_order_relaxed); }
  void CreateTopics(CreateTopicsCommand request, Executor& reply_on, Done<CreateTopicsAnswer> done) override;
  void DeleteTopics(DeleteTopicsCommand request, Executor& reply_on, Done<DeleteTopicsAnswer> done) override;
  void CreatePartitions(CreatePartitionsCommand request, Executor& reply_on,
                        Done<CreatePartitionsAnswer> done) override;
  void AlterPartition(AlterPartitionCommand request, Executor& reply_on, Done<AlterPartitionAnswer> done) override;
  void AllocateProducerIds(AllocateProducerIdsCommand request, Executor& reply_on,
                           Done<AllocateProducerIdsAnswer> done) override;
  void ControlledShutdown(ControlledShutdownCommand request, Executor& reply_on,
                          Done<ControlledShutdownAnswer> done) override;
  void ElectLeaders(ElectLeadersCommand request, Executor& reply_on, Done<ElectLeadersAnswer> done) override;
  void AlterReassignments(AlterReassignmentsCommand request, Executor& reply_on,
                          Done<AlterReassignmentsAnswer> done) override;
  void ListReassignments(ListReassignmentsCommand request, Executor& reply_on,
                         Done<ListReassignmentsAnswer> done) override;
  void TopicConfigChanged(const std::string& topic) override;

 private:
  // Ends by calling JobDone(), now or later.
  using Job = UniqueFunction<void()>;
  struct Waiting {
    Command command;
    UniqueFunction<void(Answer)> reply;
  };

  template <class C, class A>
  void Submit(C command, Executor& reply_on, Done<A> done);
  void OnCommand(Command command, UniqueFunction<void(Answer)> reply);

  void Won(ControllerEpoch epoch, std::int32_t epoch_zk_version);
  void Lost();
  void EndTerm();
  void Enqueue(Job job);
  // `job` unless one of that name waits already.
  void EnqueueOnce(const std::string& name, std::function<void()> job);
  void RunNext();
  void JobDone();
  void Tell(Event event);  // within a job, which ends when the core has dealt with it
  void Carry(Effects effects);
  void Record(const Note& note);
  void Answered(const Reply& reply);

  Watches MakeWatches();
  void LoadAndTakeOver(ControllerEpoch epoch);
  void EnsureFeature(Task done);
  void WriteFeature(bool exists, Task done);
  void RemoveNodes(std::vector<std::string> paths, Task done);
  void ReadBrokers();
  void ReadTopics();
  void ReadTopic(const std::string& name);
  void ReadDeletions();
  void ReadIsrChanges();
  void ReadLogDirEvents();
  void ReadPreferredElection();
  void ReadReassignment();
  void ReadNotifications(const char* parent, const std::vector<std::string>& names,
                         UniqueFunction<void(std::vector<ZkData>)> done);
  void ArmRebalance(Micros delay);
  // Callbacks of an earlier term, or that outlive this object, do nothing.
  template <class F>
  auto Guard(F f) {
    return [self = std::weak_ptr<Controller*>(self_), this, term = term_, f = std::move(f)](auto&&... args) mutable {
      if (!self.expired() && term == term_) f(std::forward<decltype(args)>(args)...);
    };
  }

  Executor& control_;
  ZkClient& zk_;
  const ControllerOptions options_;
  ControllerCore core_;
  Elector elector_;
  BrokerChannels channels_;
  std::atomic<bool> active_{false};

  // One term.
  std::uint64_t term_ = 0;
  std::unique_ptr<ZkEffects> zk_effects_;
  std::unique_ptr<ZkReader> reader_;
  std::deque<Job> jobs_;
  std::set<std::string> queued_reads_;
  std::set<std::string> watched_topics_;
  bool working_ = false;
  TimerId rebalance_timer_ = 0;

  std::map<RequestId, Waiting> waiting_;
  RequestId last_request_ = 0;
  std::map<std::string, std::int64_t> counters_;
  std::shared_ptr<Controller*> self_;  // tasks posted from other threads find out whether this object still lives
};

}  // namespace ottla::controller
