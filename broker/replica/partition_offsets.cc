// Where a replica begins and ends: ListOffsets, and DeleteRecords, which moves the beginning. Rules: Apache Kafka 3.9's
// Partition.fetchOffsetForTimestamp, legacyFetchOffsetsForTimestamp and deleteRecordsOnLeader. On the partition's loop.
#include <algorithm>
#include <limits>

#include "broker/replica/partition.h"

namespace ottla {
namespace {

constexpr std::int64_t kLatest = -1;
constexpr std::int64_t kEarliest = -2;
constexpr std::int64_t kMaxTimestamp = -3;
constexpr std::int64_t kEarliestLocal = -4;
constexpr std::int64_t kLatestTiered = -5;

bool IsConsumer(const ListOffsetQuery& query) { return query.replica_id == kNoBroker; }  // any other id sees everything

// What a lookup in the log comes to. Nothing below `limit` was found: a time is then answered with `unsure`.
ListOffsetAnswer ToAnswer(const Result<TimestampedOffset>& found, Offset limit, ErrorCode unsure, bool by_time) {
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
  return out;
}

}  // namespace

// --- ListOffsets.

ErrorCode Partition::CheckListOffset(const ListOffsetQuery& query) const {
  constexpr BrokerId kDebugging{-2};
  if (const ErrorCode epoch = core_.CheckEpoch(query.current_leader_epoch); epoch != ErrorCode::kNone) return epoch;
  const bool serves = core_.is_leader() || query.replica_id == kDebugging;
  const bool refused = closed_ || core_.role() == PartitionRole::kNone || !serves;
  return refused ? ErrorCode::kNotLeaderOrFollower : ErrorCode::kNone;
}

Offset Partition::ListLimit(const ListOffsetQuery& query) const {
  if (!IsConsumer(query)) return log_->log_end();
  return query.read_committed ? log_->last_stable_offset() : core_.high_watermark();
}

// A new leader whose high watermark has not reached its own epoch may not know yet what was committed before it.
ErrorCode Partition::UnsureOfLimit(const ListOffsetQuery& query) const {
  const bool unsure = IsConsumer(query) && core_.is_leader() && core_.high_watermark() < core_.leader_epoch_start();
  if (!unsure) return ErrorCode::kNone;
  return query.version >= 5 ? ErrorCode::kOffsetNotAvailable : ErrorCode::kLeaderNotAvailable;
}

ListOffsetAnswer Partition::LatestOffset(const ListOffsetQuery& query) const {
  const ErrorCode unsure = UnsureOfLimit(query);
  if (unsure != ErrorCode::kNone) return {.error = unsure};
  return {.offset = ListLimit(query), .leader_epoch = core_.leader_epoch()};
}

ListOffsetAnswer Partition::EarliestOffset() const {
  ListOffsetAnswer answer{.offset = log_->log_start()};
  const auto first = log_->epochs().earliest();
  if (first.has_value() && first->start <= log_->log_start()) answer.leader_epoch = first->epoch;
  return answer;
}

void Partition::ListOffset(const ListOffsetQuery& query, UniqueFunction<void(ListOffsetAnswer)> done) {
  if (const ErrorCode error = CheckListOffset(query); error != ErrorCode::kNone) {
    done({.error = error});
    return;
  }
  switch (query.timestamp) {
    case kLatest: done(LatestOffset(query)); return;
    case kEarliest:
    case kEarliestLocal: done(EarliestOffset()); return;
    case kLatestTiered: done({}); return;  // nothing is tiered here
    default: LookUp(query, std::move(done)); return;
  }
}

// The answer may need the disk: what bounds it is read now, as the question came.
void Partition::LookUp(const ListOffsetQuery& query, UniqueFunction<void(ListOffsetAnswer)> done) {
  // The log is held until it has answered, although the topic may be deleted meanwhile.
  auto finish = [log = log_, limit = ListLimit(query), unsure = UnsureOfLimit(query), by_time = query.timestamp >= 0,
                 done = std::move(done)](const Result<TimestampedOffset>& found) mutable {
    done(ToAnswer(found, limit, unsure, by_time));
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
  const Offset limit = ListLimit(query);
  std::vector<Offset> out;
  for (std::ptrdiff_t at = count - 1; at >= 0 && static_cast<std::int32_t>(out.size()) < max_offsets; --at) {
    Offset offset = times[static_cast<std::size_t>(at)].first;
    if (IsConsumer(query)) offset = std::min(offset, limit);
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
