// Produce, on the owner of the partition. At most one burst is at the log; what comes meanwhile waits without offsets
// and joins the next. Nothing moves before the bytes are written: a failed write fails its burst alone.
#include <algorithm>
#include <string>

#include "broker/replica/partition.h"
#include "common/base/check.h"

namespace ottla {
namespace {

// What one burst takes together; also the most a data loop writes by itself.
constexpr std::uint64_t kBurstBytes = 256 << 10;

ErrorCode ToWire(ProducerCheck check) {
  switch (check) {
    case ProducerCheck::kOk:
    case ProducerCheck::kDuplicate: return ErrorCode::kNone;
    case ProducerCheck::kOutOfOrder: return ErrorCode::kOutOfOrderSequenceNumber;
    case ProducerCheck::kFenced: return ErrorCode::kInvalidProducerEpoch;
    case ProducerCheck::kInvalidTxnState: return ErrorCode::kInvalidTxnState;
    case ProducerCheck::kCoordinatorFenced: return ErrorCode::kTransactionCoordinatorFenced;
  }
  LOG(FATAL) << "not a ProducerCheck: " << static_cast<int>(check);
}

ErrorCode ToWire(AppendError error) {
  switch (error) {
    case AppendError::kNone: return ErrorCode::kNone;
    case AppendError::kTooLarge: return ErrorCode::kRecordListTooLarge;
    case AppendError::kCorrupt: return ErrorCode::kCorruptMessage;
    case AppendError::kInvalidTxnState: return ErrorCode::kInvalidTxnState;
    case AppendError::kStorage: return ErrorCode::kKafkaStorageError;
    case AppendError::kClosed: return ErrorCode::kNotLeaderOrFollower;
    case AppendError::kOutOfOrder:
    case AppendError::kUnexpectedOffset: return ErrorCode::kUnknownServerError;  // of followers only
  }
  LOG(FATAL) << "not an AppendError: " << static_cast<int>(error);
}

}  // namespace

// Appends that go to the log together.
struct Partition::Burst {
  struct Item {
    AppendRequest request;
    AppendCallback done;
    AssignedAppend assigned;
  };
  LeaderEpoch epoch;
  Offset next;
  std::uint64_t bytes = 0;
  std::deque<Item> items;  // addresses of batches stay while it grows
};

void Partition::Append(AppendRequest request, AppendCallback done) {
  if (const auto refused = RefuseAppend(request); refused.has_value()) {
    Refuse(*refused, request, std::move(done));
    return;
  }
  if (request.batch.empty()) {
    shard_.Answer(std::move(done), {.log_start_offset = log_->log_start()});
    return;
  }
  queue_.push_back({std::move(request), std::move(done)});
  PumpAppends();
}

std::optional<ErrorCode> Partition::RefuseAppend(const AppendRequest& request) const {
  const AppendRefusal& refusal = request.batch.refusal;
  if (refusal.code != ErrorCode::kNone && refusal.before_leadership) return refusal.code;
  if (closed_) return closed_error_;
  if (!core_.may_append()) return ErrorCode::kNotLeaderOrFollower;
  if (request.only_under != kNoLeaderEpoch && request.only_under != core_.leader_epoch()) {
    return ErrorCode::kNotLeaderOrFollower;
  }
  if (request.acks == -1 && !core_.enough_in_sync()) return ErrorCode::kNotEnoughReplicas;
  if (refusal.code != ErrorCode::kNone) return refusal.code;
  return std::nullopt;
}

void Partition::Refuse(ErrorCode error, const AppendRequest& request, AppendCallback done) {
  ProduceResult result{.error = error};
  const AppendRefusal& refusal = request.batch.refusal;
  const bool before = refusal.before_leadership && refusal.code == error;
  switch (error) {
    case ErrorCode::kNotLeaderOrFollower:
      if (!core_.fenced()) result.current_leader = Hint();
      break;
    case ErrorCode::kMessageTooLarge:
    case ErrorCode::kRecordListTooLarge:
    case ErrorCode::kCorruptMessage:
    case ErrorCode::kKafkaStorageError: break;  // Kafka's words without a log start
    default:
      if (!before) result.log_start_offset = log_->log_start();
  }
  if (refusal.code == error) {
    result.message = refusal.message;
    for (const RecordError& one : refusal.record_errors) {
      result.record_errors.push_back({one.batch_index, one.message});
    }
  }
  shard_.Answer(std::move(done), std::move(result));
}

void Partition::PumpAppends() {
  if (in_pump_) return;  // a write that ended at once: the loop below goes on
  in_pump_ = true;
  while (!waiting_for_log_ && !queue_.empty() && roles_waiting_ == 0) {
    waiting_for_log_ = true;
    if (log_->busy()) {
      log_->WhenIdle([self = shared_from_this()] {
        ShardState::Turn turn(self->shard_);
        self->waiting_for_log_ = false;
        self->PumpAppends();
      });
      continue;
    }
    const std::shared_ptr<Burst> burst = MakeBurst();
    if (burst->items.empty()) {
      waiting_for_log_ = false;
      continue;
    }
    AppendBytes bytes;
    bytes.parts.reserve(burst->items.size());
    for (const Burst::Item& item : burst->items) bytes.parts.push_back(item.request.batch.bytes());
    bytes.owner = burst;
    log_->AppendAsLeader(std::move(bytes), [self = shared_from_this(), burst](const AppendOutcome& outcome) {
      ShardState::Turn turn(self->shard_);
      self->OnWritten(burst, outcome);
    });
  }
  in_pump_ = false;
}

std::shared_ptr<Partition::Burst> Partition::MakeBurst() {
  auto burst = std::make_shared<Burst>();
  burst->epoch = core_.leader_epoch();
  burst->next = log_->log_end();
  ProducerStaging staging(log_->producers());
  // A burst is one append to the log, and what an append may hold is a rule about one request.
  const std::uint64_t room = std::min(kBurstBytes, static_cast<std::uint64_t>(log_->config().segment_bytes));
  while (!queue_.empty()) {
    const std::uint64_t size = queue_.front().request.batch.bytes().size();
    if (!burst->items.empty() && burst->bytes + size > room) break;
    QueuedAppend queued = std::move(queue_.front());
    queue_.pop_front();
    if (!StageOne(*burst, staging, std::move(queued))) break;
  }
  return burst;
}

// False: `queued` was put back; it has to wait for the burst.
bool Partition::StageOne(Burst& burst, ProducerStaging& staging, QueuedAppend queued) {
  // Looked at again: leadership and ISR may have changed while it waited.
  if (const auto refused = RefuseAppend(queued.request); refused.has_value()) {
    Refuse(*refused, queued.request, std::move(queued.done));
    return true;
  }
  AppendRequest& request = queued.request;
  const AssignedAppend assigned =
      AssignOffsets(request.batch, burst.next, core_.leader_epoch(), shard_.env.clock.WallMillis());
  if (request.batch.header.has_producer_id()) {
    const ProducerVerdict verdict =
        request.marker.has_value() ? staging.CheckMarker(request.batch.header, *request.marker, request.origin)
                                   : staging.Check(request.batch.header, request.origin, request.transaction_verified);
    if (verdict.check == ProducerCheck::kDuplicate) {
      if (verdict.duplicate.last_offset >= log_->log_end()) {  // of a batch that is itself not written yet
        queue_.push_front(std::move(queued));
        return false;
      }
      FinishAppend(request.acks, request.timeout, verdict.duplicate.last_offset,
                   {.base_offset = verdict.duplicate.first_offset(),
                    .log_append_time_ms = verdict.duplicate.timestamp,
                    .log_start_offset = log_->log_start()},
                   std::move(queued.done));
      return true;
    }
    if (verdict.check != ProducerCheck::kOk) {
      VLOG(1) << tp_ << ": " << verdict.message;
      shard_.Answer(std::move(queued.done), {.error = ToWire(verdict.check), .log_start_offset = log_->log_start()});
      return true;
    }
  }
  burst.next = Advance(assigned.last_offset, 1);
  burst.bytes += request.batch.bytes().size();
  burst.items.push_back({std::move(queued.request), std::move(queued.done), assigned});
  return true;
}

void Partition::OnWritten(const std::shared_ptr<Burst>& burst, const AppendOutcome& outcome) {
  waiting_for_log_ = false;
  const Offset old_end = core_.log_end();
  if (outcome.ok() && !closed_) {
    OnLogMoved();  // may move the high watermark at once, when nobody else is in sync
    WakeFollowers(old_end);
  }
  const bool still_leads = core_.is_leader() && core_.leader_epoch() == burst->epoch;
  for (Burst::Item& item : burst->items) {
    if (closed_) {
      shard_.Answer(std::move(item.done), {.error = closed_error_});
    } else if (!outcome.ok()) {
      LOG_EVERY_N(WARNING, 100) << tp_ << ": append failed: " << outcome.message;
      shard_.Answer(std::move(item.done), {.error = ToWire(outcome.error)});
    } else if (!still_leads) {
      shard_.Answer(std::move(item.done), {.error = ErrorCode::kNotLeaderOrFollower, .current_leader = Hint()});
    } else {
      FinishAppend(item.request.acks, item.request.timeout, item.assigned.last_offset,
                   {.base_offset = item.assigned.first_offset,
                    .log_append_time_ms = item.assigned.log_append_time,
                    .log_start_offset = outcome.log_start},
                   std::move(item.done));
    }
  }
  PumpAppends();
}

void Partition::FinishAppend(std::int16_t acks, Millis timeout, Offset last_offset, ProduceResult result,
                             AppendCallback done) {
  const Offset required = Advance(last_offset, 1);
  if (acks != -1) {
    shard_.Answer(std::move(done), std::move(result));
    return;
  }
  const MonoTime deadline = shard_.Now() + std::max(timeout, Millis(0));
  produce_waiters_.Add(required, deadline, {std::move(result), std::move(done)});
  if (core_.high_watermark() >= required) {
    CompleteReached();
  } else {
    shard_.NoteDeadline(deadline);
  }
}

void Partition::CompleteReached() {
  if (produce_waiters_.empty()) return;
  std::vector<ParkedProduce> reached;
  produce_waiters_.TakeReached(core_.high_watermark(), reached);
  const ErrorCode verdict = core_.AckVerdict();
  for (ParkedProduce& one : reached) {
    if (verdict != ErrorCode::kNone) one.result = {.error = verdict};
    shard_.Answer(std::move(one.done), std::move(one.result));
  }
}

void Partition::ExpireWaiters(MonoTime now) {
  std::vector<ParkedProduce> expired;
  produce_waiters_.TakeExpired(now, expired);
  // The records stay and may still be committed.
  for (ParkedProduce& one : expired) shard_.Answer(std::move(one.done), {.error = ErrorCode::kRequestTimedOut});
  std::vector<ParkedDelete> deletes;
  delete_waiters_.TakeExpired(now, deletes);
  for (ParkedDelete& one : deletes) {
    shard_.Defer([done = std::move(one.done)]() mutable { done({.error = ErrorCode::kRequestTimedOut}); });
  }
}

std::optional<MonoTime> Partition::NextDeadline() const {
  const auto produce = produce_waiters_.NextDeadline();
  const auto deletes = delete_waiters_.NextDeadline();
  if (!produce.has_value()) return deletes;
  return deletes.has_value() ? std::min(*produce, *deletes) : produce;
}

}  // namespace ottla
