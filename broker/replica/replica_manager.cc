#include "broker/replica/replica_manager.h"

#include <algorithm>
#include <utility>

#include "common/base/broker_ids.h"
#include "common/base/check.h"

namespace ottla {
namespace {

using LeaderState = PartitionShard::LeaderState;
using LeaderOutcome = PartitionShard::LeaderOutcome;
using StopState = PartitionShard::StopState;

LeaderState ToState(const LeaderAndIsrRequest::LeaderAndIsrPartitionState& state, std::string_view topic, Uuid id) {
  return {.tp = {std::string(topic), state.partition_index},
          .topic_id = id,
          .leader = BrokerId(state.leader),
          .leader_epoch = LeaderEpoch(state.leader_epoch),
          .partition_epoch = PartitionEpoch(state.partition_epoch),
          .replicas = ToBrokerIds(state.replicas),
          .isr = ToBrokerIds(state.isr),
          .is_new = state.is_new};
}

// Pieces of a request, one per shard that owns some of it, with the place of each entry in the request.
template <class State>
struct Split {
  std::vector<std::vector<State>> states;
  std::vector<std::vector<std::size_t>> places;
};

template <class State>
Split<State> SplitByShard(const PartitionShards& shards, const std::vector<State>& states) {
  Split<State> split{std::vector<std::vector<State>>(shards.size()),
                     std::vector<std::vector<std::size_t>>(shards.size())};
  for (std::size_t i = 0; i < states.size(); ++i) {
    const std::size_t shard = shards.IndexOf(states[i].tp.topic, states[i].tp.partition);
    split.states[shard].push_back(states[i]);
    split.places[shard].push_back(i);
  }
  return split;
}

// Joins the answers of several shards; `then` runs on the control loop.
template <class Outcome>
struct Join {
  std::vector<Outcome> outcomes;
  std::size_t missing = 0;
  UniqueFunction<void(std::vector<Outcome>)> then;

