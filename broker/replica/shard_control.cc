// What the controller says, on the owner of the partitions. Requests come one after the other (ReplicaManager).
#include <algorithm>
#include <memory>
#include <utility>

#include "broker/replica/partition.h"
#include "broker/replica/partition_shard.h"
#include "broker/replica/shard_state.h"
#include "common/base/broker_ids.h"
#include "common/base/topic_name.h"

namespace ottla {
namespace {

using LeaderState = PartitionShard::LeaderState;
using LeaderOutcome = PartitionShard::LeaderOutcome;

// Creating a log takes some 0.1 ms: a request of a thousand partitions is cut into pieces, so that produce and fetch on
// this loop get their turns in between.
constexpr std::size_t kStatesPerTurn = 50;

constexpr std::size_t kLongestFileName = 255;

// One LeaderAndIsr on one shard.
class LeaderRun : public std::enable_shared_from_this<LeaderRun> {
 public:
  LeaderRun(std::shared_ptr<ShardState> state, std::vector<LeaderState> states,
            UniqueFunction<void(std::vector<LeaderOutcome>)> done)
      : state_(std::move(state)), states_(std::move(states)), outcomes_(states_.size()), done_(std::move(done)) {}

  void Go() {
    ShardState::Turn turn(*state_);
    const std::size_t end = std::min(next_ + kStatesPerTurn, states_.size());
    while (next_ < end) One(next_++);
    if (next_ < states_.size()) {
      state_->loop.Post([self = shared_from_this()] { self->Go(); });
    } else {
      Arrived();
    }
  }

 private:
  void Finish(std::size_t index, LeaderOutcome outcome) {
    outcomes_[index] = outcome;
    Arrived();
  }
  void Arrived() {
    // One more than there are states: the last piece has been begun as well.
    if (++arrived_ == states_.size() + 1) done_(std::move(outcomes_));
  }

  void One(std::size_t index) {
    const LeaderState& wanted = states_[index];
    LeaderOutcome outcome{.leader_epoch = wanted.leader_epoch};
    if (state_->stopped || state_->offline.contains(wanted.tp)) {
      outcome.error = ErrorCode::kKafkaStorageError;
      Finish(index, outcome);
      return;
    }
    const auto partition = state_->Find(wanted.tp.topic, wanted.tp.partition);
    outcome.error = Judge(wanted, partition.get());
    if (outcome.error != ErrorCode::kNone || Settled(wanted, partition.get())) {
      Finish(index, outcome);
      return;
    }
    if (partition != nullptr) {
      Become(index, partition);
      return;
    }
    state_->env.logs.GetOrCreate(wanted.tp, wanted.topic_id, wanted.is_new,
                                 [self = shared_from_this(), index](Result<std::shared_ptr<PartitionLog>> log) {
                                   ShardState::Turn turn(*self->state_);
                                   self->OnLog(index, std::move(log));
                                 });
  }

  // A frame or a znode may name anything; a name that is no directory's would take the log directory down with it.
  static bool CanBeStored(const TopicPartition& tp) {
    return ValidateTopicName(tp.topic).ok() && tp.partition >= 0 && tp.ToString().size() <= kLongestFileName;
  }

  // kNone: to be carried out, or nothing to do (Settled).
  ErrorCode Judge(const LeaderState& wanted, Partition* partition) const {
    if (partition == nullptr && !CanBeStored(wanted.tp)) return ErrorCode::kInvalidTopicException;
    const Uuid known_id = partition == nullptr ? Uuid{} : partition->log().topic_id();
    if (!known_id.IsZero() && !wanted.topic_id.IsZero() && known_id != wanted.topic_id) {
      return ErrorCode::kInconsistentTopicId;
    }
    const LeaderEpoch current = partition == nullptr ? kNoLeaderEpoch : partition->core().leader_epoch();
    const BrokerId self = state_->env.options.self;
    if (wanted.leader_epoch > current) {
      if (!Contains(wanted.replicas, self)) return ErrorCode::kUnknownTopicOrPartition;
      if (wanted.leader == self && !Contains(wanted.isr, self)) {
        // Only a znode edited by hand can say this. Leading would break what leaders rely on.
        LOG(ERROR) << wanted.tp << ": told to lead without being in the ISR; refused";
        return ErrorCode::kInvalidRequest;
      }
      return ErrorCode::kNone;
    }
    if (wanted.leader_epoch == current && partition != nullptr && known_id.IsZero() != wanted.topic_id.IsZero()) {
      const bool adopts = known_id.IsZero();
      if (adopts || partition->core().role() == PartitionRole::kFollower) return ErrorCode::kNone;
    }
    return ErrorCode::kStaleControllerEpoch;
  }

