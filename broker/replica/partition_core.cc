#include "broker/replica/partition_core.h"

#include <algorithm>
#include <utility>

#include "common/base/broker_ids.h"
#include "common/base/check.h"

namespace ottla {
namespace {

std::vector<BrokerId> Without(const std::vector<BrokerId>& ids, const std::vector<BrokerId>& gone) {
  std::vector<BrokerId> out;
  for (const BrokerId id : ids) {
    if (!Contains(gone, id)) out.push_back(id);
  }
  return out;
}

}  // namespace

PartitionCore::PartitionCore(Options options, LogBounds bounds)
    : options_(std::move(options)),
      live_(options_.live),
      min_isr_(options_.min_isr),
      log_start_(bounds.log_start),
      log_end_(bounds.log_end),
      high_watermark_(bounds.high_watermark) {
  CheckInvariants();
}

void PartitionCore::On(const BecomeLeader& event, PartitionEffects& out) {
  if (event.leader_epoch <= leader_epoch_ || event.partition_epoch < partition_epoch_) return;
  const bool was_leader = is_leader();
  if (role_ == PartitionRole::kFollower) out.push_back(StopFetching{});
  replicas_ = event.replicas;
  isr_ = event.isr;
  maximal_isr_ = event.isr;
  in_flight_ = InFlight::kNone;
  fenced_ = false;
  role_ = PartitionRole::kLeader;
  leader_ = options_.self;
  ResetFollowers(event, was_leader);
  leader_epoch_ = event.leader_epoch;
  partition_epoch_ = event.partition_epoch;
  // Before any record of the epoch: a follower that asks where the older epoch ended must not be told the log end.
  epoch_start_ = log_end_;
  out.push_back(NoteEpochStart{leader_epoch_, log_end_});
  if (!was_leader) {
    ClampHighWatermark(out);
    highest_led_ = high_watermark_;
  }
  MaybeAdvance(event.now, out);
  // Whoever waits was admitted under the same leader; the new ISR may decide it.
  out.push_back(CheckProduceWaiters{});
  CheckInvariants();
}

void PartitionCore::ResetFollowers(const BecomeLeader& event, bool was_leader) {
  std::vector<FollowerState> fresh;
  for (const BrokerId id : event.replicas) {
    if (id == options_.self) continue;
    FollowerState state{.id = id};
    const FollowerState* known = FindFollower(id);
    const bool in_sync = Contains(event.isr, id);
    if (was_leader && known != nullptr) {
      state = *known;
      state.leader_end_at_last_fetch = log_end_;
      state.last_fetch = in_sync ? std::optional(event.now) : std::nullopt;
    }
    state.last_caught_up = in_sync ? std::optional(event.now) : std::nullopt;
    fresh.push_back(state);
  }
  followers_ = std::move(fresh);
}

void PartitionCore::On(const BecomeFollower& event, PartitionEffects& out) {
  if (event.leader_epoch <= leader_epoch_ || event.partition_epoch < partition_epoch_) return;
  role_ = PartitionRole::kFollower;
  leader_ = event.leader;
  leader_epoch_ = event.leader_epoch;
  partition_epoch_ = event.partition_epoch;
  epoch_start_ = kNoOffset;
  replicas_ = event.replicas;
  isr_.clear();
  maximal_isr_.clear();
  in_flight_ = InFlight::kNone;
  followers_.clear();
  fenced_ = false;
  out.push_back(FailWaiters{ErrorCode::kNotLeaderOrFollower});
  out.push_back(StartFetching{leader_, leader_epoch_});
  CheckInvariants();
}

void PartitionCore::On(const LogMoved& event, PartitionEffects& out) {
  OTTLA_CHECK(event.log_start <= event.log_end);
  log_start_ = event.log_start;
  log_end_ = event.log_end;
  ClampHighWatermark(out);  // down only on a follower: a leader does not truncate (invariant below)
  if (is_leader()) MaybeAdvance(event.now, out);
  CheckInvariants();
}

void PartitionCore::On(const FollowerFetched& event, PartitionEffects& out) {
  if (!is_leader()) return;
  const auto at =
      std::find_if(followers_.begin(), followers_.end(), [&](const auto& f) { return f.id == event.follower; });
  if (at == followers_.end()) return;
  FollowerState& follower = *at;
  if (event.fetch_offset >= log_end_) {
    follower.last_caught_up = std::max(follower.last_caught_up.value_or(event.now), event.now);
  } else if (event.fetch_offset >= follower.leader_end_at_last_fetch && follower.last_fetch.has_value()) {
    follower.last_caught_up = std::max(follower.last_caught_up.value_or(*follower.last_fetch), *follower.last_fetch);
  }
  const bool moved = follower.log_end != event.fetch_offset;
  follower.log_end = event.fetch_offset;
  follower.log_start = event.follower_log_start;
  follower.leader_end_at_last_fetch = std::max(log_end_, follower.leader_end_at_last_fetch);
  follower.last_fetch = event.now;
  follower.broker_epoch = event.broker_epoch;
  MaybeExpand(follower, out);
  if (moved) MaybeAdvance(event.now, out);
  CheckInvariants();
}

void PartitionCore::MaybeExpand(const FollowerState& follower, PartitionEffects& out) {
  // Joining needs the high watermark, not the log end; and the start of this leader's epoch, because below it the
  // follower may still hold records of an older leader.
  if (in_flight_ != InFlight::kNone || fenced_ || Contains(isr_, follower.id) || !IsLive(follower.id) ||
      follower.log_end < high_watermark_ || follower.log_end < epoch_start_) {
    return;
  }
  maximal_isr_ = isr_;
  maximal_isr_.push_back(follower.id);  // counts for the high watermark at once: the controller may have agreed already
  Propose(InFlight::kExpand, maximal_isr_, out);
}

void PartitionCore::Propose(InFlight kind, std::vector<BrokerId> isr, PartitionEffects& out) {
  in_flight_ = kind;
  proposed_ = std::move(isr);
  out.push_back(ProposeIsr{leader_epoch_, partition_epoch_, proposed_, kind == InFlight::kShrink});
}

void PartitionCore::On(const LagTick& event, PartitionEffects& out) {
  if (!is_leader() || in_flight_ != InFlight::kNone || fenced_) return;
  std::vector<BrokerId> lagging;
  for (const FollowerState& follower : followers_) {
    if (!Contains(isr_, follower.id) || follower.log_end == log_end_) continue;
    if (follower.last_caught_up.has_value() && event.now - *follower.last_caught_up <= options_.lag_max) continue;
    lagging.push_back(follower.id);
  }
  if (lagging.empty()) return;
  // The old ISR counts until the controller has agreed: what it holds is what a new leader may be chosen from.
  maximal_isr_ = isr_;
  Propose(InFlight::kShrink, Without(isr_, lagging), out);
  CheckInvariants();
}

void PartitionCore::On(const IsrAnswered& event, PartitionEffects& out) {
  if (!is_leader() || in_flight_ == InFlight::kNone || event.asked_under != leader_epoch_) return;
  switch (event.error) {
    case ErrorCode::kNone: CommitIsr(event, out); break;
    case ErrorCode::kIneligibleReplica:
    case ErrorCode::kOperationNotAttempted:
      in_flight_ = InFlight::kNone;
      maximal_isr_ = isr_;
      MaybeAdvance(event.now, out);
      break;
    case ErrorCode::kStaleBrokerEpoch:
    case ErrorCode::kFencedLeaderEpoch:
      fenced_ = true;  // somebody else may lead; stays pending until the next LeaderAndIsr
      break;
    case ErrorCode::kUnknownTopicOrPartition:
    case ErrorCode::kUnknownTopicId:
    case ErrorCode::kInvalidUpdateVersion:
    case ErrorCode::kInvalidRequest:
    case ErrorCode::kNewLeaderElected: break;  // pending until the next LeaderAndIsr
    default: Propose(in_flight_, proposed_, out); break;
  }
  CheckInvariants();
}

void PartitionCore::CommitIsr(const IsrAnswered& event, PartitionEffects& out) {
  if (event.leader_epoch != leader_epoch_ || event.partition_epoch < partition_epoch_)
    return;                                         // pending until LeaderAndIsr
  if (!Contains(event.isr, options_.self)) return;  // nothing a controller should say: not our leadership any more
  isr_ = event.isr;
  maximal_isr_ = event.isr;
  partition_epoch_ = event.partition_epoch;
  in_flight_ = InFlight::kNone;
  MaybeAdvance(event.now, out);
  out.push_back(CheckProduceWaiters{});
}

void PartitionCore::On(const LiveBrokersChanged& event, PartitionEffects& out) {
  live_ = event.live;
  if (is_leader()) MaybeAdvance(event.now, out);
  CheckInvariants();
}

void PartitionCore::On(const MinIsrChanged& event, PartitionEffects& out) {
  if (min_isr_ == event.min_isr) return;
  min_isr_ = event.min_isr;
  if (is_leader()) {
    MaybeAdvance(event.now, out);
    out.push_back(CheckProduceWaiters{});
  }
  CheckInvariants();
}

void PartitionCore::On(const LeaderHighWatermark& event, PartitionEffects& out) {
  if (role_ != PartitionRole::kFollower) return;
  // May go down: after an unclean election the new leader's mark is the truth.
  const Offset wanted = std::clamp(event.high_watermark, log_start_, log_end_);
  if (wanted == high_watermark_) return;
  high_watermark_ = wanted;
  out.push_back(SetHighWatermark{wanted});
  CheckInvariants();
}

void PartitionCore::On(const Fenced& /*event*/, PartitionEffects& /*out*/) {
  if (is_leader()) fenced_ = true;
  CheckInvariants();
}

void PartitionCore::On(const StopReplicating& event, PartitionEffects& out) {
  if (role_ == PartitionRole::kFollower) out.push_back(StopFetching{});
  out.push_back(FailWaiters{event.tell_waiters});
  role_ = PartitionRole::kNone;
  leader_ = kNoBroker;
  isr_.clear();
  maximal_isr_.clear();
  followers_.clear();
  in_flight_ = InFlight::kNone;
  fenced_ = false;
  CheckInvariants();
}

void PartitionCore::ClampHighWatermark(PartitionEffects& out) {
  const Offset wanted = std::clamp(high_watermark_, log_start_, log_end_);
  if (wanted == high_watermark_) return;
  high_watermark_ = wanted;
  out.push_back(SetHighWatermark{wanted});
}

void PartitionCore::MaybeAdvance(MonoTime now, PartitionEffects& out) {
  if (isr_.size() < effective_min_isr()) return;
  Offset mark = log_end_;
  for (const FollowerState& follower : followers_) {
    if (follower.log_end < mark && CountsForHighWatermark(follower, now)) mark = follower.log_end;
  }
  if (mark <= high_watermark_) return;
  high_watermark_ = mark;
  highest_led_ = mark;
  out.push_back(SetHighWatermark{mark});
}

bool PartitionCore::CountsForHighWatermark(const FollowerState& follower, MonoTime now) const {
  if (Contains(maximal_isr_, follower.id)) return true;
  // Caught up lately, so it may join at any moment; were it left behind the mark now, it would have to catch up again.
  const bool caught_up = follower.log_end == log_end_ ||
                         (follower.last_caught_up.has_value() && now - *follower.last_caught_up <= options_.lag_max);
  return caught_up && IsLive(follower.id);
}

bool PartitionCore::IsLive(BrokerId id) const {
  return live_ != nullptr && std::binary_search(live_->begin(), live_->end(), id);
}

const FollowerState* PartitionCore::FindFollower(BrokerId id) const {
  const auto at = std::find_if(followers_.begin(), followers_.end(), [&](const auto& f) { return f.id == id; });
  return at == followers_.end() ? nullptr : &*at;
}

std::size_t PartitionCore::effective_min_isr() const {
  return std::min(static_cast<std::size_t>(std::max(min_isr_, 0)), replicas_.size());
}

ErrorCode PartitionCore::AckVerdict() const {
  return effective_min_isr() <= maximal_isr_.size() ? ErrorCode::kNone : ErrorCode::kNotEnoughReplicasAfterAppend;
}

bool PartitionCore::has_lagging_follower() const {
  return std::any_of(followers_.begin(), followers_.end(), [&](const FollowerState& follower) {
    return follower.log_end != log_end_ && Contains(isr_, follower.id);
  });
}

ErrorCode PartitionCore::CheckEpoch(LeaderEpoch epoch) const {
  if (epoch == kNoLeaderEpoch || epoch == leader_epoch_) return ErrorCode::kNone;
  return epoch < leader_epoch_ ? ErrorCode::kFencedLeaderEpoch : ErrorCode::kUnknownLeaderEpoch;
}

void PartitionCore::CheckInvariants() const {
  OTTLA_CHECK(high_watermark_ <= log_end_) << high_watermark_ << " " << log_end_;
  OTTLA_CHECK(log_start_ <= log_end_);
  if (role_ == PartitionRole::kLeader) {
    OTTLA_CHECK(log_start_ <= high_watermark_) << log_start_ << " " << high_watermark_;
    OTTLA_CHECK(high_watermark_ >= highest_led_) << "the high watermark of a leader fell";
    OTTLA_CHECK(leader_ == options_.self);
    OTTLA_CHECK(Contains(maximal_isr_, options_.self));
    OTTLA_CHECK(Contains(isr_, options_.self));
    OTTLA_CHECK(maximal_isr_.size() >= isr_.size());
  } else {
    OTTLA_CHECK(isr_.empty() && maximal_isr_.empty() && followers_.empty());
    OTTLA_CHECK(in_flight_ == InFlight::kNone);
    OTTLA_CHECK(!fenced_);
  }
}

}  // namespace ottla