  void Take(const std::vector<std::size_t>& places, std::vector<Outcome> part) {
    for (std::size_t i = 0; i < places.size(); ++i) outcomes[places[i]] = std::move(part[i]);
    Arrived();
  }
  void Arrived() {
    if (--missing == 0) then(std::move(outcomes));
  }
};

template <class State, class Outcome, class Call>
void Scatter(Executor& control, const PartitionShards& shards, const std::vector<State>& states, Call call,
             UniqueFunction<void(std::vector<Outcome>)> then) {
  auto join = std::make_shared<Join<Outcome>>();
  join->outcomes.resize(states.size());
  join->missing = 1;
  join->then = std::move(then);
  Split<State> split = SplitByShard(shards, states);
  for (std::size_t shard = 0; shard < shards.size(); ++shard) {
    if (split.states[shard].empty()) continue;
    ++join->missing;
    shards.RunOn(shard, [&control, join, call, part = std::move(split.states[shard]),
                         places = std::move(split.places[shard])](PartitionShard& owner) mutable {
      call(owner, std::move(part), [&control, join, places = std::move(places)](std::vector<Outcome> outcomes) mutable {
        control.Post([join, places = std::move(places), outcomes = std::move(outcomes)]() mutable {
          join->Take(places, std::move(outcomes));
        });
      });
    });
  }
  // Also when nobody owns any of it; never from inside the call of the handler.
  control.Post([join] { join->Arrived(); });
}

}  // namespace

ReplicaManager::ReplicaManager(Executor& control, PartitionShards& shards, LogManager& logs, Options options)
    : control_(control),
      shards_(shards),
      logs_(logs),
      options_(options),
      self_(std::make_shared<ReplicaManager*>(this)) {}

ReplicaManager::~ReplicaManager() { *self_ = nullptr; }

void ReplicaManager::AddListener(LeadershipListener* listener) { listeners_.push_back(listener); }

// --- One request at a time.

void ReplicaManager::Enqueue(Task request) {
  control_.CheckOnLoop();
  waiting_.push_back(std::move(request));
  if (!running_) RunNext();
}

void ReplicaManager::SetBrokerEpoch(BrokerEpoch epoch) {
  control_.CheckOnLoop();
  broker_epoch_ = epoch;
  if (!running_) RunNext();
}

void ReplicaManager::RunNext() {
  if (waiting_.empty() || broker_epoch_ < BrokerEpoch(0)) return;
  running_ = true;
  Task next = std::move(waiting_.front());
  waiting_.pop_front();
  next();
}

void ReplicaManager::Finished() {
  running_ = false;
  RunNext();
}

ErrorCode ReplicaManager::Admit(std::int32_t controller_epoch, std::int64_t broker_epoch) {
  // Larger passes: the controller may know of our new registration before we do.
  if (broker_epoch != -1 && BrokerEpoch(broker_epoch) < broker_epoch_) return ErrorCode::kStaleBrokerEpoch;
  if (ControllerEpoch(controller_epoch) < controller_epoch_) return ErrorCode::kStaleControllerEpoch;
  controller_epoch_ = ControllerEpoch(controller_epoch);
  return ErrorCode::kNone;
}

// --- LeaderAndIsr.

void ReplicaManager::LeaderAndIsr(const LeaderAndIsrRequest& request, std::int16_t /*version*/, Done done) {
  std::vector<LeaderState> states;
  ControlOutcome outcome;
  const auto add = [&](const auto& state, std::string_view topic, const Uuid& id) {
    states.push_back(ToState(state, topic, id));
    outcome.partitions.push_back({.topic = topic, .topic_id = id, .partition = state.partition_index});
  };
  for (const auto& state : request.ungrouped_partition_states) add(state, state.topic_name, Uuid{});
  for (const auto& topic : request.topic_states) {
    for (const auto& state : topic.partition_states) add(state, topic.topic_name, topic.topic_id);
  }
  Enqueue([this, states = std::move(states), outcome = std::move(outcome), done = std::move(done),
           controller_epoch = request.controller_epoch, broker_epoch = request.broker_epoch]() mutable {
    outcome.error = Admit(controller_epoch, broker_epoch);
    if (outcome.error == ErrorCode::kNone) {
      Lead(std::move(states), std::move(outcome), std::move(done));
      return;
    }
    for (ControlPartitionOutcome& one : outcome.partitions) one.error = outcome.error;
    done(std::move(outcome));
    Finished();
  });
}

void ReplicaManager::Lead(std::vector<LeaderState> states, ControlOutcome outcome, Done done) {
  StartCheckpoints();
  auto kept = std::make_shared<const std::vector<LeaderState>>(std::move(states));
  Scatter<LeaderState, LeaderOutcome>(
      control_, shards_, *kept,
      [](PartitionShard& shard, std::vector<LeaderState>&& part, auto then) {
        shard.LeaderAndIsr(std::move(part), std::move(then));
      },
      [self = self_, kept, outcome = std::move(outcome),
       done = std::move(done)](const std::vector<LeaderOutcome>& outcomes) mutable {
        ReplicaManager* manager = *self;
        if (manager == nullptr) return;
        for (std::size_t i = 0; i < outcomes.size(); ++i) outcome.partitions[i].error = outcomes[i].error;
        manager->TellLeadership(*kept, outcomes);
        done(std::move(outcome));
        manager->Finished();
      });
}

void ReplicaManager::TellLeadership(const std::vector<LeaderState>& states,
                                    const std::vector<LeaderOutcome>& outcomes) {
  for (std::size_t i = 0; i < states.size(); ++i) {
    for (LeadershipListener* listener : listeners_) {
      if (outcomes[i].became_leader) listener->OnElected(states[i].tp, outcomes[i].leader_epoch);
      if (outcomes[i].became_follower) listener->OnResigned(states[i].tp, outcomes[i].leader_epoch);
    }
  }
}

// --- StopReplica.

void ReplicaManager::StopReplica(const StopReplicaRequest& request, std::int16_t /*version*/, Done done) {
  std::vector<StopState> states;
  ControlOutcome outcome;
  const auto add = [&](std::string_view topic, std::int32_t partition, std::int32_t epoch, bool remove) {
    states.push_back({{std::string(topic), partition}, LeaderEpoch(epoch), remove});
    outcome.partitions.push_back({.topic = topic, .partition = partition});
  };
  for (const auto& one : request.ungrouped_partitions) {
    add(one.topic_name, one.partition_index, -1, request.delete_partitions);
  }
  for (const auto& topic : request.topics) {
    for (const std::int32_t partition : topic.partition_indexes) {
      add(topic.name, partition, -1, request.delete_partitions);
    }
  }
  for (const auto& topic : request.topic_states) {
    for (const auto& one : topic.partition_states) {
      add(topic.topic_name, one.partition_index, one.leader_epoch, one.delete_partition);
    }
  }
  Enqueue([this, states = std::move(states), outcome = std::move(outcome), done = std::move(done),
           controller_epoch = request.controller_epoch, broker_epoch = request.broker_epoch]() mutable {
    outcome.error = Admit(controller_epoch, broker_epoch);
    if (outcome.error == ErrorCode::kNone) {
      Halt(std::move(states), std::move(outcome), std::move(done));
      return;
    }
    outcome.partitions.clear();
    done(std::move(outcome));
    Finished();
  });
}

void ReplicaManager::Halt(std::vector<StopState> states, ControlOutcome outcome, Done done) {
  auto kept = std::make_shared<const std::vector<StopState>>(std::move(states));
  Scatter<StopState, ErrorCode>(
      control_, shards_, *kept,
      [](PartitionShard& shard, std::vector<StopState>&& part, auto then) {
        shard.StopReplicas(std::move(part), std::move(then));
      },
      [self = self_, kept, outcome = std::move(outcome),
       done = std::move(done)](const std::vector<ErrorCode>& errors) mutable {
        ReplicaManager* manager = *self;
        if (manager == nullptr) return;
        for (std::size_t i = 0; i < errors.size(); ++i) {
          outcome.partitions[i].error = errors[i];
          if (errors[i] != ErrorCode::kNone) continue;
          const LeaderEpoch epoch = std::max((*kept)[i].leader_epoch, kNoLeaderEpoch);
          for (LeadershipListener* listener : manager->listeners_) listener->OnResigned((*kept)[i].tp, epoch);
        }
        done(std::move(outcome));
        manager->Finished();
      });
}

// --- UpdateMetadata.

void ReplicaManager::UpdateMetadata(const UpdateMetadataRequest& request, std::int16_t /*version*/, Done done) {
  // The views of the copy point into the frame, which lives until `done` has returned.
  Enqueue([this, request, done = std::move(done)]() mutable {
    ControlOutcome outcome{.error = Admit(request.controller_epoch, request.broker_epoch)};
    if (outcome.error != ErrorCode::kNone) {
      done(std::move(outcome));
      Finished();
      return;
    }
    const MetadataCache::Change change = cache_.Apply(request);
    OnAllShards([view = cache_.view()](PartitionShard& shard) { shard.Publish(view); },
                [this, deleted = change.deleted, done = std::move(done)]() mutable {
                  for (LeadershipListener* listener : listeners_) {
                    if (!deleted.empty()) listener->OnDeleted(deleted);
                    listener->OnMetadata(cache_.view());
                  }
                  done({});
                  Finished();
                });
  });
}

void ReplicaManager::OnAllShards(const std::function<void(PartitionShard&)>& work, Task then) {
  struct Join {
    std::size_t missing = 0;
    Task then;
  };
  auto join = std::make_shared<Join>();
  join->missing = shards_.size();
  join->then = std::move(then);
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    shards_.RunOn(i, [&control = control_, self = self_, join, work](PartitionShard& shard) {
      work(shard);
      control.Post([self, join] {
        if (--join->missing == 0 && *self != nullptr) join->then();
      });
    });
  }
}