  // The same leadership again, about the topic id only.
  static bool Settled(const LeaderState& wanted, Partition* partition) {
    if (partition == nullptr || wanted.leader_epoch != partition->core().leader_epoch()) return false;
    if (partition->log().topic_id().IsZero()) partition->log().AssignTopicId(wanted.topic_id);
    return true;
  }

  void OnLog(std::size_t index, Result<std::shared_ptr<PartitionLog>> log) {
    const LeaderState& wanted = states_[index];
    LeaderOutcome outcome{.leader_epoch = wanted.leader_epoch};
    if (!log.ok()) {
      LOG(ERROR) << wanted.tp << ": no log: " << log.status();
      outcome.error = ErrorCode::kKafkaStorageError;
      // kUnavailable: its data may lie in a directory that is offline. Anything else is tried again when asked again.
      if (log.status().code() == StatusCode::kUnavailable) state_->offline.insert(wanted.tp);
      Finish(index, outcome);
      return;
    }
    const Uuid known_id = (*log)->topic_id();
    if (!known_id.IsZero() && !wanted.topic_id.IsZero() && known_id != wanted.topic_id) {
      outcome.error = ErrorCode::kInconsistentTopicId;
      Finish(index, outcome);
      return;
    }
    if ((*log)->dir().offline()) {
      // It failed after the log was found, and DirOffline() may have passed by already.
      state_->offline.insert(wanted.tp);
      outcome.error = ErrorCode::kKafkaStorageError;
      Finish(index, outcome);
      return;
    }
    auto [at, fresh] = state_->partitions.try_emplace(wanted.tp);
    // The settings may have changed since they were read for the log.
    if (fresh) (*log)->UpdateConfig(state_->env.log_config(wanted.tp.topic));
    if (fresh) at->second = std::make_shared<Partition>(*state_, wanted.tp, std::move(*log));
    Become(index, at->second);
  }

  void Become(std::size_t index, const std::shared_ptr<Partition>& partition) {
    const LeaderState& wanted = states_[index];
    const bool lead = wanted.leader == state_->env.options.self;
    if (!lead && !state_->metadata->IsAlive(wanted.leader)) {
      // The epoch is not taken: the same request can come again once the leader is known.
      LOG(INFO) << wanted.tp << ": leader " << wanted.leader << " is not known to be alive; not followed yet";
      Finish(index, {.leader_epoch = wanted.leader_epoch});
      return;
    }
    partition->Become(
        wanted, [self = shared_from_this(), index](const LeaderOutcome& outcome) { self->Finish(index, outcome); });
  }

