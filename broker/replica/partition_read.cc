// Reading from a replica: Fetch of consumers and followers, ListOffsets, DeleteRecords. Rules in the order in which
// Apache Kafka 3.9's ReplicaManager and Partition.fetchRecords ask them.
#include <algorithm>
#include <limits>
#include <tuple>

#include "broker/replica/partition.h"
#include "common/base/check.h"

namespace ottla {
namespace {

constexpr std::int64_t kLatest = -1;
constexpr std::int64_t kEarliest = -2;
constexpr std::int64_t kMaxTimestamp = -3;
constexpr std::int64_t kEarliestLocal = -4;
constexpr std::int64_t kLatestTiered = -5;
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
  out.first_batch_bytes = static_cast<std::uint64_t>(read.plan.first.size);
  return FetchState::kDone;
}

void Partition::WarmFor(const FetchParams& params, const FetchPartition& ask, const FetchLimits& limits,
                        FetchState what, Task done) {
  const Offset upper = UpperBound(params);
  // Whatever the outcome, the partition is asked again: a failed directory then says so itself.
  auto warmed = [done = std::move(done)](const Status& status) mutable {
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

// --- ListOffsets.

void Partition::ListOffset(const ListOffsetQuery& query, UniqueFunction<void(ListOffsetAnswer)> done) {
  ListOffsetAnswer answer;
  answer.error = core_.CheckEpoch(query.current_leader_epoch);
  constexpr BrokerId kDebugging{-2};
  if (answer.error == ErrorCode::kNone &&
      (closed_ || core_.role() == PartitionRole::kNone || (!core_.is_leader() && query.replica_id != kDebugging))) {
    answer.error = ErrorCode::kNotLeaderOrFollower;
  }
  if (answer.error != ErrorCode::kNone) {
    done(answer);
    return;
  }
  const bool consumer = query.replica_id == kNoBroker;  // any other id sees everything
  const Offset limit = !consumer              ? log_->log_end()
                       : query.read_committed ? log_->last_stable_offset()
                                              : core_.high_watermark();
  // A new leader whose high watermark has not reached its own epoch may not know yet what was committed before it.
  ErrorCode unsure = ErrorCode::kNone;
  if (consumer && core_.is_leader() && core_.high_watermark() < core_.leader_epoch_start()) {
    unsure = query.version >= 5 ? ErrorCode::kOffsetNotAvailable : ErrorCode::kLeaderNotAvailable;
  }
  switch (query.timestamp) {
    case kLatest:
      if (unsure != ErrorCode::kNone) {
        answer.error = unsure;
      } else {
        answer.offset = limit;
        answer.leader_epoch = core_.leader_epoch();
      }
      done(answer);
      return;
    case kEarliest:
    case kEarliestLocal: {
      answer.offset = log_->log_start();
      const auto first = log_->epochs().earliest();
      if (first.has_value() && first->start <= log_->log_start()) answer.leader_epoch = first->epoch;
      done(answer);
      return;
    }
    case kLatestTiered: done(answer); return;
    default: break;
  }
  auto finish = [limit, unsure, by_time = query.timestamp >= 0,
                 done = std::move(done)](const Result<TimestampedOffset>& found) mutable {
    ListOffsetAnswer out;
    if (!found.ok()) {
      out.error = ErrorCode::kKafkaStorageError;
    } else if (found->offset >= Offset(0) && found->offset < limit) {
      out.offset = found->offset;
      out.timestamp = found->timestamp;
      out.leader_epoch = found->epoch;
    } else if (by_time) {
      out.error = unsure;
    }
    done(out);
  };
  if (query.timestamp == kMaxTimestamp) {
    log_->OffsetOfMaxTimestamp(std::move(finish));
  } else {
    log_->OffsetForTimestamp(query.timestamp, std::move(finish));
  }
}

std::vector<Offset> Partition::ListOffsetsV0(const ListOffsetQuery& query, std::int32_t max_offsets) const {
  // Segments with the time they were last written, oldest first; the log end counts as one more, written now.
  auto times = log_->SegmentTimes();
  if (!times.empty()) times.front().first = std::max(times.front().first, log_->log_start());
  if (log_->log_end() > log_->active_base()) {
    times.emplace_back(log_->log_end(), std::numeric_limits<std::int64_t>::max());
  }
  auto count = static_cast<std::ptrdiff_t>(times.size());
  if (query.timestamp == kEarliest) {
    count = std::min<std::ptrdiff_t>(count, 1);
  } else if (query.timestamp != kLatest) {
    const std::int64_t now = shard_.env.clock.WallMillis();
    while (count > 0) {
      const std::int64_t time = times[static_cast<std::size_t>(count - 1)].second;
      const std::int64_t written = time > 0 ? time : now;  // a file not made yet would be as young as the log
      if (std::min(written, now) <= query.timestamp) break;
      --count;
    }
  }
  const Offset limit = query.read_committed ? log_->last_stable_offset() : core_.high_watermark();
  const bool consumer = query.replica_id == kNoBroker;
  std::vector<Offset> out;
  for (std::ptrdiff_t at = count - 1; at >= 0 && static_cast<std::int32_t>(out.size()) < max_offsets; --at) {
    Offset offset = times[static_cast<std::size_t>(at)].first;
    if (consumer) offset = std::min(offset, limit);
    if (out.empty() || out.back() != offset) out.push_back(offset);
  }
  return out;
}

// --- DeleteRecords.

void Partition::DeleteRecords(Offset offset, Millis timeout, UniqueFunction<void(DeleteRecordsAnswer)> done) {
  if (closed_ || !core_.may_append()) {
    done({.error = ErrorCode::kNotLeaderOrFollower});
    return;
  }
  if (!config_->remove) {
    done({.error = ErrorCode::kPolicyViolation});
    return;
  }
  const Offset wanted = offset == kNoOffset ? core_.high_watermark() : offset;
  if (wanted < Offset(0) || wanted > core_.high_watermark() || !log_->AdvanceLogStart(wanted).ok()) {
    done({.error = ErrorCode::kOffsetOutOfRange});
    return;
  }
  OnLogMoved();
  // Followers learn the new start from their next answer; a waiting one is sent its answer now.
  for (const FollowerState& follower : core_.followers()) shard_.FireFollower(follower.id);
  const MonoTime deadline = shard_.Now() + std::max(timeout, Millis(0));
  delete_waiters_.Add(wanted, deadline, {std::move(done)});
  shard_.NoteDeadline(deadline);
  CheckLowWatermark();
}

Offset Partition::LowWatermark() const {
  Offset low = log_->log_start();
  for (const FollowerState& follower : core_.followers()) {
    if (shard_.metadata->IsAlive(follower.id)) low = std::min(low, follower.log_start);
  }
  return low;
}

void Partition::CheckLowWatermark() {
  if (delete_waiters_.empty()) return;
  std::vector<ParkedDelete> reached;
  const Offset low = LowWatermark();
  delete_waiters_.TakeReached(low, reached);
  for (ParkedDelete& one : reached) {
    shard_.Defer([done = std::move(one.done), low]() mutable { done({.low_watermark = low}); });
  }
}

}  // namespace ottla
