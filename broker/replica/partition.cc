#include "broker/replica/partition.h"

#include <algorithm>
#include <string>

#include "common/base/check.h"

namespace ottla {

Partition::Partition(ShardState& shard, TopicPartition tp, std::shared_ptr<PartitionLog> log)
    : shard_(shard),
      tp_(std::move(tp)),
      log_(std::move(log)),
      config_(shard.env.topic_config(tp_.topic)),
      core_({.self = shard.env.options.self,
             .lag_max = shard.env.options.lag_max,
             .min_isr = config_->min_insync_replicas,
             .live = shard.live},
            {.log_start = log_->log_start(),
             .log_end = log_->log_end(),
             .high_watermark = std::clamp(log_->high_watermark(), log_->log_start(), log_->log_end())}) {}

PartitionInfo Partition::Info() const {
  PartitionInfo info;
  info.tp = tp_;
  info.topic_id = log_->topic_id();
  info.leader = core_.is_leader();
  info.leader_id = core_.leader();
  info.leader_epoch = core_.leader_epoch();
  info.partition_epoch = core_.partition_epoch();
  info.replicas = core_.replicas();
  info.isr = core_.isr();
  info.min_isr = core_.effective_min_isr();
  info.log_start = core_.log_start();
  info.log_end = core_.log_end();
  info.high_watermark = core_.high_watermark();
  info.last_stable_offset = log_->last_stable_offset();
  info.size_bytes = log_->size_bytes();
  info.log_dir = log_->dir().path();
  return info;
}

bool Partition::InMetadata() {
  if (seen_view_ != shard_.metadata_number) {
    seen_view_ = shard_.metadata_number;
    in_view_ = shard_.metadata->FindPartition(tp_.topic, tp_.partition) != nullptr;
  }
  return in_view_;
}

// --- Roles.

void Partition::Become(LeaderState state, UniqueFunction<void(LeaderOutcome)> done) {
  // Appends that wait let the role pass: on a busy log they would take turns for ever.
  ++roles_waiting_;
  log_->WhenIdle([self = shared_from_this(), state = std::move(state), done = std::move(done)]() mutable {
    ShardState::Turn turn(self->shard_);
    --self->roles_waiting_;
    self->TakeRole(state, std::move(done));
    self->PumpAppends();
  });
}

void Partition::TakeRole(const LeaderState& state, UniqueFunction<void(LeaderOutcome)> done) {
  LeaderOutcome outcome{.leader_epoch = state.leader_epoch};
  if (closed_) {
    outcome.error = closed_error_;
    done(outcome);
    return;
  }
  // Whoever waits for bytes asked under the old leadership; it is told at once, so that it can find the new one.
  FireAllWatches();
  // A write that waits for its fsync has moved the log end, and its event is still to come.
  OnLogMoved();
  const LeaderEpoch before = core_.leader_epoch();
  if (state.leader == shard_.env.options.self) {
    Feed(BecomeLeader{state.leader_epoch, state.partition_epoch, state.replicas, state.isr, shard_.Now()});
    outcome.became_leader = core_.leader_epoch() != before;
    NoteLagging();
  } else {
    Feed(BecomeFollower{state.leader, state.leader_epoch, state.partition_epoch, state.replicas});
    outcome.became_follower = core_.leader_epoch() != before;
  }
  if (log_->topic_id().IsZero() && !state.topic_id.IsZero()) log_->AssignTopicId(state.topic_id);
  done(outcome);
}

void Partition::Stop(ErrorCode tell_waiters, bool final) {
  if (final && !closed_) {
    closed_ = true;
    closed_error_ = tell_waiters;
  }
  FireAllWatches();
  Feed(StopReplicating{tell_waiters});
}

void Partition::Fence() { Feed(Fenced{}); }

void Partition::OnLiveBrokers() {
  Feed(LiveBrokersChanged{shard_.live, shard_.Now()});
  CheckLowWatermark();
}

void Partition::OnConfig() {
  config_ = shard_.env.topic_config(tp_.topic);
  log_->UpdateConfig(shard_.env.log_config(tp_.topic));
  Feed(MinIsrChanged{config_->min_insync_replicas, shard_.Now()});
}

void Partition::OnLagTick() { Feed(LagTick{shard_.Now()}); }

// --- Events and effects.

template <class Event>
void Partition::Feed(const Event& event) {
  // Taken out for the time of the event: an effect may feed the next event.
  PartitionEffects effects = std::move(effects_);
  effects.clear();
  core_.On(event, effects);
  Run(effects);
  effects_ = std::move(effects);
}

template void Partition::Feed(const LogMoved&);
template void Partition::Feed(const FollowerFetched&);
template void Partition::Feed(const LeaderHighWatermark&);

void Partition::Run(PartitionEffects& effects) {
  for (const PartitionEffect& effect : effects) {
    std::visit([this](const auto& one) { Do(one); }, effect);
  }
}

void Partition::Do(const SetHighWatermark& effect) {
  log_->SetHighWatermark(effect.high_watermark);
  CompleteReached();
  NotifyConsumers();
}

void Partition::Do(const ProposeIsr& effect) {
  LOG(INFO) << tp_ << ": proposing ISR of " << effect.isr.size() << (effect.shrink ? " (shrink)" : " (expand)")
            << " under leader epoch " << effect.leader_epoch << ", partition epoch " << effect.partition_epoch;
  shard_.env.isr_sender->Propose(
      {tp_, log_->topic_id(), effect.leader_epoch, effect.partition_epoch, effect.isr},
      [weak = weak_from_this(), &loop = shard_.loop, asked_under = effect.leader_epoch](IsrAnswer answer) mutable {
        loop.Post([weak = std::move(weak), answer = std::move(answer), asked_under]() mutable {
          const auto self = weak.lock();
          if (self == nullptr) return;
          ShardState::Turn turn(self->shard_);
          self->Feed(IsrAnswered{answer.error, answer.leader_epoch, answer.partition_epoch, std::move(answer.isr),
                                 asked_under, self->shard_.Now()});
          self->NoteLagging();  // who joined may be behind what was appended meanwhile
        });
      });
}

void Partition::Do(const NoteEpochStart& effect) { log_->AssignEpoch(effect.epoch, effect.start); }

void Partition::Do(const FailWaiters& effect) {
  std::vector<ParkedProduce> parked;
  produce_waiters_.TakeAll(parked);
  for (ParkedProduce& one : parked) {
    shard_.Answer(std::move(one.done), {.error = effect.error, .current_leader = Hint()});
  }
  for (QueuedAppend& one : queue_) {
    shard_.Answer(std::move(one.done), {.error = effect.error, .current_leader = Hint()});
  }
  queue_.clear();
  std::vector<ParkedDelete> deletes;
  delete_waiters_.TakeAll(deletes);
  for (ParkedDelete& one : deletes) {
    shard_.Defer([done = std::move(one.done), error = effect.error]() mutable { done({.error = error}); });
  }
}

void Partition::Do(const CheckProduceWaiters& /*effect*/) { CompleteReached(); }

void Partition::Do(const StartFetching& effect) {
  if (shard_.start_fetchers) BeginFollowing(effect.epoch);
}

void Partition::Do(const StopFetching& /*effect*/) { shard_.StopFetching(tp_); }

void Partition::OnLogMoved() {
  Feed(LogMoved{log_->log_start(), log_->log_end(), shard_.Now()});
  NoteLagging();
}

void Partition::NoteLagging() {
  if (lag_listed || !core_.is_leader() || !core_.has_lagging_follower()) return;
  lag_listed = true;
  shard_.lagging.push_back(weak_from_this());
}

// --- Waiting fetches.

void Partition::WakeFollowers(Offset old_end) {
  for (const FollowerState& follower : core_.followers()) {
    // One that was behind already is not waiting for this partition: it is being served, or backs off.
    if (follower.log_end == old_end) shard_.FireFollower(follower.id);
  }
  NotifyConsumers();
}

void Partition::NotifyConsumers() {
  if (watches_.empty()) return;
  const auto waiting = watches_;  // firing takes entries out
  for (const auto& [id, index] : waiting) {
    FetchWatch* watch = shard_.FindWatch(id);
    if (watch == nullptr) continue;
    FetchWatch::Part& part = watch->parts[index];
    const auto available = Available(watch->params, part.ask, watch->needed);
    if (available.has_value()) {
      watch->available += *available - part.available;
      part.available = *available;
      if (watch->available < watch->needed) continue;
    }
    shard_.FireWatch(id);
  }
}

void Partition::FireAllWatches() {
  const auto waiting = watches_;
  for (const auto& [id, index] : waiting) shard_.FireWatch(id);
  for (const FollowerState& follower : core_.followers()) shard_.FireFollower(follower.id);
}

void Partition::RemoveWatch(std::uint64_t watch) {
  std::erase_if(watches_, [&](const auto& entry) { return entry.first == watch; });
}

}  // namespace ottla