  const std::shared_ptr<ShardState> state_;
  const std::vector<LeaderState> states_;
  std::vector<LeaderOutcome> outcomes_;
  UniqueFunction<void(std::vector<LeaderOutcome>)> done_;
  std::size_t next_ = 0;
  std::size_t arrived_ = 0;
};

}  // namespace

void PartitionShard::LeaderAndIsr(std::vector<LeaderState> states,
                                  UniqueFunction<void(std::vector<LeaderOutcome>)> done) {
  loop_.CheckOnLoop();
  std::make_shared<LeaderRun>(state_, std::move(states), std::move(done))->Go();
}

void PartitionShard::StopReplicas(std::vector<StopState> states, UniqueFunction<void(std::vector<ErrorCode>)> done) {
  loop_.CheckOnLoop();
  ShardState::Turn turn(*state_);
  struct Gather {
    std::vector<ErrorCode> errors;
    std::size_t missing = 0;
    UniqueFunction<void(std::vector<ErrorCode>)> done;
  };
  auto gather = std::make_shared<Gather>();
  gather->errors.resize(states.size(), ErrorCode::kNone);
  gather->missing = states.size() + 1;
  gather->done = std::move(done);
  const auto arrived = [](Gather& all) {
    if (--all.missing == 0) all.done(std::exchange(all.errors, {}));
  };
  for (std::size_t i = 0; i < states.size(); ++i) {
    const StopState& wanted = states[i];
    const auto partition = state_->Find(wanted.tp.topic, wanted.tp.partition);
    if (state_->offline.contains(wanted.tp)) {
      gather->errors[i] = ErrorCode::kKafkaStorageError;
      if (wanted.remove) state_->offline.erase(wanted.tp);  // a new topic of this name may come
    } else if (partition != nullptr && wanted.leader_epoch >= LeaderEpoch(0) &&
               wanted.leader_epoch < partition->core().leader_epoch()) {
      gather->errors[i] = ErrorCode::kFencedLeaderEpoch;
    } else {
      if (partition != nullptr) {
        partition->Stop(wanted.remove ? ErrorCode::kUnknownTopicOrPartition : ErrorCode::kNotLeaderOrFollower,
                        wanted.remove);
      }
      if (wanted.remove) {
        state_->partitions.erase(wanted.tp);
        state_->env.logs.Delete(wanted.tp, [gather, i, arrived, tp = wanted.tp](const Status& status) {
          if (!status.ok() && status.code() != StatusCode::kNotFound) {
            LOG(ERROR) << tp << ": not deleted: " << status;
            gather->errors[i] = ErrorCode::kKafkaStorageError;
          }
          arrived(*gather);
        });
        continue;
      }
    }
    arrived(*gather);
  }
  arrived(*gather);
}

void PartitionShard::Publish(MetadataPtr view) {
  loop_.CheckOnLoop();
  ShardState::Turn turn(*state_);
  const bool same_brokers = state_->metadata->shared_brokers() == view->shared_brokers();
  state_->metadata = std::move(view);
  ++state_->metadata_number;
  if (same_brokers) return;
  std::vector<BrokerId> live;
  for (const MetadataBroker& broker : state_->metadata->brokers()) live.push_back(broker.id);
  state_->live = std::make_shared<const std::vector<BrokerId>>(std::move(live));
  for (const auto& [tp, partition] : state_->partitions) partition->OnLiveBrokers();
}

void PartitionShard::RefreshConfig(std::string_view topic) {
  loop_.CheckOnLoop();
  ShardState::Turn turn(*state_);
  for (const auto& [tp, partition] : state_->partitions) {
    if (topic.empty() || tp.topic == topic) partition->OnConfig();
  }
  // Retention goes on in logs that the controller has not spoken of yet.
  state_->env.logs.ForEach(index_, [&](PartitionLog& log) {
    if (topic.empty() || log.tp().topic == topic) log.UpdateConfig(state_->env.log_config(log.tp().topic));
  });
}

void PartitionShard::FenceAll() {
  loop_.CheckOnLoop();
  ShardState::Turn turn(*state_);
  for (const auto& [tp, partition] : state_->partitions) partition->Fence();
}

void PartitionShard::CheckLag() {
  loop_.CheckOnLoop();
  ShardState::Turn turn(*state_);
  std::erase_if(state_->lagging, [](const std::weak_ptr<Partition>& weak) {
    const auto partition = weak.lock();
    if (partition == nullptr) return true;
    partition->OnLagTick();
    partition->lag_listed = partition->core().has_lagging_follower();
    return !partition->lag_listed;
  });
}

void PartitionShard::DirOffline(std::size_t dir_index) {
  loop_.CheckOnLoop();
  ShardState::Turn turn(*state_);
  std::vector<std::shared_ptr<Partition>> lost;
  for (const auto& [tp, partition] : state_->partitions) {
    if (partition->log().dir().index() == dir_index) lost.push_back(partition);
  }
  for (const auto& partition : lost) {
    partition->Stop(ErrorCode::kKafkaStorageError, /*final=*/true);
    state_->offline.insert(partition->tp());
    state_->partitions.erase(partition->tp());
  }
}

void PartitionShard::SetStartFetchers(bool start) { state_->start_fetchers = start; }

void PartitionShard::Stop() {
  loop_.CheckOnLoop();
  ShardState::Turn turn(*state_);
  state_->stopped = true;
  for (const auto& [tp, partition] : state_->partitions) {
    partition->Stop(ErrorCode::kNotLeaderOrFollower, /*final=*/true);
  }
}

}  // namespace ottla
