// Reading from a replica: Fetch of consumers and followers. Rules in the order in which Apache Kafka 3.9's
// ReplicaManager and Partition.fetchRecords ask them. On the partition's loop.
#include <algorithm>
#include <tuple>

#include "broker/replica/partition.h"
#include "common/base/check.h"

namespace ottla {
namespace {

constexpr std::int16_t kAnyReplicaServes = 11;  // Fetch version from which followers serve consumers

}  // namespace

bool Partition::IsOtherTopic(const FetchPartition& ask) const {
  return !ask.topic_id.IsZero() && !log_->topic_id().IsZero() && ask.topic_id != log_->topic_id();
}

ErrorCode Partition::CheckFetch(const FetchParams& params, const FetchPartition& ask) const {
  if (closed_) return ErrorCode::kNotLeaderOrFollower;
  if (IsOtherTopic(ask)) return ErrorCode::kInconsistentTopicId;
  if (const ErrorCode epoch = core_.CheckEpoch(ask.current_leader_epoch); epoch != ErrorCode::kNone) return epoch;
  const bool leader_only = params.from_follower() || params.version < kAnyReplicaServes;
  if (core_.role() == PartitionRole::kNone || (leader_only && !core_.is_leader())) {
    return ErrorCode::kNotLeaderOrFollower;
  }
  if (params.from_follower() && core_.FindFollower(params.replica_id) == nullptr) {
    return ask.current_leader_epoch == kNoLeaderEpoch ? ErrorCode::kNotLeaderOrFollower
                                                      : ErrorCode::kUnknownLeaderEpoch;
  }
  return ErrorCode::kNone;
}

void Partition::FillOffsets(FetchPartitionResult& out) const {
  out.high_watermark = core_.high_watermark();
  out.last_stable_offset = log_->last_stable_offset();
  out.log_start_offset = log_->log_start();
}

bool Partition::Diverges(const FetchPartition& ask, FetchPartitionResult& out) {
  if (ask.last_fetched_epoch < LeaderEpoch(0)) return false;
  const EpochEnd end = log_->EndOffsetFor(ask.last_fetched_epoch);
  if (end.end < Offset(0) || ask.fetch_offset < log_->log_start()) {
    out.error = ErrorCode::kOffsetOutOfRange;
    return true;
  }
  if (end.epoch >= ask.last_fetched_epoch && end.end >= ask.fetch_offset) return false;
  out.diverging = end;
  FillOffsets(out);
  return true;
}

Offset Partition::UpperBound(const FetchParams& params) const {
  switch (params.isolation()) {
    case FetchIsolation::kLogEnd: return log_->log_end();
    case FetchIsolation::kHighWatermark: return core_.high_watermark();
    case FetchIsolation::kLastStable: return log_->last_stable_offset();
  }
  LOG(FATAL) << "not a FetchIsolation";
}

Partition::FetchState Partition::Fetch(const FetchParams& params, const FetchPartition& ask, const FetchLimits& limits,
                                       FetchPartitionResult& out) {
  out = {};
  if (PreferAnother(params, ask, out)) return FetchState::kDone;
  out.error = CheckFetch(params, ask);
  if (out.error != ErrorCode::kNone) {
    if (out.error == ErrorCode::kNotLeaderOrFollower || out.error == ErrorCode::kFencedLeaderEpoch) {
      out.current_leader = Hint();
    }
    return FetchState::kDone;
  }
  if (Diverges(ask, out)) return FetchState::kDone;
  if (ask.fetch_offset < log_->log_start() || ask.fetch_offset > log_->log_end()) {
    out.error = ErrorCode::kOffsetOutOfRange;
    return FetchState::kDone;
  }
  // Before the answer is built, so that it carries the high watermark this very fetch has moved (Kafka's carries the
  // one before, and followers learn it a round later).
  if (params.from_follower() && limits.record_progress) {
    Feed(
        FollowerFetched{params.replica_id, ask.fetch_offset, ask.log_start_offset, params.replica_epoch, shard_.Now()});
    CheckLowWatermark();
  }
  FillOffsets(out);
  if (params.isolation() == FetchIsolation::kLastStable) out.aborted.emplace();
  const Offset upper = UpperBound(params);
  const std::uint64_t room = std::min(limits.max_bytes, static_cast<std::uint64_t>(std::max(ask.max_bytes, 0)));
  if (ask.fetch_offset >= upper || (room == 0 && !limits.min_one_message)) return FetchState::kDone;

  ReadResult read = log_->Read({ask.fetch_offset, room, upper, limits.min_one_message});
  switch (read.status) {
    case ReadStatus::kOk: break;
    case ReadStatus::kCold: return FetchState::kColdRead;
    case ReadStatus::kOutOfRange: out = {.error = ErrorCode::kOffsetOutOfRange}; return FetchState::kDone;
    case ReadStatus::kCorrupt: out = {.error = ErrorCode::kCorruptMessage}; return FetchState::kDone;
    case ReadStatus::kStorage: out = {.error = ErrorCode::kKafkaStorageError}; return FetchState::kDone;
  }
  // Less than its first batch is of no use, but to the oldest clients, which then ask with a larger limit.
  const bool cut_short = !read.plan.range.empty() && read.plan.range.length < read.plan.first.size;
  if (cut_short && !params.hard_max_bytes) {
    out.aborted.reset();
    return FetchState::kDone;
  }
  if (out.aborted.has_value() && !read.plan.range.empty()) {
    auto aborted = log_->AbortedIn(ask.fetch_offset, upper);
    if (!aborted.has_value()) return FetchState::kColdAborted;
    out.aborted = std::move(aborted);
  }
  out.records = std::move(read.plan.range);
  out.whole_bytes = read.plan.whole_bytes;
  out.first_batch_bytes = static_cast<std::uint64_t>(read.plan.first.size);
  return FetchState::kDone;
}

void Partition::WarmFor(const FetchParams& params, const FetchPartition& ask, const FetchLimits& limits,
                        FetchState what, Task done) {
  const Offset upper = UpperBound(params);
  // Whatever the outcome, the partition is asked again: a failed directory then says so itself. The log is held until
  // then, although the topic may be deleted meanwhile.
  auto warmed = [log = log_, done = std::move(done)](const Status& status) mutable {
    LOG_IF(WARNING, !status.ok()) << "warming a cold read: " << status;
    done();
  };
  if (what == FetchState::kColdAborted) {
    log_->WarmAborted(ask.fetch_offset, upper, std::move(warmed));
    return;
  }
  const std::uint64_t room = std::min(limits.max_bytes, static_cast<std::uint64_t>(std::max(ask.max_bytes, 0)));
  log_->Warm({ask.fetch_offset, room, upper, limits.min_one_message}, std::move(warmed));
}

std::optional<std::uint64_t> Partition::Available(const FetchParams& params, const FetchPartition& ask,
                                                  std::uint64_t needed) {
  FetchPartitionResult scratch;
  if (CheckFetch(params, ask) != ErrorCode::kNone || Diverges(ask, scratch)) return std::nullopt;
  if (ask.fetch_offset < log_->log_start() || ask.fetch_offset > log_->log_end()) return std::nullopt;
  const Offset upper = UpperBound(params);
  if (ask.fetch_offset >= upper) return 0;
  if (needed <= 1) return 1;
  if (log_->active_base() > ask.fetch_offset) return std::nullopt;  // the segment asked for will not grow any more
  const ReadResult read =
      log_->Read({ask.fetch_offset, static_cast<std::uint64_t>(std::max(ask.max_bytes, 0)), upper, true});
  if (read.status != ReadStatus::kOk) return std::nullopt;
  return read.plan.range.length;
}

namespace {

// Who has most; then who was caught up last; then the greater id, so that the choice does not change without a reason.
bool FurtherThan(const FollowerState& one, const FollowerState& other) {
  const auto rank = [](const FollowerState& f) {
    return std::tuple(f.log_end, f.last_caught_up.value_or(MonoTime::min()), f.id);
  };
  return rank(one) > rank(other);
}

}  // namespace

bool Partition::PreferAnother(const FetchParams& params, const FetchPartition& ask, FetchPartitionResult& out) const {
  if (!shard_.env.options.rack_aware_selector || params.replica_id.value >= 0 || !core_.is_leader() || closed_ ||
      params.version < kAnyReplicaServes || params.client_rack.empty() || IsOtherTopic(ask) ||
      core_.CheckEpoch(ask.current_leader_epoch) != ErrorCode::kNone || shard_.env.options.rack == params.client_rack) {
    return false;
  }
  const FollowerState* best = nullptr;
  for (const FollowerState& follower : core_.followers()) {
    const auto& isr = core_.isr();
    if (std::find(isr.begin(), isr.end(), follower.id) == isr.end()) continue;
    if (ask.fetch_offset < follower.log_start || ask.fetch_offset > follower.log_end) continue;
    const MetadataBroker* broker = shard_.metadata->FindBroker(follower.id);
    if (broker == nullptr || broker->rack != params.client_rack) continue;
    if (broker->EndpointOf(params.client_listener) == nullptr) continue;
    if (best == nullptr || FurtherThan(follower, *best)) best = &follower;
  }
  if (best == nullptr) return false;
  out.preferred_read_replica = best->id;
  FillOffsets(out);
  return true;
}

}  // namespace ottla