// --- Timers and ends.

void ReplicaManager::StartCheckpoints() {
  if (checkpoints_started_ || stopped_) return;
  checkpoints_started_ = true;
  ScheduleCheckpoint();
  ScheduleLagCheck();
}

void ReplicaManager::ScheduleCheckpoint() {
  checkpoint_timer_ = control_.RunAfter(options_.high_watermark_checkpoint, [self = self_] {
    if (*self == nullptr || (*self)->stopped_) return;
    // The next one is counted from the end of this: a slow disk gets no second one on top.
    (*self)->logs_.CheckpointHighWatermarks([self](const Status& status) {
      LOG_IF(ERROR, !status.ok()) << "writing the high watermark checkpoints: " << status;
      if (*self != nullptr && !(*self)->stopped_) (*self)->ScheduleCheckpoint();
    });
  });
}

void ReplicaManager::ScheduleLagCheck() {
  lag_timer_ = control_.RunAfter(options_.lag_check, [self = self_] {
    ReplicaManager* manager = *self;
    if (manager == nullptr || manager->stopped_) return;
    manager->OnAllShards([](PartitionShard& shard) { shard.CheckLag(); }, [] {});
    manager->ScheduleLagCheck();
  });
}

void ReplicaManager::OnSessionLost() {
  control_.CheckOnLoop();
  OnAllShards([](PartitionShard& shard) { shard.FenceAll(); }, [] {});
}

void ReplicaManager::OnTopicConfigChanged(const std::string& topic) {
  control_.CheckOnLoop();
  OnAllShards([topic](PartitionShard& shard) { shard.RefreshConfig(topic); }, [] {});
}

void ReplicaManager::OnDirOffline(std::size_t dir_index) {
  control_.CheckOnLoop();
  OnAllShards([dir_index](PartitionShard& shard) { shard.DirOffline(dir_index); }, [] {});
}

void ReplicaManager::BeginShutdown() {
  control_.CheckOnLoop();
  OnAllShards([](PartitionShard& shard) { shard.SetStartFetchers(false); }, [] {});
}

void ReplicaManager::Stop(Task done) {
  control_.CheckOnLoop();
  stopped_ = true;
  control_.Cancel(checkpoint_timer_);
  control_.Cancel(lag_timer_);
  OnAllShards([](PartitionShard& shard) { shard.Stop(); }, std::move(done));
}

}  // namespace ottla
